"""The line around an event: where, when, because of what, and the proof that nothing is missing."""

from typing import Generic, TypeVar

import msgspec

from events.base import Event

E = TypeVar("E")

GENESIS = "0" * 32
"""The `prev` of the first line."""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """An event whose type is not known here (a plug-in's, or a newer version's), kept byte for byte."""

    type: str
    raw: bytes


class Entry(msgspec.Struct, Generic[E], frozen=True, kw_only=True):
    """An event and its place: what readers of a run work with."""

    seq: int
    """Counts lines from 0 with no gap."""
    at: float
    """When the line was made: Unix time in seconds, to the millisecond. Never read by a replay."""
    path: str
    """Where it happened; empty for the run as a whole."""
    cause: int | None
    """`seq` of the line that this one follows from."""
    event: E


class Envelope(Entry[E], Generic[E], frozen=True, kw_only=True):
    """One line of the log, with what proves it whole and in place."""

    prev: str
    """First 128 bits of sha256 over the line before (without its newline), hex."""
    crc: str
    """CRC-32 over the line's bytes before `,"crc"`, 8 hex digits."""


Line = Envelope[Event | Unknown]
