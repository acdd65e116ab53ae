"""Bytes to envelope and back: nothing is lost, nothing is accepted that is not what was written."""

import json
import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import (
    CodeReviewed,
    CodeWritten,
    Entry,
    Event,
    EventUnencodable,
    GenerationRequested,
    Line,
    Unknown,
    encode_event,
)
from events.codec import BadLine, LineDecoder, check_line, encode_line
from events.envelope import GENESIS
from events.fakes import code, header, problem, small_run

# What breaks line readers: every character that some tool takes for a line's end, NUL, DEL, emoji, a BOM.
HOSTILE = '\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029\x00\x07\x1b\x7f\ufeff\U0001f9ea\ud7ff\uffff"\\/,{}'
TEXT = st.text(st.one_of(st.sampled_from(HOSTILE), st.characters(exclude_categories=["Cs"])))

REPEATABLE = settings(deadline=None, derandomize=True)


def line_of(
    event: Event, *, path: str = "T/0", seq: int = 3, at: float = 1.5, cause: int | None = 2
) -> bytes:
    return encode_line(Entry(seq=seq, at=at, path=path, cause=cause, event=event), GENESIS)


def decoded(line: bytes) -> Line:
    check_line(line)
    return LineDecoder().decode(line)


def checksummed(document: dict[str, object]) -> bytes:
    """A line of any content whose checksum is right."""
    return with_checksum(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()[:-1])


def with_checksum(head: bytes) -> bytes:
    """The line that begins like this, up to its checksum."""
    return b'%s,"crc":"%08x"}\n' % (head, zlib.crc32(head))


def envelope(event: dict[str, object], **changes: object) -> dict[str, object]:
    return {"seq": 0, "prev": GENESIS, "at": 1.0, "path": "p", "cause": None, "event": event, **changes}


@REPEATABLE
@given(text=TEXT, path=TEXT)
def test_hostile_text_survives(text: str, path: str) -> None:
    """Any text of whole code points comes back the same, in an event's field and in the path."""
    line = decoded(line_of(code(text), path=path))

    assert (line.event, line.path) == (code(text), path)


@REPEATABLE
@given(text=TEXT, path=TEXT)
def test_hostile_text_stays_on_one_line(text: str, path: str) -> None:
    """A line holds one newline, its last byte, whatever text is in it."""
    line = line_of(code(text), path=path)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


@REPEATABLE
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_finite_floats_survive(number: float) -> None:
    """Every finite float comes back as the same number."""
    event = GenerationRequested(messages=(), temperature=number)

    assert decoded(line_of(event)).event == event


def test_a_line_of_20_megabytes_survives() -> None:
    """There is no bound on a line's length below 20 MB."""
    text = "\u2028\x00é\n" * 1_600_000
    line = line_of(code(text))

    assert len(line) > 20_000_000
    assert decoded(line).event == code(text)


@pytest.mark.parametrize("event", [event for _, event in small_run()], ids=lambda e: type(e).__name__)
def test_a_line_is_one_json_object_in_a_fixed_order(event: Event) -> None:
    """Each line is one JSON object whose keys are those of the documented format, in that order."""
    document = json.loads(line_of(event))

    assert list(document) == ["seq", "prev", "at", "path", "cause", "event", "crc"]
    assert document["event"]["type"] == type(event).__name__


def test_the_place_comes_back() -> None:
    """Number, time, cause and the digest of the line before are read as they were written."""
    line = decoded(line_of(code(), seq=7, at=1_764_000_000.125, cause=5))

    assert (line.seq, line.at, line.cause, line.prev) == (7, 1_764_000_000.125, 5, GENESIS)


def test_a_root_cause_is_null() -> None:
    """An entry without a cause is written with a null and read as None."""
    line = line_of(code(), cause=None)

    assert b'"cause":null' in line
    assert decoded(line).cause is None


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_a_lone_surrogate_is_refused(text: str) -> None:
    """Half a character cannot be written; the error names the path and the event."""
    with pytest.raises(EventUnencodable, match=r"T/0/coder\.0: CodeWritten .*surrogate"):
        line_of(code(text), path="T/0/coder.0")


def test_a_lone_surrogate_in_a_path_is_refused() -> None:
    """Half a character in a path is refused too, and the message can itself be printed."""
    with pytest.raises(EventUnencodable, match="CodeWritten") as refused:
        line_of(code(), path="T/\ud800")

    assert str(refused.value).encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_float_that_is_not_finite_is_refused(number: float) -> None:
    """JSON has no NaN and no infinity; the error names the path, the event, the field and the reason."""
    with pytest.raises(EventUnencodable, match=r"T/0: GenerationRequested .*temperature.*NaN"):
        line_of(GenerationRequested(messages=(), temperature=number))


@pytest.mark.parametrize("value", [None, 3, b"bytes", ["list"], object()], ids=lambda v: type(v).__name__)
def test_a_value_of_the_wrong_type_is_refused(value: str) -> None:
    """A field that would not fit its schema when read is refused before it can spoil the log."""
    with pytest.raises(EventUnencodable, match="T/0: CodeWritten"):
        line_of(code(value))


