"""Old events in new shapes, events of plug-ins that are not here, and events from the future."""

from typing import Any

import msgspec
import pytest

from events import Entry, Event, LogFile, LogForeign, LogReader, ProblemPosed, Unknown, upcaster
from events.codec import BadLine, LineDecoder, Misfit, encode_line
from events.envelope import GENESIS
from events.fakes import code, header, problem
from events.upcast import split_tag, upcast


class Measured(Event, frozen=True, kw_only=True, tag="Measured:3"):
    """In its third version; once it said seconds, then milliseconds, now it says a unit too."""

    value: int
    unit: str
    of: ProblemPosed | None = None


@upcaster("Measured")
def _to_milliseconds(old: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Measured:2", "milliseconds": int(old["seconds"] * 1000)}


@upcaster("Measured:2")
def _with_a_unit(old: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Measured:3", "value": old["milliseconds"], "unit": "ms"}


def stored(raw: bytes) -> bytes:
    """A good line around the JSON of an event, without its newline."""
    entry: Entry[Event | Unknown] = Entry(
        seq=1, at=1.0, path="T/0/timer.0", cause=0, event=Unknown(type="", raw=raw)
    )
    return encode_line(entry, GENESIS)[:-1]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"Measured","seconds":1.5}',
        b'{"type":"Measured:2","milliseconds":1500}',
        b'{"type":"Measured:3","value":1500,"unit":"ms"}',
    ],
)
def test_every_version_reads_as_the_newest(raw: bytes) -> None:
    """An event of any earlier version is read as today's class, one upcaster after the other."""
    assert LineDecoder().decode(stored(raw)).event == Measured(value=1500, unit="ms")


def test_newest_version_is_written_with_its_tag() -> None:
    """The version of an event stands in its tag from the second one on."""
    line = encode_line(
        Entry(seq=1, at=1.0, path="p", cause=0, event=Measured(value=1, unit="s", of=problem())), GENESIS
    )

    assert b'"event":{"type":"Measured:3",' in line
    assert LineDecoder().decode(line[:-1]).event == Measured(value=1, unit="s", of=problem())


def test_events_inside_events_are_upcast() -> None:
    """An old event that stands inside another, at any depth, is brought to its newest shape too."""
    value = {"type": "Outer", "parts": [{"inner": {"type": "Measured", "seconds": 2}}]}

    assert upcast(value) == {
        "type": "Outer",
        "parts": [{"inner": {"type": "Measured:3", "value": 2000, "unit": "ms"}}],
    }


def test_upcast_that_does_not_fit_is_told() -> None:
    """An old event whose upcast is no event of today is told with its version, and is no damage."""
    with pytest.raises(Misfit, match=r"upcast from Measured:2: Measured\.value is int, .*got `str`"):
        LineDecoder().decode(stored(b'{"type":"Measured:2","milliseconds":"long"}'))


@pytest.mark.parametrize("event", [b"Measured:4", b"CodeWritten:2", b"ProblemPosed:12"])
def test_newer_version_is_refused(tmp_path: Any, event: bytes) -> None:
    """A known event in a version from the future is not skipped: the log is refused, an upgrade advised."""
    log = LogFile.create(tmp_path)
    log.stage("", header())
    log.stage("T/0", problem())
    log.close()
    raw = b'{"type":"%s","anything":1}' % event
    head = LogReader(log.path)
    list(head)
    entry: Entry[Event | Unknown] = Entry(
        seq=2, at=1.0, path="T/0/x.0", cause=1, event=Unknown(type="", raw=raw)
    )
    with log.path.open("ab") as file:
        file.write(encode_line(entry, head.head))

    name, _, version = event.decode().partition(":")
    with pytest.raises(LogForeign, match=rf"found {name} in version {version} in line 3, expected version"):
        list(LogReader(log.path))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"NotHere","b":1,"a":[null,1e5,"\xe2\x80\xa8"],"type2":{"x": 1}}',
        b'{"type":"NotHere:7"}',
        b'{"b":2,"type":"NotHere","b":1}',
    ],
)
def test_unknown_event_is_kept_byte_for_byte(raw: bytes) -> None:
    """An event that nothing here knows comes back as its bytes, and is written as them again."""
    line = stored(raw)
    found = LineDecoder().decode(line)

    assert isinstance(found.event, Unknown)
    assert found.event.raw == raw
    again: Entry[Event | Unknown] = Entry(seq=1, at=1.0, path="T/0/timer.0", cause=0, event=found.event)
    assert encode_line(again, GENESIS) == line + b"\n"


def test_known_event_that_does_not_fit_is_no_unknown_one() -> None:
    """A known event of the present version with a field of another type is a bad line, and not unknown."""
    raw = msgspec.json.encode(code()).replace(b'"plan":""', b'"plan":3')

    with pytest.raises(BadLine, match="holds a CodeWritten that does not fit its schema"):
        LineDecoder().decode(stored(raw))


@pytest.mark.parametrize(
    ("tag", "parts"),
    [("A", ("A", 1)), ("A:2", ("A", 2)), ("A:12", ("A", 12)), ("A:", ("A:", 1)), ("A:b", ("A:b", 1))],
)
def test_tag_splits_into_name_and_version(tag: str, parts: tuple[str, int]) -> None:
    """What stands behind a colon is a version when it is a number."""
    assert split_tag(tag) == parts


def test_second_upcaster_of_one_tag_is_refused() -> None:
    """Two modules cannot both say how an old event is read."""

    def other(old: dict[str, Any]) -> dict[str, Any]:
        return old

    other.__module__ = "elsewhere"
    with pytest.raises(ValueError, match="elsewhere upcasts Measured, and so does"):
        upcaster("Measured")(other)
