"""Reading a log: every line verified, a live run followed without a lock, damage told from a torn tail."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from events.codec import BadLine, LineDecoder, Misfit, NewerEvent, check_line, digest_line, stated_format
from events.envelope import GENESIS, Envelope, Line
from events.errors import (
    EventMisfit,
    LogCorrupt,
    LogError,
    LogForeign,
    LogMissing,
    LogRewritten,
    LogUnreadable,
)
from events.lifecycle import FORMAT, LogSealed
from events.rewritten import is_reformatted, margin_of, rewriting_of

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
        EventMisfit: a line holds an event of a plug-in that is not as the plug-in's class is now.
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
        self._last: Line | None = None

    @property
    def sealed(self) -> bool:
        """True when the last good line is a seal that fits."""
        match self._last:
            case Envelope(event=LogSealed() as seal) as line:
                return seal.events == line.seq and seal.head == line.prev
        return False

    def __iter__(self) -> Iterator[Line]:
        # Reading a log is this loop, so it works on local names.
        decode = LineDecoder().decode
        lines, end, head = self.lines, self.end, self.head
        with self._open() as file:
            size = os.fstat(file.fileno()).st_size
            for line in file:
                try:
                    check_line(line)
                except BadLine as bad:
                    self._end_at(line, bad, _lines(file, size - end - len(line)), size)
                    return
                if lines == 0:
                    self._check_header(line)
                try:
                    envelope = decode(line)
                except (BadLine, Misfit, NewerEvent) as problem:
                    raise self._unreadable(problem) from None
                if envelope.seq != lines or envelope.prev != head:
                    raise self._misplaced(envelope)
                self.lines = lines = lines + 1
                self.end = end = end + len(line)
                self.head = head = digest_line(line[:-1])
                self._last = envelope
                yield envelope
                if end >= size:  # what a live writer appends meanwhile is for another reader
                    return
        if self.lines == 0:
            raise LogForeign(self.path, found="an empty file", expected=_EXPECTED)

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb", buffering=1 << 20)
        except (FileNotFoundError, NotADirectoryError):
            raise LogMissing(self.path) from None
        except IsADirectoryError:
            raise LogForeign(self.path, found="a folder", expected=_EXPECTED) from None
        except OSError as error:
            raise LogUnreadable(self.path, error.strerror or str(error)) from error

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

    def _end_at(self, line: bytes, bad: BadLine, rest: Iterator[bytes], size: int) -> None:
        """The torn tail is noted, unless a good line lies behind the bad one, and the bad one is still there.

        It is not when another process has meanwhile set the tail aside and gone on writing in its place.
        """
        found = margin_of(line)
        foreign = self._foreign(found, bad) if self.lines == 0 else None
        if isinstance(foreign, LogRewritten):
            raise foreign
        if any(_is_good(other) for other in rest) and self._still_holds(line):
            raise self._corrupt(found or str(bad))
        if foreign is not None:
            raise foreign
        if found and line.strip():
            raise self._corrupt(found)
        self.torn = size - self.end

    def _foreign(self, margin: str, bad: BadLine) -> LogForeign:
        """The error for a first line that is bad, or good but for what stands around it."""
        with self._open() as file:
            beginning = file.read(1 << 16)
        if found := f"a first line that {margin}" if margin else rewriting_of(beginning):
            return LogRewritten(self.path, found)
        if is_reformatted(beginning):
            return LogForeign(
                self.path,
                found="events that an editor or jq has formatted anew, so that no checksum holds",
                expected="each on one line, as it was written: get the file again from where it came from",
            )
        return LogForeign(self.path, found=f"a first line that {bad}", expected=_EXPECTED)

    def _still_holds(self, line: bytes) -> bool:
        with self._open() as file:
            file.seek(self.end)
            return file.read(len(line)) == line

    def _unreadable(self, problem: BadLine | Misfit | NewerEvent) -> LogError:
        """The error for a good line whose content cannot be read."""
        if isinstance(problem, Misfit):
            return EventMisfit(self.path, line=self.lines + 1, at=problem.path, problem=str(problem))
        if isinstance(problem, BadLine):
            return self._corrupt(str(problem))
        found, known = problem.args
        return LogForeign(
            self.path,
            found=f"{found} in line {self.lines + 1}",
            expected=f"version {known} or older: upgrade the package that brings it",
        )

    def _misplaced(self, line: Line) -> LogCorrupt:
        if line.seq != self.lines:
            return self._corrupt(f"has sequence number {line.seq} where {self.lines} was due")
        return self._corrupt("does not continue the line before it: a line was changed, dropped or moved")

    def _corrupt(self, problem: str) -> LogCorrupt:
        return LogCorrupt(self.path, line=self.lines + 1, offset=self.end, problem=problem)


def _lines(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The lines in the next `size` bytes.

    What a live writer appends meanwhile is left alone: the end of a line whose beginning was already
    read would look like damage.
    """
    while size > 0 and (line := file.readline(size)):
        size -= len(line)
        yield line


def _is_good(line: bytes) -> bool:
    """True also of a line that lacks nothing but its newline."""
    try:
        check_line(line.removesuffix(b"\n") + b"\n")
    except BadLine:
        return False
    return True
