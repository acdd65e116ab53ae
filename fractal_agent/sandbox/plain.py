"""The jails for machines that forbid namespaces: a plain process that confines itself."""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from fractal_agent.sandbox.base import Limits, SandboxError, no_scratch
from fractal_agent.sandbox.inside.confinement import landlock_version
from fractal_agent.sandbox.inside.seccomp import is_known
from fractal_agent.sandbox.jail import INTERPRETER, START, ZONES, Launch, standard_library


class LandlockJail:
    """Landlock, a system call filter and limits; a temporary folder and an empty environment.

    Against bubblewrap it lacks: a bound on all files together, and a process tree, host name and user
    of its own, though no system call to use the difference is left.
    """

    level = "landlock"

    def __init__(self, reason: str, limits: Limits) -> None:
        """Raises SandboxError where the kernel has no Landlock, or the machine is not known to the filter."""
        if not landlock_version() or not is_known():
            raise SandboxError(
                where="looking for Landlock",
                found="the kernel does not offer it"
                if is_known()
                else "this machine's system calls are not known",
                expected="Linux 5.13 or later with Landlock switched on, on x86_64 or aarch64",
                advice="Allow user namespaces for bubblewrap, or accept less with --unsafe-sandbox.",
            )
        self.notice = f"{reason}, so programs are confined by Landlock and a system call filter alone."
        self._landlock = standard_library()

    @contextmanager
    def enter(self, control: int) -> Iterator[Launch]:
        with _folder() as folder:
            yield Launch(
                command=(str(INTERPRETER), *START),
                folder=folder,
                landlock=self._landlock,
                zones="" if ZONES.folders else ZONES.package,
            )


class LimitsJail:
    """A plain process in a session and a temporary folder of its own, with an empty environment.

    It bounds time, memory and output, and where the filter exists also processes, signals and
    sockets. It hides no file: a program can read and change all that this user can.
    """

    level = "limits"

    def __init__(self, reason: str, limits: Limits) -> None:
        self._filtered = is_known()
        # RLIMIT_NPROC counts all processes of the user, so where the filter serves it stays alone.
        self._processes = 0 if self._filtered else limits.processes
        reach = "the user's files" if self._filtered else "the user's files and the network"
        self.notice = f"{reason}, so programs are limited in time and memory but can reach {reach}."

    @contextmanager
    def enter(self, control: int) -> Iterator[Launch]:
        with _folder() as folder:
            yield Launch(
                command=(str(INTERPRETER), *START),
                folder=folder,
                filtered=self._filtered,
                zones="" if ZONES.folders else ZONES.package,
                processes=self._processes,
            )


_PREFIX = "fractal-agent-sandbox-"
_YOUNG_SECONDS = 60.0
"""A folder younger than this may be one that its owner is about to lock."""


@contextmanager
def _folder() -> Iterator[str]:
    """A new folder of the user's own, removed after the block as far as programs left that possible.

    If this process is killed, the next that makes one removes it: a lock tells whether the owner lives.
    """
    try:
        _sweep()
        folder = Path(mkdtemp(prefix=_PREFIX))
    except OSError as error:
        raise no_scratch(error) from error
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield str(folder)
    finally:
        with suppress(OSError):
            remove(folder)
        os.close(lock)


def _sweep() -> None:
    """Remove the folders of this user whose owners were killed."""
    for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # Another's, a link, locked, or just removed by another process.
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                found = os.fstat(lock)
                if found.st_uid == os.getuid() and time.time() - found.st_mtime > _YOUNG_SECONDS:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove(folder)
            finally:
                os.close(lock)


def remove(folder: Path) -> None:
    """Remove a folder in which a program did its worst: no depth and no closed folder is in the way.

    `shutil.rmtree` recurses, so a program could break it. Raises OSError where the system refuses.
    """
    folder.chmod(0o700)
    while entries := list(folder.iterdir()):
        for entry in entries:
            if entry.is_symlink() or not entry.is_dir():
                entry.unlink()
                continue
            entry.chmod(0o700)
            for inner in list(entry.iterdir()):
                if inner.is_dir() and not inner.is_symlink():
                    inner.chmod(0o700)  # Or it could not be moved.
                inner.rename(folder / secrets.token_hex(8))
            entry.rmdir()
    folder.rmdir()
