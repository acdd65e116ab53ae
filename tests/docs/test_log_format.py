"""What `docs/log-format.md` says of the log is so: its reader, its tables and its recipes are run here."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import events
from events import (
    Event,
    GradingCompleted,
    GradingRequested,
    LogError,
    LogFile,
    LogReader,
    known_events,
)
from events.base import withdraw
from events.fakes import problem, small_run
from events.misfit import ADVICE
from events.upcast import forget_upcasters

PAGE = (Path(__file__).parents[2] / "docs" / "log-format.md").read_text()
RECIPES = re.findall(r"```console\n\$ (.*)\n((?:.*\n)*?)```", PAGE)

PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

Reader = Callable[[bytes], tuple[list[dict[str, object]], int]]


@pytest.fixture(scope="module")
def documented() -> Reader:
    """The reader that the page shows."""
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found
    namespace: dict[str, Reader] = {}
    exec(found[1], namespace)
    return namespace["read"]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A sealed log of one graded case, written by the real writer."""
    file = LogFile.create(tmp_path, clock=lambda: 1_764_000_000.125)
    graded = [
        ("T/0/grade.0", GradingRequested(code="", entry_point="f", tests_digest="")),
        ("T/0/grade.0", GradingCompleted(outcome="passed")),
    ]
    for path, event in [*small_run(), *graded]:
        file.stage(path, event)
    file.seal()
    file.close()
    return file.path


def ours(path: Path) -> tuple[int, int] | None:
    """How many lines our reader finds good, and the torn bytes behind them; None when it refuses the log."""
    reader = LogReader(path)
    try:
        return len(list(reader)), reader.torn
    except LogError:
        return None


def theirs(read: Reader, data: bytes) -> tuple[int, int] | None:
    try:
        lines, torn = read(data)
    except ValueError:
        return None
    return len(lines), torn


def test_the_documented_reader_reads_a_real_log(documented: Reader, log: Path) -> None:
    """The page's reader verifies a log of the real writer and gives its lines."""
    lines, torn = documented(log.read_bytes())

    assert [line["path"] for line in lines] == [line.path for line in LogReader(log)]
    assert torn == 0


def test_the_documented_reader_judges_cuts_as_ours(documented: Reader, log: Path) -> None:
    """Wherever a log is cut, the page's reader and ours say the same."""
    data = log.read_bytes()
    differ = []
    with log.open("r+b", buffering=0) as file:
        for end in range(len(data) - 1, -1, -3):
            file.truncate(end)
            if theirs(documented, data[:end]) != ours(log):
                differ.append(end)

    assert differ == []


def test_the_documented_reader_judges_damage_as_ours(documented: Reader, log: Path) -> None:
    """Whichever byte is changed, the page's reader and ours say the same."""
    data = log.read_bytes()
    differ = []
    with log.open("r+b", buffering=0) as file:
        for index in range(len(data)):
            damaged = data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]
            file.seek(index)
            file.write(damaged[index : index + 1])
            if theirs(documented, damaged) != ours(log):
                differ.append(index)
            file.seek(index)
            file.write(data[index : index + 1])

    assert differ == []


def fields(cls: type[msgspec.Struct]) -> str:
    return " ".join(f"`{field.name}{'' if field.required else '?'}`" for field in msgspec.structs.fields(cls))


def test_the_table_lists_every_event() -> None:
    """The events' table has each event once, with its fields in order and `?` at those with a default."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| .* \|$", PAGE, re.MULTILINE))
    own = {cls.__name__: fields(cls) for cls in known_events() if cls.__module__.startswith("events.")}

    assert {name: told for name, told in rows.items() if name in own} == own
    assert set(rows) - set(own) <= {"seq", "prev", "at", "path", "cause", "event", "crc"}


def test_the_table_lists_every_part() -> None:
    """What stands inside events is listed with its fields."""
    rows = dict(re.findall(r"^\| `([A-Z]\w+)` \| ([^|]*?) \|$", PAGE, re.MULTILINE))

    assert rows == {name: fields(getattr(events, name)) for name in rows}
    assert set(rows) == {
        *("Settings", "Provenance", "Origin", "Edit", "Branch", "LostPart"),
        *("Step", "Snippet", "Message", "Example", "ExampleResult"),
    }


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize(("recipe", "output"), RECIPES, ids=range(len(RECIPES)))
def test_recipes_print_what_is_shown(log: Path, recipe: str, output: str) -> None:
    """Each command of the page prints what stands under it."""
    printed = subprocess.run(
        ["bash", "-c", recipe], cwd=log.parent, capture_output=True, text=True, check=True, timeout=20
    )

    assert printed.stdout == output


@pytest.fixture
def declared() -> Iterator[list[type[Event]]]:
    """The two versions of an event that the page shows, unknown again after the test."""
    versions: list[type[Event]] = []
    for program in PROGRAMS[1:3]:
        space: dict[str, Any] = {"__name__": "shown_on_the_page"}
        exec(program, space)
        versions.append(space["Outlined"])
    yield versions
    withdraw(versions)
    forget_upcasters(["Outlined"])


def test_the_shown_upcaster_reads_the_shown_event(declared: list[type[Event]], tmp_path: Path) -> None:
    """A line of the first class on the page is read as the second, by the upcaster on the page."""
    first, second = declared
    log = LogFile.create(tmp_path)
    for path, event in [*small_run()][:2]:
        log.stage(path, event)
    log.stage("T/0/outline.0", first(problem=problem(), text="Sort.\nCompare."))
    log.close()

    assert list(LogReader(log.path))[-1].event == second(problem=problem(), lines=("Sort.", "Compare."))


def test_what_may_change_is_as_the_page_says(declared: list[type[Event]]) -> None:
    """The page has a row for each kind of change, and the message points to it."""
    assert "(see docs/log-format.md)" in ADVICE
    for change in ("with a default", "removed", "without a default", "renamed"):
        assert re.search(rf"^\| .*{change}.* \|", PAGE, re.MULTILINE)
