"""The limits that this process inherited: where they are lower than the sandbox's, they are kept and said."""

import resource
from typing import NamedTuple

import msgspec

from fractal_agent.sandbox.base import Limits, SandboxError


class _Ulimit(NamedTuple):
    """One limit of the system's."""

    number: int
    option: str
    """Of the shell's `ulimit`."""
    unit: int
    """So many bytes, seconds or descriptors are one of the shell's."""
    field: str
    """Of `Limits`."""


_ULIMITS = (
    _Ulimit(resource.RLIMIT_AS, "-v", 1024, "memory_bytes"),
    _Ulimit(resource.RLIMIT_DATA, "-d", 1024, "memory_bytes"),
    _Ulimit(resource.RLIMIT_FSIZE, "-f", 1024, "file_bytes"),
    _Ulimit(resource.RLIMIT_CPU, "-t", 1, "cpu_seconds"),
    _Ulimit(resource.RLIMIT_NOFILE, "-n", 1, "open_files"),
    _Ulimit(resource.RLIMIT_NPROC, "-u", 1, "processes"),
)


class Kept(NamedTuple):
    """The sandbox's limits under the inherited ones."""

    limits: Limits
    lowered: tuple[str, ...]
    """The inherited limits that are lower, as the shell sets them: `ulimit -f 1000`."""

    @property
    def notice(self) -> str:
        """One sentence, or empty when none is lower."""
        if not self.lowered:
            return ""
        which = " and ".join(f"`{each}`" for each in self.lowered)
        return f"Programs have less than the sandbox allows, because this process inherited {which}."


def inherited(number: int) -> int:
    """The limit that holds for this process; `resource.RLIM_INFINITY` where none does."""
    soft, hard = resource.getrlimit(number)
    return hard if soft == resource.RLIM_INFINITY else soft


def lower(number: int, wanted: int) -> int:
    """What is wanted, or the inherited limit where that is lower."""
    found = inherited(number)
    return wanted if found == resource.RLIM_INFINITY else min(wanted, found)


def kept(limits: Limits) -> Kept:
    """The limits, none above the inherited one, and which were lowered for that."""
    lowered: list[str] = []
    least: dict[str, int] = {}
    for ulimit in _ULIMITS:
        wanted = getattr(limits, ulimit.field)
        found = lower(ulimit.number, wanted)
        if found < wanted:
            least[ulimit.field] = min(found, least.get(ulimit.field, found))
            lowered.append(f"ulimit {ulimit.option} {found // ulimit.unit}")
    return Kept(msgspec.structs.replace(limits, **least), tuple(lowered))


def too_low(lowered: tuple[str, ...], found: str) -> SandboxError:
    """What to raise where nothing starts under inherited limits."""
    which = " and ".join(f"`{each}`" for each in lowered)
    return SandboxError(
        where=f"starting the sandbox under the inherited {which}",
        found=found,
        expected="limits under which an interpreter can start",
        advice="Start this command where the limit is higher: set by `ulimit` in a new shell, "
        "or by the settings of the service or container.",
    )
