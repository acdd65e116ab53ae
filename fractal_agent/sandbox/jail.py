"""How a zygote is put behind bars: one Protocol, three answers."""

import os
import sys
import sysconfig
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import msgspec

INTERPRETER = Path(sys.executable).resolve()
"""The interpreter itself, not the link in a virtual environment, so that no package is in sight."""

START = ("-P", "-s", "-S", "-B", "-c", "import marshal, sys; exec(marshal.load(sys.stdin.buffer))")
"""Arguments that run the code found on stdin. The flags do what `-I` does, except that PYTHONHASHSEED
is still read: the order of sets is part of what a program does, and must be the same each time."""

ENVIRONMENT = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
"""All that the interpreters see of the environment; the zygote removes even this."""

PREFIX = Path(sys.base_prefix).resolve()
LIBRARIES = tuple(
    dict.fromkeys(["/lib", "/lib64", "/usr/lib", "/usr/lib64", f"{PREFIX}/lib", f"{PREFIX}/lib64"])
)
"""Where the loader finds the C library and what the standard library links to, and the standard library."""

PACKAGES = Path(sysconfig.get_path("purelib", "posix_prefix", {"base": str(PREFIX)}))
"""What is installed beside the standard library, which programs are not to see."""


class Zones(msgspec.Struct, frozen=True, kw_only=True):
    """Where the data of time zones lies on this machine."""

    folders: tuple[str, ...]
    """Those that the standard library looks into by itself; empty where the system has none."""
    package: str = ""
    """That of the package `tzdata`, which serves in their place."""


def _zones() -> Zones:
    own = str(sysconfig.get_config_var("TZPATH") or "").split(os.pathsep)
    package = find_spec("tzdata")
    places = package.submodule_search_locations if package else None
    return Zones(
        folders=tuple(place for place in own if place and Path(place, "UTC").is_file()),
        package=str(Path(places[0], "zoneinfo").resolve()) if places else "",
    )


ZONES = _zones()


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How to start one zygote."""

    command: tuple[str, ...]
    folder: str
    """The programs' working directory, as the zygote sees it."""
    landlock: tuple[str, ...] | None = None
    """What the zygote leaves itself to read; None leaves it alone."""
    filtered: bool = True
    """System calls are filtered."""
    ends_together: bool = False
    """The kernel ends every process of the jail with the zygote."""
    zones: str = ""
    """Where `zoneinfo` is to look for its data, if not where it does by itself."""
    processes: int = 0
    """RLIMIT_NPROC of each program; 0 sets none."""


class Jail(Protocol):
    """Knows how to start a zygote isolated. Says nothing of what happens inside."""

    @property
    def level(self) -> str:
        """As `Sandbox.level`."""

    @property
    def notice(self) -> str:
        """As `Sandbox.notice`."""

    def enter(self, control: int) -> AbstractContextManager[Launch]:
        """What to start; it inherits the descriptor `control`.

        Whatever the launch needs exists inside the block and is gone after it.
        """


def standard_library() -> tuple[str, ...]:
    """Files and folders that programs need, without the packages installed beside them.

    Landlock can allow a folder only with all that is below, so the one with packages is taken apart.
    """
    paths: list[str] = []
    for library in LIBRARIES:
        folder = Path(library)
        paths += _without(folder, PACKAGES) if PACKAGES.is_relative_to(folder.resolve()) else [str(folder)]
    zones = ZONES.folders or tuple(filter(None, [ZONES.package]))
    return (*paths, str(INTERPRETER), *zones)


def _without(folder: Path, hidden: Path) -> list[str]:
    """The folder's content, down to where the hidden folder would be."""
    paths: list[str] = []
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.resolve() == hidden:
            continue
        paths += _without(entry, hidden) if hidden.is_relative_to(entry.resolve()) else [str(entry)]
    return paths
