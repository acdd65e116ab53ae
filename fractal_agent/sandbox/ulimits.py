"""Limits that this process has inherited (`ulimit`), where they are lower than the sandbox's own."""

import resource
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from fractal_agent.sandbox.base import Limits


class _Kept(NamedTuple):
    """One of the sandbox's limits, and the resource that a shell may have limited already."""

    field: str
    resource: int
    option: str
    """By which `ulimit` shows and sets it."""
    words: Callable[[int], str]


def _mebibytes(value: int) -> str:
    return f"{value / (1 << 20):,.4g} MiB"


_KEPT = (
    _Kept("memory_bytes", resource.RLIMIT_AS, "-v", lambda value: f"{_mebibytes(value)} of memory"),
    _Kept("file_bytes", resource.RLIMIT_FSIZE, "-f", lambda value: f"{_mebibytes(value)} a file"),
    _Kept("open_files", resource.RLIMIT_NOFILE, "-n", lambda value: f"{value} open files"),
    _Kept("cpu_seconds", resource.RLIMIT_CPU, "-t", lambda value: f"{value} s of processor time"),
)


class Inherited(msgspec.Struct, frozen=True, kw_only=True):
    """The limits that hold in the sandbox, and one sentence on those that came from outside."""

    limits: Limits
    notice: str = ""
    """Empty where nothing inherited is lower."""


def inherited(limits: Limits) -> Inherited:
    """The lower of each limit and the one that this process has inherited, which a process cannot raise."""
    lower = {kept: at for kept in _KEPT if (at := at_most(kept.resource, getattr(limits, kept.field)))}
    if not lower:
        return Inherited(limits=limits)
    told = ", ".join(f"{kept.words(at)} (ulimit {kept.option})" for kept, at in lower.items())
    return Inherited(
        limits=msgspec.structs.replace(limits, **{kept.field: at for kept, at in lower.items()}),
        notice=f"Programs get less than usual, because this shell's limits are lower: {told}.",
    )


def at_most(number: int, wanted: int) -> int:
    """The inherited limit of that resource where it is lower than what is wanted; 0 where it is not."""
    soft, _ = resource.getrlimit(number)
    return soft if soft != resource.RLIM_INFINITY and 0 < soft < wanted else 0
