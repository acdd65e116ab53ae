"""Writing a log: one writer, one write and one fdatasync a batch, nothing half-written left behind."""

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from pathlib import Path

from events.base import Event
from events.codec import digest_line, encode_line
from events.disk import DISK, Disk
from events.envelope import GENESIS, Entry
from events.errors import LogExists, LogMissing, LogUnwritable, LogWriteFailed
from events.lifecycle import LogSealed
from events.lock import acquire_lock, remove_lock
from events.reader import LogReader

LOG_NAME = "log.jsonl"


class LogFile:
    """The one writer of a log. `stage` gives an entry its place; `take` and `write` make it durable.

    `stage` and `take` belong to one thread. `write` may run in another, one call at a time, in the
    order of the `take` calls. After a failed write the log takes nothing more.
    """

    def __init__(
        self,
        path: Path,
        *,
        lock: FileIO,
        reader: LogReader | None,
        clock: Callable[[], float],
        disk: Disk,
        made: Sequence[Path] = (),
    ) -> None:
        self.path = path
        self._disk = disk
        self._lock = lock
        self._clock = clock
        self._made = made
        """Folders that were made for this log, the innermost first."""
        self._next = reader.lines if reader else 0
        self._head = reader.head if reader else GENESIS
        self._end = reader.end if reader else 0
        self._durable = self._next
        self._staged: list[bytes] = []
        self._failed = ""
        """Why the log takes no more; empty while it does."""
        self._file = disk.open(path, "ab")

    @classmethod
    def create(cls, folder: Path, *, clock: Callable[[], float] = time.time, disk: Disk = DISK) -> "LogFile":
        """A new log in `folder`, which is made if need be.

        An empty file, left by a process that was killed before it had written a header, is no log.

        Raises:
            LogExists: a log is there already.
            LogUnwritable: the folder or a file in it cannot be made.
            LogLocked: another process is writing there.
        """
        path = folder / LOG_NAME
        with _refusals_told(folder), contextlib.ExitStack() as on_error:
            around = folder.absolute()
            made = [place for place in (around, *around.parents) if not place.exists()]
            on_error.callback(_remove_folders, made, disk)
            for place in reversed(made):
                disk.make_folder(place)
            lock = on_error.enter_context(acquire_lock(folder, disk))
            if path.exists() and path.stat().st_size:
                raise LogExists(path)
            log = cls(path, lock=lock, reader=None, clock=clock, disk=disk, made=made)
            on_error.callback(log.close)
            _sync_names(around, made, disk)
            on_error.pop_all()
        return log

    @classmethod
    def reopen(
        cls, folder: Path, *, clock: Callable[[], float] = time.time, disk: Disk = DISK
    ) -> tuple["LogFile", LogReader]:
        """The log in `folder`, to be appended to, and the reader that verified all of it.

        A torn tail is moved into a file `torn-<offset>` beside the log before anything is written.

        Raises:
            LogMissing, LogForeign, LogCorrupt: as `LogReader`.
            LogLocked: another process is writing it.
            LogUnwritable: a file in the folder cannot be opened.
            LogWriteFailed: the torn tail could not be moved, or what was read could not be made durable.
        """
        path = folder / LOG_NAME
        with _refusals_told(folder), contextlib.ExitStack() as on_error:
            if not path.exists():
                raise LogMissing(path)
            lock = on_error.enter_context(acquire_lock(folder, disk))
            reader = LogReader(path)
            for _ in reader:
                pass
            log = cls(path, lock=lock, reader=reader, clock=clock, disk=disk)
            on_error.callback(log.close)
            log._settle(torn=reader.torn > 0)
            on_error.pop_all()
        return log, reader

    def _settle(self, *, torn: bool) -> None:
        """Makes what was read durable: its writer may have been killed between a write and the sync."""
        try:
            if torn:
                self._set_tail_aside()
            self._disk.sync(self._file)
        except OSError as error:
            self._failed = error.strerror or str(error)
            raise self._failure() from error

    def _set_tail_aside(self) -> None:
        """Moves the torn tail into a file of its own; one that an earlier recovery left is not touched."""
        names = itertools.chain([f"torn-{self._end}"], (f"torn-{self._end}.{n}" for n in itertools.count(2)))
        aside = next(path for name in names if not (path := self.path.with_name(name)).exists())
        with self.path.open("rb") as file, self._disk.open(aside, "xb") as copy:
            try:
                file.seek(self._end)
                _write_all(self._disk, copy, file.read())
                self._disk.sync(copy)
                self._disk.sync_folder(aside.parent)
            except OSError:
                with contextlib.suppress(OSError):
                    self._disk.remove(aside)
                raise
        self._disk.cut(self._file, self._end)

    def stage(self, path: str, event: Event, cause: int | None = None) -> Entry[Event]:
        """Gives the event the next place in the log; it is not yet written.

        Raises:
            EventUnencodable: JSON cannot carry it; nothing was staged.
            LogWriteFailed: an earlier write failed.
        """
        self._check()
        at = round(self._clock() * 1000) / 1000
        entry = Entry(seq=self._next, at=at, path=path, cause=cause, event=event)
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
            _write_all(self._disk, self._file, data)
            self._disk.sync(self._file)
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
        # A disk that refuses even this leaves whole lines, which are kept, or a torn one, which is set aside.
        with contextlib.suppress(OSError):
            self._disk.cut(self._file, self._end)

    def commit(self) -> None:
        """Writes all that is staged."""
        self.write(self.take())

    def seal(self) -> None:
        """Commits what is staged and closes the log in order, with a last line that counts the others."""
        self.stage("", LogSealed(events=self._next, head=self._head))
        self.commit()

    def close(self) -> None:
        """Commits what is staged, unless a write has failed, and lets the next writer in.

        A log that nothing was written to is removed, and its folder unless something else is in there, so
        that its run id stays free. Closing again does nothing.
        """
        if self._lock.closed:
            return
        with self._lock, self._file:
            try:
                if not self._failed:
                    self.commit()
            finally:
                # A disk that refuses this leaves an empty log, which is none, and a name that nobody is told.
                with contextlib.suppress(OSError):
                    self._lock.truncate(0)
                    if self._durable == 0:
                        self._disk.remove(self.path)
                        remove_lock(self._lock, self.path.parent, self._disk)
        if self._durable == 0:
            _remove_folders(self._made, self._disk)


def write_log(folder: Path, content: bytes, *, disk: Disk = DISK) -> None:
    """Makes a new log of the lines of another one, which are good.

    Raises:
        LogExists, LogUnwritable, LogLocked, LogWriteFailed: as `LogFile.create` and `write`.
    """
    log = LogFile.create(folder, disk=disk)
    try:
        log.write(content.splitlines(keepends=True))
    finally:
        log.close()


def _write_all(disk: Disk, file: FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[disk.write(file, view) :]


def _sync_names(folder: Path, made: list[Path], disk: Disk) -> None:
    """Makes the names of the log and of the folders around it survive a power cut.

    A folder that was there may have been made by a process that was killed before it came to this.
    """
    disk.sync_folder(folder)
    for place in folder.parents:
        try:
            disk.sync_folder(place)
        except OSError:
            # What the system mounted there, or lets nobody read, is not ours to make durable.
            if any(child.parent == place for child in made):
                raise


def _remove_folders(made: Sequence[Path], disk: Disk) -> None:
    """Removes these folders, each in the next, up to the first that is not empty or not there."""
    with contextlib.suppress(OSError):
        for place in made:
            disk.remove_folder(place)


@contextlib.contextmanager
def _refusals_told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LogUnwritable(folder, error.strerror or str(error)) from error
