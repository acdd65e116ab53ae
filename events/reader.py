"""Reading a log: every line verified, a live run followed without a lock, damage told from a torn tail."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from events.codec import BadLine, LineDecoder, check_line, digest_line
from events.envelope import GENESIS, Line
from events.errors import LogCorrupt, LogForeign, LogMissing
from events.lifecycle import FORMAT, LogSealed, RunStarted

_EXPECTED_HEADER = "a log that begins with a RunStarted line"


class LogReader:
    """Iterates over the good lines of a log, once, in constant memory.

    The attributes tell how far it came and are final when the iteration ends. A last line that is
    unfinished (a writer is at work, or was killed) ends the iteration quietly and counts as torn.

    Raises, while iterating:
        LogMissing: there is no such file.
        LogForeign: the file is not a log, is of a newer format, or holds no whole header.
        LogCorrupt: a line is damaged, missing or out of place although good lines follow.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        """How many good lines were read."""
        self.end = 0
        """The offset in bytes behind the last good line."""
        self.head = GENESIS
        """The digest of the last good line."""
        self.torn = 0
        """How many bytes lie behind the last good line."""
        self.sealed = False
        """True when the last good line is a seal that fits."""

    def __iter__(self) -> Iterator[Line]:
        try:
            file = self.path.open("rb", buffering=1 << 20)
        except FileNotFoundError:
            raise LogMissing(self.path) from None
        decoder = LineDecoder()
        with file:
            for raw in file:
                line = raw[:-1]
                try:
                    if raw[-1:] != b"\n":
                        raise BadLine("is cut short")
                    envelope = decoder.decode(line)
                except BadLine as bad:
                    self._end_at(bad, file)
                    return
                self._advance(envelope, line)
                yield envelope
        if self.lines == 0:
            raise LogForeign(self.path, found="an empty file", expected=_EXPECTED_HEADER)

    def _advance(self, envelope: Line, line: bytes) -> None:
        if self.lines == 0:
            self._check_header(envelope)
        if envelope.seq != self.lines:
            raise self._corrupt(f"has sequence number {envelope.seq} where {self.lines} was due")
        if envelope.prev != self.head:
            raise self._corrupt("does not continue the line before it: a line was changed, dropped or moved")
        event = envelope.event
        self.sealed = (
            isinstance(event, LogSealed) and event.events == envelope.seq and event.head == envelope.prev
        )
        self.head = digest_line(line)
        self.lines += 1
        self.end += len(line) + 1

    def _check_header(self, envelope: Line) -> None:
        event = envelope.event
        if not isinstance(event, RunStarted):
            found = f"a log that begins with {getattr(event, 'type', type(event).__name__)}"
            raise LogForeign(self.path, found=found, expected=_EXPECTED_HEADER)
        if event.format > FORMAT:
            raise LogForeign(
                self.path,
                found=f"a log of format {event.format}",
                expected=f"format {FORMAT} or older: upgrade fractal_agent to read it",
            )

    def _end_at(self, bad: BadLine, file: BinaryIO) -> None:
        """The torn tail is noted, unless a good line lies behind the bad one."""
        if any(_is_good(raw) for raw in file):
            raise self._corrupt(str(bad))
        if self.lines == 0:
            raise LogForeign(self.path, found=f"a first line that {bad}", expected=_EXPECTED_HEADER)
        self.torn = os.fstat(file.fileno()).st_size - self.end

    def _corrupt(self, problem: str) -> LogCorrupt:
        return LogCorrupt(self.path, line=self.lines + 1, offset=self.end, problem=problem)


def _is_good(raw: bytes) -> bool:
    try:
        check_line(raw.removesuffix(b"\n"))
    except BadLine:
        return False
    return True
