"""Reading a log: every line verified, a live run followed without a lock, damage told from a torn tail."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from events.codec import BadLine, LineDecoder, NewerEvent, check_line, digest_line, stated_format
from events.envelope import GENESIS, Line
from events.errors import LogCorrupt, LogForeign, LogMissing
from events.lifecycle import FORMAT, LogSealed

_EXPECTED = "a log that begins with a RunStarted line"


class LogReader:
    """Iterates over the good lines of a log, once, in constant memory, as far as the log goes now.

    The attributes tell how far it came and are final when the iteration ends. A last line that is
    unfinished (a writer is at work, or was killed) ends the iteration quietly and counts as torn.

    Raises, while iterating:
        LogMissing: there is no such file.
        LogForeign: the file is not a log, is of a newer format, or holds no whole header.
        LogCorrupt: a line is damaged although good lines follow, or is whole and out of place, or
            holds what this version cannot read.
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
        decoder = LineDecoder()
        with self._open() as file:
            size = os.fstat(file.fileno()).st_size
            rest = _lines(file, size)
            for raw in rest:
                try:
                    check_line(_whole(raw))
                except BadLine as bad:
                    self._end_at(bad, rest, size)
                    return
                yield self._advance(raw[:-1], decoder)
        if self.lines == 0:
            raise LogForeign(self.path, found="an empty file", expected=_EXPECTED)

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb", buffering=1 << 20)
        except (FileNotFoundError, NotADirectoryError):
            raise LogMissing(self.path) from None
        except IsADirectoryError:
            raise LogForeign(self.path, found="a folder", expected=_EXPECTED) from None

    def _advance(self, line: bytes, decoder: LineDecoder) -> Line:
        """Steps over an undamaged line that stands where it belongs."""
        if self.lines == 0:
            self._check_header(line)
        try:
            envelope = decoder.decode(line)
        except BadLine as bad:
            raise self._corrupt(str(bad)) from None
        except NewerEvent as newer:
            found, known = newer.args
            raise LogForeign(
                self.path,
                found=f"{found} in line {self.lines + 1}",
                expected=f"version {known} or older: upgrade the package that brings it",
            ) from None
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
        return envelope

    def _check_header(self, line: bytes) -> None:
        """Refuses a newer format before anything is asked of its events."""
        stated = stated_format(line)
        if stated is None:
            raise LogForeign(self.path, found="a first line that is no RunStarted", expected=_EXPECTED)
        if stated > FORMAT:
            raise LogForeign(
                self.path,
                found=f"a log of format {stated}",
                expected=f"format {FORMAT} or older: upgrade fractal_agent to read it",
            )

    def _end_at(self, bad: BadLine, rest: Iterator[bytes], size: int) -> None:
        """The torn tail is noted, unless a good line lies behind the bad one."""
        if any(_is_good(raw) for raw in rest):
            raise self._corrupt(str(bad))
        if self.lines == 0:
            raise LogForeign(self.path, found=f"a first line that {bad}", expected=_EXPECTED)
        self.torn = size - self.end

    def _corrupt(self, problem: str) -> LogCorrupt:
        return LogCorrupt(self.path, line=self.lines + 1, offset=self.end, problem=problem)


def _lines(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The lines in the first `size` bytes.

    What a live writer appends meanwhile is left alone: the end of a line whose beginning was already
    read would look like damage.
    """
    while size > 0 and (raw := file.readline(size)):
        size -= len(raw)
        yield raw


def _whole(raw: bytes) -> bytes:
    """The line without its newline; `BadLine` when it has none."""
    if not raw.endswith(b"\n"):
        raise BadLine("is cut short")
    return raw[:-1]


def _is_good(raw: bytes) -> bool:
    try:
        check_line(raw.removesuffix(b"\n"))
    except BadLine:
        return False
    return True
