"""Inherited limits are kept, said, and named where they are too low."""

import subprocess
import sys

import pytest

from fractal_agent.sandbox import Limits
from fractal_agent.sandbox.ulimits import Kept, kept, lower

TRIES = """
import sys, anyio, msgspec
from fractal_agent.sandbox import SandboxError, open_sandbox
async def main():
    try:
        async with open_sandbox(sys.argv[1], concurrency=1) as sandbox:
            verdict = await sandbox.judge(sys.argv[2], "f", "assert f() == 1")
            print(verdict.outcome, verdict.error, sandbox.notice, sep="|")
    except SandboxError as error:
        print("refused", error, sep="|")
anyio.run(main)
"""
RIGHT = "def f():\n    return 1\n"


def tried(ulimits: str, program: str = RIGHT, level: str = "bubblewrap") -> list[str]:
    """Outcome, error and notice under these `ulimit`s, set in a shell."""
    command = f'{ulimits} exec "$0" -c "$1" "$2" "$3"'
    found = subprocess.run(
        ["bash", "-c", command, sys.executable, TRIES, level, program],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not found.stderr, found.stderr
    return found.stdout.rstrip("\n").split("|")


ULIMITS = {"-f": "1000", "-v": "900000", "-n": "32", "-t": "5", "-d": "900000"}
SETS = [*((option,) for option in ULIMITS), tuple(ULIMITS)]


@pytest.mark.parametrize(
    ("options", "hardness"), [*((options, "") for options in SETS), (tuple(ULIMITS), "-S ")]
)
def test_lower_limit_is_kept(options: tuple[str, ...], hardness: str) -> None:
    """Under any of them together a right program passes, and one sentence names each that is lower."""
    outcome, _, notice = tried("".join(f"ulimit {hardness}{each} {ULIMITS[each]};" for each in options))

    assert outcome == "passed"
    assert all(f"`ulimit {each} {ULIMITS[each]}`" in notice for each in options)
    assert notice.endswith(".")
    assert ". " not in notice


@pytest.mark.parametrize("level", ["bubblewrap", "landlock", "limits"])
def test_program_is_held_to_it(level: str) -> None:
    """A program cannot write a larger file than the inherited limit lets it, at any level."""
    outcome, error, *_ = tried(
        "ulimit -f 100000; ulimit -f 1000;",
        "def f():\n    open('a', 'wb').write(bytes(2 << 20))\n    return 1\n",
        level,
    )

    assert (outcome, error[:7]) == ("failed", "OSError")


@pytest.mark.parametrize("ulimits", ["-f 10", "-n 8", "-f 10 -n 60"])
def test_too_low(ulimits: str) -> None:
    """A limit under which nothing starts is named, with how to lift it, and not blamed on the machine."""
    outcome, error = tried(f"ulimit {ulimits};", level="auto")

    assert outcome == "refused"
    assert "`ulimit " + ulimits[:3] in error
    assert "Start this command where the limit is higher" in error
    assert "bubblewrap" not in error


def test_nothing_inherited() -> None:
    """Limits that are not above the inherited ones stay as they are, without a word."""
    limits = Limits(memory_bytes=1 << 20, file_bytes=1, cpu_seconds=1, open_files=3, processes=1)

    assert kept(limits) == Kept(limits, ())
    assert kept(limits).notice == ""


def test_unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """No limit lowers nothing."""
    monkeypatch.setattr("resource.getrlimit", lambda _: (-1, -1))

    assert lower(0, 1 << 60) == 1 << 60
