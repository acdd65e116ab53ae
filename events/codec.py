"""Bytes to envelope and back: one JSON object a line, checksummed and chained to the line before."""

import hashlib
import zlib
from typing import Any

import msgspec

from events.base import Event, known_events
from events.envelope import Entry, Envelope, Line, Unknown
from events.errors import EventUnencodable
from events.exact import is_exact
from events.misfit import explain, is_ours
from events.upcast import UpcastFailed, split_tag, upcast

_TAIL = b',"crc":"%08x"}\n'
_TAIL_SIZE = len(_TAIL % 0)
_DEPTH = 200
"""Far below what exhausts a decoder's stack, however deep the reader's own stack is."""

_encoder = msgspec.json.Encoder(order="deterministic")
_raw_decoder = msgspec.json.Decoder(Envelope[msgspec.Raw])


class BadLine(Exception):
    """The bytes are not a line that can be read; the message says in what way."""


class NewerEvent(Exception):
    """The line is good and holds an event in a version that is newer than the one known here."""


class Misfit(Exception):
    """The line is good and holds an event that its class, a plug-in's, does not read any more."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path


class _Tagged(msgspec.Struct):
    type: str


class _Header(msgspec.Struct, tag_field="type", tag="RunStarted"):
    format: int


class _HeaderLine(msgspec.Struct):
    event: _Header


_header_decoder = msgspec.json.Decoder(_HeaderLine)


class _Head(msgspec.Struct):
    """A line but for its checksum, in the order in which it is written."""

    seq: int
    prev: str
    at: float
    path: str
    cause: int | None
    event: Event | Unknown | msgspec.Raw


def encode_event(event: Event, path: str = "") -> bytes:
    """The event as JSON, the same bytes for equal events. `path` is for the error to name.

    Raises:
        EventUnencodable: the bytes would not read back as this event: it holds a lone surrogate, a
            float that is not finite, or a value of another type than its field's.
    """
    try:
        body = _encoder.encode(event)
        if not is_exact(event):
            _read_back(event, body)
    except (ValueError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        raise EventUnencodable(path, type(event).__name__, str(error)) from None
    return body


def _read_back(event: Event, body: bytes) -> None:
    """Raises `ValueError` unless `body` decodes to an event that equals this one."""
    try:
        back = msgspec.json.decode(body, type=type(event))
    except msgspec.ValidationError as error:
        raise ValueError(f"a reader would refuse it: {error} (NaN and infinities become null)") from None
    if back != event:
        changed = [key for key in event.__struct_fields__ if getattr(back, key) != getattr(event, key)]
        raise ValueError(f"{', '.join(changed)} would read back as another value")
    if _is_deep(msgspec.to_builtins(event)):
        raise ValueError(f"it is nested more than {_DEPTH} deep, and a reader may refuse that")


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEPTH):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list | tuple)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(level)


def encode_line(entry: Entry[Event] | Entry[Event | Unknown], prev: str) -> bytes:
    """The line for `entry`, newline included; `prev` is the digest of the line before.

    An unknown event is written as it was read, byte for byte.

    Raises:
        EventUnencodable: the event or the path cannot be written as JSON without loss.
    """
    event = entry.event
    body = event if is_exact(event) else _raw_body(event, entry.path)
    try:
        head = _encoder.encode(_Head(entry.seq, prev, entry.at, entry.path, entry.cause, body))[:-1]
    except ValueError as error:
        _raw_body(event, entry.path)  # raises where the event is at fault and not the path
        raise EventUnencodable(repr(entry.path), type(event).__name__, str(error)) from None
    return head + _TAIL % zlib.crc32(head)


def _raw_body(event: Event | Unknown, path: str) -> msgspec.Raw:
    return msgspec.Raw(event.raw if isinstance(event, Unknown) else encode_event(event, path))


def digest_line(line: bytes) -> str:
    """What the next line's `prev` must be. `line` comes without its newline."""
    return hashlib.sha256(line).hexdigest()[:32]


