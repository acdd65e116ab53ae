"""What of the standard library needs files or an environment works inside, at every level."""

import pytest

from events.effects import ExecutionRequested
from events.work import Example
from fractal_agent.sandbox import Sandbox

PROGRAM = """
import datetime, decimal, getpass, json, locale, os, platform, random, secrets, sqlite3, tempfile, uuid
from zoneinfo import ZoneInfo, available_timezones

def hour(zone):
    moment = datetime.datetime(2024, 1, 1, tzinfo=ZoneInfo("UTC"))
    return moment.astimezone(ZoneInfo(zone)).hour

def known():
    return len(available_timezones()) > 300

def used():
    base = sqlite3.connect(":memory:")
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
    facts = [os.cpu_count(), platform.system(), uuid.uuid4().version, random.SystemRandom().random() < 1]
    facts += [len(secrets.token_hex(4)), locale.getlocale() is not None, decimal.getcontext().prec]
    return [base.execute("select 1").fetchone()[0], all(facts)]
"""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("hour('Asia/Tokyo')", "9"),
        ("hour('America/New_York')", "19"),
        ("known()", "True"),
        ("used()", "[1, True]"),
    ],
)
async def test_it_works(sandbox: Sandbox, call: str, expected: str) -> None:
    """Time zones have their data; databases, temporary files and randomness work."""
    request = ExecutionRequested(
        program=PROGRAM, entry_point="hour", examples=(Example(call=call, expected=expected),)
    )

    done = await sandbox.execute(request)

    assert [(result.outcome, result.error) for result in done.results] == [("passed", "")]


async def test_tests_have_time_zones_too(sandbox: Sandbox) -> None:
    """Tests that use a time zone can judge."""
    tests = (
        "from zoneinfo import ZoneInfo\nimport datetime\n"
        "def check(candidate):\n"
        "    there = datetime.datetime(2024, 1, 1, 9, tzinfo=ZoneInfo('Asia/Tokyo'))\n"
        "    assert candidate('Asia/Tokyo') == there.hour\n"
    )

    assert (await sandbox.judge(PROGRAM, "hour", tests)).outcome == "passed"
