"""An event of a plug-in whose class has changed: what is told, and that the log is not called damaged."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from events import Event, EventMisfit, LogFile, LogReader, Unknown, upcaster
from events.base import known_events, misdeclared, withdraw
from events.codec import LineDecoder, Misfit, encode_line
from events.envelope import GENESIS, Entry
from events.fakes import header, problem
from events.upcast import forget_upcasters
from events.wreck import read_wreck

ADVICE = r"an upcaster \(see docs/log-format\.md\)"


@pytest.fixture
def declare() -> Iterator[Callable[..., type[Event]]]:
    """Makes an event class `Own` of these annotations and defaults, which is unknown again after the test."""
    made: list[type[Event]] = []

    def declare(
        fields: dict[str, Any], options: dict[str, Any] | None = None, **defaults: Any
    ) -> type[Event]:
        space = {"__annotations__": fields, "__module__": "own_roles", **defaults}
        made.append(type(Event)("Own", (Event,), space, frozen=True, kw_only=True, **(options or {})))
        return made[-1]

    yield declare
    withdraw(made)


def line(body: str) -> bytes:
    """A line that holds the event of this JSON."""
    unknown = Unknown(type="", raw=body.encode())
    entry: Entry[Event | Unknown] = Entry(seq=2, at=1.0, path="T/0/own.0", cause=1, event=unknown)
    return encode_line(entry, GENESIS)[:-1]


@pytest.mark.parametrize(
    ("fields", "body", "told"),
    [
        (
            {"x": int, "y": int},
            '{"type":"Own","x":1}',
            (
                "Own has a new field 'y' without a default; lines written before it cannot be read. "
                rf"Give the field a default, or the event a new version with {ADVICE}"
            ),
        ),
        (
            {"steps": int},
            '{"type":"Own","step":1}',
            "Own has a field 'steps' without a default, and the line holds 'step' instead. If the field was",
        ),
        (
            {"x": str},
            '{"type":"Own","x":3}',
            r"Own\.x is str, and the line holds 3 \(Expected `str`, got `int`\)",
        ),
        (
            {"x": Literal["a", "b"]},
            '{"type":"Own","x":"c"}',
            r"Own\.x is Literal\['a', 'b'\], and the line holds \"c\" \(Invalid enum value 'c'\)",
        ),
        (
            {"x": tuple[str, ...]},
            '{"type":"Own","x":"a"}',
            r"Own\.x is tuple\[str, \.\.\.\], and the line holds \"a\"",
        ),
        ({"x": dict[str, int]}, '{"type":"Own","x":{"a":"b"}}', r"Own\.x is dict\[str, int\]"),
        ({"x": int}, '{"type":"Own","x":null}', r"Own\.x is int, and the line holds null"),
    ],
    ids=["new", "renamed", "type", "narrowed", "one_to_many", "inner", "null"],
)
def test_changed_class_is_told(
    declare: Callable[..., type[Event]], fields: dict[str, Any], body: str, told: str
) -> None:
    """The message has the event, the field, what the line holds, what the class wants, and what to do."""
    declare(fields)

    with pytest.raises(Misfit, match=told):
        LineDecoder().decode(line(body))


def test_struct_inside_an_event_is_told(declare: Callable[..., type[Event]]) -> None:
    """A field that is missing inside a part of an event is told of that part."""
    part = msgspec.defstruct("Part", [("a", int), ("b", int)])
    declare({"part": part})

    with pytest.raises(Misfit, match="Part has a new field 'b' without a default"):
        LineDecoder().decode(line('{"type":"Own","part":{"a":1}}'))


def test_removed_field_is_read_over(declare: Callable[..., type[Event]]) -> None:
    """A field that the class has no more is no reason to refuse a line."""
    own = declare({"x": int})

    assert LineDecoder().decode(line('{"type":"Own","x":1,"old":2}')).event == own(x=1)


def test_removed_field_of_a_strict_class_is_told(declare: Callable[..., type[Event]]) -> None:
    """A class that forbids unknown fields is told so."""
    declare({"x": int}, {"forbid_unknown_fields": True})

    with pytest.raises(Misfit, match="Own forbids unknown fields, and the line holds 'old'"):
        LineDecoder().decode(line('{"type":"Own","x":1,"old":2}'))


@pytest.mark.parametrize("error", [ValueError, KeyError])
def test_check_of_the_class_is_told(declare: Callable[..., type[Event]], error: type[Exception]) -> None:
    """Whatever a class raises on its own values is told, and is no traceback."""

    def refuse(self: Event) -> None:
        raise error("never")

    declare({"x": int}, __post_init__=refuse)

    with pytest.raises(Misfit, match=r"Own does not fit what the line holds: .*never"):
        LineDecoder().decode(line('{"type":"Own","x":1}'))


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda old: {"type": "Own:2", "y": old["gone"]}, r"raised KeyError: 'gone'"),
        (lambda old: None, "returned None; expected the JSON object of the newer event"),
        (lambda old: {"y": 1}, "expected the JSON object of the newer event, with its type"),
        (lambda old: old, "returned type 'Own' again"),
        (lambda old: {"type": "Own:2"}, "upcast from Own: Own has a new field 'y' without a default"),
    ],
    ids=["raises", "nothing", "untyped", "same", "unfit"],
)
def test_upcaster_that_fails_is_told(
    declare: Callable[..., type[Event]], act: Callable[[dict[str, Any]], Any], told: str
) -> None:
    """An upcaster that raises, or does not make the newer event, is named with its line."""
    declare({"y": int}, {"tag": "Own:2"})
    upcaster("Own")(act)
    try:
        with pytest.raises(Misfit, match=told):
            LineDecoder().decode(line('{"type":"Own","x":1}'))
    finally:
        forget_upcasters(["Own"])


def test_log_is_not_damaged(declare: Callable[..., type[Event]], tmp_path: Path) -> None:
    """Reading and salvaging name the line and the path, and say that nothing is damaged."""
    old = declare({"x": int})
    log = LogFile.create(tmp_path)
    for path, event in (("", header()), ("T/0", problem()), ("T/0/own.0", old(x=1))):
        log.stage(path, event)
    log.close()
    declare({"x": int, "y": int})

    for read in (lambda: list(LogReader(log.path)), lambda: read_wreck(log.path)):
        with pytest.raises(EventMisfit, match=r"line 3, at T/0/own\.0: Own has a new field 'y'") as caught:
            read()
        assert "The log is not damaged." in str(caught.value)
        assert "salvage" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "options", "told"),
    [
        ({"x": int}, {"tag": "CodeWritten"}, r"tag 'CodeWritten', and so has events\.work\.CodeWritten"),
        ({"x": int}, {"tag_field": "kind"}, "changes how events are tagged"),
        ({"x": int}, {"array_like": True}, "changes how events are tagged"),
        ({"x": int}, {"tag": 7}, "changes how events are tagged"),
        ({"x": "Nowhere"}, {}, "cannot be read back: NameError"),
        ({"x": list[int] | tuple[int, int]}, {}, "cannot be read back: TypeError"),
        ({"x": int}, {"rename": "camel"}, ""),
        ({"x": int}, {"tag": "Own:2"}, ""),
    ],
)
def test_declaration_that_no_log_can_hold(
    declare: Callable[..., type[Event]], fields: dict[str, Any], options: dict[str, Any], told: str
) -> None:
    """What keeps every log from being read is found in the class, before any log is read with it."""
    problem = misdeclared(declare(fields, options))

    assert told in problem if not told.startswith("tag") else "events.work.CodeWritten" in problem
    assert bool(problem) == bool(told)


def test_withdrawn_event_is_unknown(declare: Callable[..., type[Event]]) -> None:
    """An event that is withdrawn is read as one whose class is not here."""
    own = declare({"x": int})
    withdraw([own])

    assert own not in known_events()
    assert isinstance(LineDecoder().decode(line('{"type":"Own","x":1}')).event, Unknown)


def test_renamed_event_is_read_by_an_upcaster(declare: Callable[..., type[Event]]) -> None:
    """The old name of an event is read as the new class once an upcaster says so, and as data until then."""
    own = declare({"x": int})
    before = LineDecoder().decode(line('{"type":"Former","x":1}')).event
    upcaster("Former")(lambda old: {**old, "type": "Own"})

    assert isinstance(before, Unknown)
    assert LineDecoder().decode(line('{"type":"Former","x":1}')).event == own(x=1)
    forget_upcasters(["Former"])
