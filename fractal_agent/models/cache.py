"""The folder on this machine that keeps what was fetched, for every run and every process."""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fractal_agent.models.errors import DiskTooSmall


@contextmanager
def held(lock: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Have `lock` to ourselves, among all processes of this machine, inside the block.

    `waiting` is called once if another process has it; then this one waits as long as that takes. The
    system releases the lock of a process that dies.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def require_space(folder: Path, needed: int) -> None:
    """Return if the disk of `folder`, which need not exist yet, has `needed` bytes free.

    Raises:
        DiskTooSmall: it has fewer.
    """
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise DiskTooSmall(folder, needed=needed, found=free)


def size_of(folder: Path) -> int:
    """Bytes in the files of `folder`, at any depth; 0 if there is no such folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