def test_a_list_where_a_tuple_belongs_is_refused() -> None:
    """An event that would read back unequal to itself is refused, by the field that differs."""
    event = CodeReviewed(problem=problem(), code="", passed=True, results=[])  # type: ignore[arg-type]  # the case

    with pytest.raises(EventUnencodable, match=r"CodeReviewed .*results"):
        line_of(event)


def test_a_number_beyond_64_bits_survives() -> None:
    """An integer of any size comes back as it was."""
    event = GenerationRequested(messages=(), seed=2**70)

    assert decoded(line_of(event)).event == event


def test_a_number_too_long_to_be_written_is_refused() -> None:
    """An integer of more digits than Python turns into text is refused, by path and event."""
    with pytest.raises(EventUnencodable, match=r"T/0: GenerationRequested .*digits"):
        line_of(GenerationRequested(messages=(), seed=10**5000))


def test_text_that_says_null_is_not_refused() -> None:
    """The word null inside a text is text."""
    assert decoded(line_of(code("null"))).event == code("null")


def test_equal_events_are_the_same_bytes() -> None:
    """The order in which a mapping was filled does not show in the bytes."""
    one, other = (
        msgspec.structs.replace(
            header(), settings=msgspec.structs.replace(header().settings, cast=dict(pairs))
        )
        for pairs in ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")])
    )

    assert one == other
    assert encode_event(one) == encode_event(other)


@REPEATABLE
@given(text=TEXT)
def test_a_decoded_event_encodes_to_the_same_bytes(text: str) -> None:
    """Writing what was read gives the bytes that were read."""
    first = line_of(code(text))
    line = decoded(first)
    assert isinstance(line.event, CodeWritten)

    assert line_of(line.event) == first


def test_an_unknown_event_is_kept_byte_for_byte() -> None:
    """An event of a type that is not imported comes back with its bytes, oddly spaced as they are."""
    raw = b'{ "type":"FromTheFuture", "n": 1.50, "deep": [null, {"\\u0041": 1e3}] }'
    placeholder = checksummed(envelope({"X": 1}))
    head = placeholder[: placeholder.index(b',"crc"')].replace(b'{"X":1}', raw)
    line = decoded(with_checksum(head))

    assert line.event == Unknown(type="FromTheFuture", raw=raw)


def test_a_known_event_that_does_not_fit_names_the_field() -> None:
    """A known type with a wrong field is a bad line, and the message says which field and why."""
    line = checksummed(
        envelope({"type": "PlanDrafted", "problem": msgspec.to_builtins(problem()), "plan": 3})
    )

    with pytest.raises(BadLine, match=r"PlanDrafted.*int.*\$\.event\.plan"):
        decoded(line)


def test_a_new_field_is_ignored() -> None:
    """An event with a field that is not known here is read by the fields that are."""
    line = checksummed(envelope({"type": "AnswerSubmitted", "code": "x", "added_later": 1}))

    assert msgspec.structs.asdict(decoded(line).event) == {"code": "x"}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"a": 1}, "seq"),
        (envelope({"type": "RunEnded", "outcome": "completed"}, seq="0"), "seq"),
        (envelope({"no": "type"}), "type"),
        (envelope({"type": 7}), "type"),
    ],
    ids=["no envelope", "wrong envelope", "no type", "type is a number"],
)
def test_what_is_not_a_line_is_a_bad_line(document: dict[str, object], told: str) -> None:
    """JSON of another shape is a bad line even when its checksum is right, and the message says why."""
    with pytest.raises(BadLine, match=told):
        decoded(checksummed(document))


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"{}", b'"crc":"', b',"crc":"00000000"}', b"\x00" * 64, b"\xff" * 64]
)
def test_scraps_are_bad_lines(line: bytes) -> None:
    """Bytes too short or too strange to be a line are refused as a bad line, never by another error."""
    with pytest.raises(BadLine):
        decoded(line)


def test_bytes_that_are_not_utf8_are_a_bad_line() -> None:
    """A right checksum does not make bytes into text."""
    line = line_of(code("@@"))
    head = line[: line.rindex(b',"crc"')].replace(b"@@", b"\xff\xfe")

    with pytest.raises(BadLine, match="JSON"):
        decoded(with_checksum(head))


@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80])
def test_every_flipped_byte_is_found(bit: int) -> None:
    """There is no byte in a line that can change unnoticed."""
    line = bytearray(line_of(code(), path="T/0"))
    unnoticed = []
    for index in range(len(line)):
        line[index] ^= bit
        try:
            decoded(bytes(line))
            unnoticed.append(index)
        except BadLine:
            pass
        line[index] ^= bit

    assert unnoticed == []


def test_every_cut_is_found() -> None:
    """No proper beginning of a line passes for a line."""
    line = line_of(code())
    unnoticed = []
    for end in range(len(line)):
        try:
            decoded(line[:end])
            unnoticed.append(end)
        except BadLine:
            pass

    assert unnoticed == []
