"""One writer a log: a lock that names its holder and ends with it, however it ends."""

import contextlib
import fcntl
import os
import socket
import weakref
from io import FileIO
from pathlib import Path

from events.disk import Disk
from events.errors import LogLocked

_LOCK_NAME = "lock"


def acquire_lock(folder: Path, disk: Disk) -> FileIO:
    """The lock of the log in `folder`, held until it is closed; in it stands who holds it.

    Raises:
        LogLocked: another has it; the error names the holder.
        OSError: the folder is gone, takes no file, or is on a disk without locks.
    """
    lock = disk.open(folder / _LOCK_NAME, "a+b")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        with lock:
            if not isinstance(error, BlockingIOError):
                raise
            holder = os.pread(lock.fileno(), 200, 0).decode(errors="replace").strip() or "another process"
        raise LogLocked(folder, holder) from None
    _close_in_forks(lock)
    # A full disk has no room for the name; the lock is held without it.
    with contextlib.suppress(OSError):
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
    return lock


def _close_in_forks(lock: FileIO) -> None:
    """Keeps a forked child, such as an engine's worker, from holding the lock after its parent was killed."""
    held = weakref.ref(lock)

    def let_go() -> None:
        if copy := held():
            copy.close()

    os.register_at_fork(after_in_child=let_go)
