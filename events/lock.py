"""One writer a log: a lock that names its holder and ends with it, however it ends."""

import fcntl
import os
import socket
import weakref
from io import FileIO
from pathlib import Path

from events.errors import LogLocked

_LOCK_NAME = "lock"


def acquire_lock(folder: Path) -> FileIO:
    """The lock of the log in `folder`, held until it is closed; in it stands who holds it.

    Raises:
        LogLocked: another has it; the error names the holder.
    """
    lock = (folder / _LOCK_NAME).open("a+b", buffering=0)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock.fileno(), 200, 0).decode(errors="replace").strip() or "another process"
        lock.close()
        raise LogLocked(folder, holder) from None
    _close_in_forks(lock)
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
