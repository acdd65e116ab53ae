"""Writing a log: one writer, one write and one fdatasync a batch, nothing half-written left behind."""

import fcntl
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from events.base import Event
from events.codec import digest_line, encode_line
from events.envelope import GENESIS, Entry
from events.errors import LogError, LogExists, LogLocked, LogMissing, LogWriteFailed
from events.lifecycle import LogSealed
from events.reader import LogReader

LOG_NAME = "log.jsonl"
_LOCK_NAME = "lock"


class LogFile:
    """The one writer of a log. `stage` gives an entry its place; `take` and `write` make it durable.

    `stage` and `take` belong to one thread. `write` may run in another, one call at a time, in the
    order of the `take` calls. After a failed write the log takes nothing more.
    """

    def __init__(
        self, path: Path, *, lock: int, reader: LogReader | None, clock: Callable[[], float]
    ) -> None:
        self.path = path
        self._lock = lock
        self._clock = clock
        self._next = reader.lines if reader else 0
        self._head = reader.head if reader else GENESIS
        self._end = reader.end if reader else 0
        self._durable = self._next
        self._staged: list[bytes] = []
        self._failed: LogWriteFailed | None = None
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    @classmethod
    def create(cls, folder: Path, *, clock: Callable[[], float] = time.time) -> "LogFile":
        """A new log in `folder`, which is made if need be.

        Raises:
            LogExists: a log is there already.
            LogLocked: another process is writing there.
        """
        folder.mkdir(parents=True, exist_ok=True)
        lock = _acquire(folder)
        path = folder / LOG_NAME
        if path.exists():
            os.close(lock)
            raise LogExists(path)
        log = cls(path, lock=lock, reader=None, clock=clock)
        _sync_folder(folder)
        _sync_folder(folder.parent)
        return log

    @classmethod
    def reopen(cls, folder: Path, *, clock: Callable[[], float] = time.time) -> tuple["LogFile", LogReader]:
        """The log in `folder`, to be appended to, and the reader that verified all of it.

        A torn tail is moved into a file `torn-<offset>` beside the log before anything is written.

        Raises:
            LogMissing, LogForeign, LogCorrupt: as `LogReader`.
            LogLocked: another process is writing it.
        """
        path = folder / LOG_NAME
        if not path.exists():
            raise LogMissing(path)
        lock = _acquire(folder)
        reader = LogReader(path)
        try:
            for _ in reader:
                pass
            if reader.torn:
                _set_aside(path, reader.end)
        except (LogError, OSError):
            os.close(lock)
            raise
        return cls(path, lock=lock, reader=reader, clock=clock), reader

    def stage(self, path: str, event: Event, cause: int | None = None) -> Entry[Event]:
        """Gives the event the next place in the log; it is not yet written.

        Raises:
            EventUnencodable: JSON cannot carry it; nothing was staged.
            LogWriteFailed: an earlier write failed.
        """
        if self._failed:
            raise self._failed
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
        if self._failed:
            raise self._failed
        if not lines:
            return
        data = b"".join(lines)
        try:
            _write_all(self._file, data)
            os.fdatasync(self._file)
        except OSError as error:
            self._failed = LogWriteFailed(self.path, kept=self._durable, cause=error.strerror or str(error))
            os.ftruncate(self._file, self._end)
            raise self._failed from error
        self._end += len(data)
        self._durable += len(lines)

    def commit(self) -> None:
        """Writes all that is staged."""
        self.write(self.take())

    def seal(self) -> None:
        """Commits what is staged and closes the log in order, with a last line that counts the others."""
        self.commit()
        self.stage("", LogSealed(events=self._next, head=self._head))
        self.commit()

    def close(self) -> None:
        """Commits what is staged, unless a write has failed, and lets the next writer in.

        A log that nothing was written to is removed, so that its run id stays free.
        """
        try:
            if not self._failed:
                self.commit()
            if self._durable == 0:
                self.path.unlink()
        finally:
            os.close(self._file)
            os.ftruncate(self._lock, 0)
            os.close(self._lock)


def _acquire(folder: Path) -> int:
    lock = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 200, 0).decode(errors="replace").strip() or "another process"
        os.close(lock)
        raise LogLocked(folder, holder) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    return lock


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _set_aside(path: Path, end: int) -> None:
    with path.open("r+b") as file:
        file.seek(end)
        aside = path.with_name(f"torn-{end}")
        with aside.open("wb") as copy:
            copy.write(file.read())
            copy.flush()
            os.fsync(copy.fileno())
        _sync_folder(path.parent)
        file.truncate(end)
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
