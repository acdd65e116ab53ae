"""One writer a log: a lock that names its holder and ends with it, however it ends."""

import contextlib
import fcntl
import os
import re
import socket
import struct
import weakref
from io import FileIO
from pathlib import Path

import msgspec

from events.disk import Disk
from events.errors import LogLocked

_LOCK_NAME = "lock"
_SAID = re.compile(r"process (\d+) on (.*)")


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes a log at this moment."""

    process: int = 0
    """Its id on its own machine; 0 where that is not known."""
    host: str = ""
    """Name of that machine; empty where it is this one."""

    def __str__(self) -> str:
        process = f"process {self.process}" if self.process else "another process"
        return f"{process} on {self.host}" if self.host else process


def acquire_lock(folder: Path, disk: Disk) -> FileIO:
    """The lock of the log in `folder`, held until it is closed; in it stands who holds it.

    Raises:
        LogLocked: another has it; the error names the holder.
        OSError: the folder is gone, takes no file, or is on a disk without locks.
    """
    while True:
        lock = disk.open(folder / _LOCK_NAME, "a+b")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(lock, folder / _LOCK_NAME):
                break
            lock.close()  # Its last holder has removed it meanwhile.
        except OSError as error:
            with lock:
                if not isinstance(error, BlockingIOError):
                    raise
                holder = _said(lock).strip() or "another process"
            raise LogLocked(folder, holder) from None
    _show(lock)
    _close_in_forks(lock)
    # A full disk has no room for the name; the lock is held without it.
    with contextlib.suppress(OSError):
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
    return lock


def remove_lock(lock: FileIO, folder: Path, disk: Disk) -> None:
    """Removes the lock's file while it is held: whoever opened it meanwhile finds that it is gone."""
    if _is_there(lock, folder / _LOCK_NAME):
        disk.remove(folder / _LOCK_NAME)


def holder_of(folder: Path) -> Holder | None:
    """Who writes the log in `folder`; None when nobody does. Takes no lock, so no writer is disturbed."""
    with contextlib.suppress(OSError), FileIO(folder / _LOCK_NAME, "rb") as lock:
        if not _is_shown(lock):
            return None
        found = _SAID.match(_said(lock))
        if found is None:
            return Holder()
        host = found[2].strip()
        return Holder(process=int(found[1]), host="" if host == socket.gethostname() else host)
    return None


def _said(lock: FileIO) -> str:
    return os.pread(lock.fileno(), 200, 0).decode(errors="replace")


def _is_there(lock: FileIO, path: Path) -> bool:
    """False when the file that the lock was opened as has been removed, or replaced by another."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), path.stat())
    except FileNotFoundError:
        return False


_RANGE = struct.Struct("hhqqi4x")
"""`struct flock` where a file's offset has 64 bits: kind, whence, start, length, process."""


def _show(lock: FileIO) -> None:
    """Lets others see that the lock is held: unlike `flock`, a lock of this kind can be asked for."""
    with contextlib.suppress(OSError, AttributeError):  # a system or a disk without such locks
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK, _RANGE.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))


def _is_shown(lock: FileIO) -> bool:
    if not hasattr(fcntl, "F_OFD_GETLK"):
        return _lives(lock)
    asked = _RANGE.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind: int = _RANGE.unpack(fcntl.fcntl(lock, fcntl.F_OFD_GETLK, asked))[0]
    return kind != fcntl.F_UNLCK


def _lives(lock: FileIO) -> bool:
    """Whether the process that the lock names is there, for a system that cannot be asked of the lock."""
    found = _SAID.match(_said(lock))
    if found is None or found[2].strip() != socket.gethostname():
        return False
    try:
        os.kill(int(found[1]), 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _close_in_forks(lock: FileIO) -> None:
    """Keeps a forked child, such as an engine's worker, from holding the lock after its parent was killed."""
    held = weakref.ref(lock)

    def let_go() -> None:
        if copy := held():
            copy.close()

    os.register_at_fork(after_in_child=let_go)
