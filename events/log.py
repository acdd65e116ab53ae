"""Writing a log: one writer, one write and one fdatasync a batch, nothing half-written left behind."""

import contextlib
import itertools
import os
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from events.base import Event
from events.codec import digest_line, encode_line
from events.envelope import GENESIS, Entry
from events.errors import LogExists, LogMissing, LogUnwritable, LogWriteFailed
from events.lifecycle import LogSealed
from events.lock import acquire_lock
from events.reader import LogReader

LOG_NAME = "log.jsonl"


class LogFile:
    """The one writer of a log. `stage` gives an entry its place; `take` and `write` make it durable.

    `stage` and `take` belong to one thread. `write` may run in another, one call at a time, in the
    order of the `take` calls. After a failed write the log takes nothing more.
    """

    def __init__(
        self, path: Path, *, lock: FileIO, reader: LogReader | None, clock: Callable[[], float]
    ) -> None:
        self.path = path
        self._lock = lock
        self._clock = clock
        self._next = reader.lines if reader else 0
        self._head = reader.head if reader else GENESIS
        self._end = reader.end if reader else 0
        self._durable = self._next
        self._staged: list[bytes] = []
        self._failed = ""
        """Why the log takes no more; empty while it does."""
        self._file = path.open("ab", buffering=0)

    @classmethod
    def create(cls, folder: Path, *, clock: Callable[[], float] = time.time) -> "LogFile":
        """A new log in `folder`, which is made if need be.

        An empty file, left by a process that was killed before it had written a header, is no log.

        Raises:
            LogExists: a log is there already.
            LogUnwritable: the folder cannot be made.
            LogLocked: another process is writing there.
        """
        path = folder / LOG_NAME
        made = [place for place in (folder, *folder.parents) if not place.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LogUnwritable(folder, error.strerror or str(error)) from error
        with contextlib.ExitStack() as on_error:
            lock = on_error.enter_context(acquire_lock(folder))
            if path.exists() and path.stat().st_size:
                raise LogExists(path)
            log = cls(path, lock=lock, reader=None, clock=clock)
            for place in (folder, *(place.parent for place in made)):
                _sync_folder(place)
            on_error.pop_all()
        return log

    @classmethod
    def reopen(cls, folder: Path, *, clock: Callable[[], float] = time.time) -> tuple["LogFile", LogReader]:
        """The log in `folder`, to be appended to, and the reader that verified all of it.

        A torn tail is moved into a file `torn-<offset>` beside the log before anything is written.

        Raises:
            LogMissing, LogForeign, LogCorrupt: as `LogReader`.
            LogLocked: another process is writing it.
            LogWriteFailed: the torn tail could not be moved.
        """
        path = folder / LOG_NAME
        if not path.exists():
            raise LogMissing(path)
        with contextlib.ExitStack() as on_error:
            lock = on_error.enter_context(acquire_lock(folder))
            reader = LogReader(path)
            for _ in reader:
                pass
            if reader.torn:
                _set_aside(reader)
            log = cls(path, lock=lock, reader=reader, clock=clock)
            on_error.pop_all()
        return log, reader

    def stage(self, path: str, event: Event, cause: int | None = None) -> Entry[Event]:
        """Gives the event the next place in the log; it is not yet written.

        Raises:
            EventUnencodable: JSON cannot carry it; nothing was staged.
            LogWriteFailed: an earlier write failed.
        """
        self._check()
        entry = Entry(seq=self._next, at=round(self._clock(), 3), path=path, cause=cause, event=event)
        line = encode_line(entry, self._head)
        self._head = digest_line(line[:-1])
        self._next += 1
        self._staged.append(line)
        return entry

    def take(self) -> list[bytes]:
        """The lines staged since the last call, now the caller's to `write`."""
        lines, self._staged = self._staged, []
        return lines

    def write(self, lines: list[bytes]) -> None:
        """Returns when the lines are on disk.

        Raises:
            LogWriteFailed: they are not; the file was cut back to the last good line.
        """
        self._check()
        if not lines:
            return
        try:
            data = b"".join(lines)
            _write_all(self._file, data)
            os.fdatasync(self._file.fileno())
        except OSError as error:
            self._give_up(error.strerror or str(error))
            raise self._failure() from error
        except BaseException as error:
            self._give_up(repr(error))
            raise
        self._end += len(data)
        self._durable += len(lines)

    def _check(self) -> None:
        if self._failed:
            raise self._failure()

    def _failure(self) -> LogWriteFailed:
        return LogWriteFailed(self.path, kept=self._durable, cause=self._failed)

    def _give_up(self, cause: str) -> None:
        self._failed = cause
        # A disk that refuses even this leaves a torn tail, which the next writer sets aside.
        with contextlib.suppress(OSError):
            os.ftruncate(self._file.fileno(), self._end)

    def commit(self) -> None:
        """Writes all that is staged."""
        self.write(self.take())

    def seal(self) -> None:
        """Commits what is staged and closes the log in order, with a last line that counts the others."""
        self.stage("", LogSealed(events=self._next, head=self._head))
        self.commit()

    def close(self) -> None:
        """Commits what is staged, unless a write has failed, and lets the next writer in.

        A log that nothing was written to is removed, so that its run id stays free. Closing again
        does nothing.
        """
        if self._lock.closed:
            return
        with self._lock, self._file:
            try:
                if not self._failed:
                    self.commit()
            finally:
                if self._durable == 0:
                    self.path.unlink(missing_ok=True)
                self._lock.truncate(0)


def _write_all(file: FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file.fileno(), view) :]


def _set_aside(reader: LogReader) -> None:
    """Moves the torn tail into a file of its own; one that an earlier recovery left is not touched."""
    names = itertools.chain([f"torn-{reader.end}"], (f"torn-{reader.end}.{n}" for n in itertools.count(2)))
    aside = next(path for name in names if not (path := reader.path.with_name(name)).exists())
    try:
        with reader.path.open("r+b") as file, aside.open("xb") as copy:
            file.seek(reader.end)
            copy.write(file.read())
            copy.flush()
            os.fsync(copy.fileno())
            _sync_folder(aside.parent)
            file.truncate(reader.end)
            os.fsync(file.fileno())
    except OSError as error:
        raise LogWriteFailed(reader.path, kept=reader.lines, cause=error.strerror or str(error)) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