class LineDecoder:
    """Turns lines into envelopes, knowing the events that are imported when it is made."""

    def __init__(self) -> None:
        self._known = {str(cls.__struct_config__.tag): cls for cls in known_events()}
        union: Any = Event
        for cls in self._known.values():
            union = union | cls
        self._decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Envelope[union])

    def decode(self, line: bytes) -> Line:
        """The envelope in `line`, whose checksum `check_line` has verified.

        An event of an older version is brought to its newest; one of unknown type comes back as
        `Unknown` with its bytes.

        Raises:
            BadLine: it is not a line of a log, or holds an event of ours that does not fit its schema.
            Misfit: it holds an event of a plug-in that does not fit its schema.
            NewerEvent: it holds a known event in a version that is not known here.
        """
        try:
            return self._decoder.decode(line)
        except msgspec.ValidationError as error:
            return self._decode_other(line, error)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadLine(f"is not JSON: {error}") from None
        except Exception as error:  # noqa: BLE001 - what a plug-in's __post_init__ raises can be anything
            return self._decode_other(line, error)

    def _decode_other(self, line: bytes, error: Exception) -> Line:
        """The envelope of an event that is old, or unknown, or bad."""
        try:
            outer = _raw_decoder.decode(line)
            tag = msgspec.json.decode(outer.event, type=_Tagged).type
        except msgspec.DecodeError as problem:
            raise BadLine(f"is not a line of a log: {problem}") from None
        return Envelope(
            seq=outer.seq,
            prev=outer.prev,
            at=outer.at,
            path=outer.path,
            cause=outer.cause,
            event=self._old_or_unknown(bytes(outer.event), tag, error, outer.path),
            crc=outer.crc,
        )

    def _old_or_unknown(self, raw: bytes, tag: str, error: Exception, path: str) -> Event | Unknown:
        value = msgspec.json.decode(raw)
        try:
            newest = upcast(value)
        except UpcastFailed as failed:
            raise Misfit(path, str(failed)) from None
        cls = self._known.get(str(newest["type"]))
        if cls is None:
            return self._unknown(raw, tag)
        if newest == value:
            raise _unfit(cls, value, error, path)
        try:
            return msgspec.convert(newest, type=cls)
        except Exception as problem:  # noqa: BLE001 - as above
            raise _unfit(cls, newest, problem, path, tag) from None

    def _unknown(self, raw: bytes, tag: str) -> Unknown:
        name, version = split_tag(tag)
        known = [split_tag(other)[1] for other in self._known if split_tag(other)[0] == name]
        if known and version > max(known):
            raise NewerEvent(f"{name} in version {version}", max(known))
        return Unknown(type=tag, raw=raw)


def _unfit(cls: type[Event], value: Any, error: Exception, path: str, tag: str = "") -> BadLine | Misfit:
    """The error for an event that its class does not read; `tag` is what it was upcast from."""
    if is_ours(cls):
        return BadLine(f"holds a {value['type']} that does not fit its schema: {error}")
    upcast_from = f"upcast from {tag}: " if tag else ""
    return Misfit(path, upcast_from + explain(cls, value, error))


def check_line(line: bytes) -> None:
    """Raises `BadLine` unless `line` ends in the checksum of its own bytes and a newline."""
    tail = _TAIL % zlib.crc32(line[:-_TAIL_SIZE])
    if line.endswith(tail):
        return
    if line[-_TAIL_SIZE:-11] != tail[:-11] or line[-3:] != tail[-3:]:
        raise BadLine("is cut short or is not a line of a log")
    found, stated = tail[-11:-3].decode(), line[-11:-3].decode("ascii", "replace")
    raise BadLine(f"is damaged: its checksum is {found}, it says {stated}")


def stated_format(line: bytes) -> int | None:
    """The format that a header line states, whatever else is in it; None when it is not a header."""
    try:
        return _header_decoder.decode(line).event.format
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
