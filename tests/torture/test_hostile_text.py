"""What an event holds, however hostile, comes back the same from the file, or is refused when staged."""

import contextlib
import json
import math
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import Edit, Event, EventUnencodable, LogFile, LogReader, Origin, encode_event, known_events
from events.codec import encode_line
from events.disk import Disk
from events.fakes import code, header

PAGE = (Path(__file__).parents[2] / "docs" / "log-format.md").read_text()

# What breaks line readers: every character that some tool takes for a line's end, NUL, DEL, emoji, a BOM.
HOSTILE = '\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029\x00\x07\x1b\x7f\ufeff\U0001f9ea\ud7ff\uffff"\\/,{}'
TEXT = st.text(st.one_of(st.sampled_from(HOSTILE), st.characters(exclude_categories=["Cs"])), max_size=12)
BROKEN = st.one_of(TEXT, st.text(st.characters(categories=["Cs"]), min_size=1, max_size=2))


def values(
    kind: Any, text: st.SearchStrategy[str], *, finite: bool, around: tuple[type, ...] = ()
) -> st.SearchStrategy[Any]:
    """Values of the type of a field; a class that holds itself, see `around`, does so once."""
    number = st.floats(allow_nan=not finite, allow_infinity=not finite)
    plain = {str: text, int: st.integers(), float: number, bool: st.booleans(), types.NoneType: st.none()}
    if kind is Any:
        kind, leaves = object, st.one_of(*plain.values())
        plain[kind] = st.recursive(leaves, lambda x: st.lists(x) | st.dictionaries(text, x), max_leaves=8)
    if kind in plain:
        return plain[kind]
    parts = typing.get_args(kind)
    match typing.get_origin(kind):
        case typing.Literal:
            return st.sampled_from(parts)
        case types.UnionType | typing.Union:
            return st.one_of(*(values(part, text, finite=finite, around=around) for part in parts))
        case origin if origin is tuple:
            if around.count(parts[0]) > 1:
                parts, size = (str,), 0
            else:
                size = 3
            return st.lists(values(parts[0], text, finite=finite, around=around), max_size=size).map(tuple)
        case origin if origin is dict:
            return st.dictionaries(*(values(part, text, finite=finite) for part in parts), max_size=3)
    return built(kind, text, finite=finite, around=around)


def built(
    cls: type[Any], text: st.SearchStrategy[str], *, finite: bool, around: tuple[type, ...] = ()
) -> st.SearchStrategy[Any]:
    within = (*around, cls)
    fields = {
        field.name: values(field.type, text, finite=finite, around=within)
        for field in msgspec.structs.fields(cls)
    }
    return st.builds(cls, **fields)


def events(text: st.SearchStrategy[str], *, finite: bool = True) -> st.SearchStrategy[Event]:
    """Any event of the package's own, with anything in its fields."""
    own = [cls for cls in known_events() if cls.__module__.startswith("events.")]
    return st.sampled_from(own).flatmap(lambda cls: built(cls, text, finite=finite))


def scalars(value: object) -> Iterator[object]:
    """All the texts and numbers in a JSON value, keys among them."""
    match value:
        case dict():
            for pair in value.items():
                yield from scalars(pair[0])
                yield from scalars(pair[1])
        case list() | tuple():
            for item in value:
                yield from scalars(item)
        case _:
            yield value


def is_writable(value: object) -> bool:
    if isinstance(value, str):
        return not re.search("[\ud800-\udfff]", value)
    return not isinstance(value, float) or math.isfinite(value)


def repeatable(examples: int) -> settings:
    return settings(
        deadline=None,
        derandomize=True,
        max_examples=examples,
        suppress_health_check=[HealthCheck.too_slow],
    )


def documented_reader() -> Any:
    """The reader that the page on the format shows."""
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found
    namespace: dict[str, Any] = {}
    exec(found[1], namespace)
    return namespace["read"]


def new_log(folder: Path, disk: Disk) -> LogFile:
    path = folder / "run" / "log.jsonl"
    path.unlink(missing_ok=True)
    log = LogFile.create(path.parent, disk=disk)
    log.stage("", header())
    return log


def test_what_is_written_reads_back(scratch: Path, quick: Disk, scale: int) -> None:
    """Every event and path comes back equal, and another reader finds them in the same bytes."""

    @repeatable(80 * scale)
    @given(written=st.lists(st.tuples(TEXT, events(TEXT)), max_size=4))
    def check(written: list[tuple[str, Event]]) -> None:
        log = new_log(scratch, quick)
        for path, event in written:
            log.stage(path, event)
        log.seal()
        log.close()

        data = log.path.read_bytes()
        lines = list(LogReader(log.path))[1:-1]
        assert [(line.path, line.event) for line in lines] == written
        theirs, torn = documented_reader()(data)
        assert torn == 0
        for line, their, raw in zip(lines, theirs[1:-1], data.split(b"\n")[1:-2], strict=True):
            assert isinstance(line.event, Event)
            assert (their["path"], their["event"]) == (line.path, json.loads(encode_event(line.event)))
            assert encode_line(line, line.prev) == raw + b"\n"

    check()


def test_what_cannot_be_written_is_refused(scratch: Path, quick: Disk, scale: int) -> None:
    """Refused is what holds half a character or a number that is not finite, and nothing else."""

    @repeatable(150 * scale)
    @given(event=events(BROKEN, finite=False), path=BROKEN)
    def check(event: Event, path: str) -> None:
        log = new_log(scratch, quick)
        writable = all(map(is_writable, scalars([path, msgspec.to_builtins(event)])))
        with contextlib.nullcontext() if writable else pytest.raises(EventUnencodable):
            log.stage(path, event)

        assert log.stage("T/0", code()).seq == 1 + writable
        log.close()
        assert len(list(LogReader(log.path))) == 2 + writable

    check()


def nested(depth: int) -> Event:
    """An event with a value so many lists deep."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    edit = Edit(path="", field="settings", value=value)
    return msgspec.structs.replace(header(), origin=Origin(run_id="a", log="", head="", edits=(edit,)))


def test_deep_nesting_survives(scratch: Path, quick: Disk) -> None:
    """A value a hundred lists deep comes back the same."""
    log = new_log(scratch, quick)
    log.stage("", nested(100))
    log.close()

    assert list(LogReader(log.path))[1].event == nested(100)


@pytest.mark.parametrize("depth", [250, 950, 100_000])
def test_nesting_without_end_is_refused(scratch: Path, quick: Disk, depth: int) -> None:
    """A value too deep for a reader is refused before it can spoil the log."""
    with contextlib.closing(new_log(scratch, quick)) as log:
        with pytest.raises(EventUnencodable):
            log.stage("", nested(depth))

        assert log.stage("T/0", code()).seq == 1


def test_lines_of_20_megabytes_survive_and_are_torn_as_others(scratch: Path, quick: Disk) -> None:
    """A line of 20 MB is written, read, and cut in the middle like any other."""
    long = code("\u2028\x00é\n" * 1_600_000)
    log = new_log(scratch, quick)
    log.stage("T/0", long)
    log.stage("T/0", long)
    log.close()
    size = log.path.stat().st_size
    assert size > 40_000_000
    assert [line.event for line in LogReader(log.path)] == [header(), long, long]
    with log.path.open("r+b") as file:
        file.truncate(size * 3 // 4)

    again, reader = LogFile.reopen(log.path.parent, disk=quick)
    again.close()
    assert (reader.lines, reader.end + reader.torn) == (2, size * 3 // 4)
    assert log.path.with_name(f"torn-{reader.end}").stat().st_size == reader.torn
