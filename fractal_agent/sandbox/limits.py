"""The weak jail, for machines that forbid namespaces: resource limits and a system call filter."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from fractal_agent.sandbox.base import Limits
from fractal_agent.sandbox.jail import INTERPRETER, START, Launch
from fractal_agent.sandbox.seccomp import system_call_filter


class LimitsJail:
    """A plain process in a session and a temporary folder of its own, with an empty environment.

    It bounds time, memory and output, and where the filter exists also processes, signals and
    sockets. It hides no file: a program can read and change all that this user can.
    """

    level = "limits"

    def __init__(self, reason: str, limits: Limits) -> None:
        self._filter = system_call_filter()
        # RLIMIT_NPROC counts all processes of the user, so where the filter serves it stays alone.
        self._processes = 0 if self._filter else limits.processes
        reach = "the user's files" if self._filter else "the user's files and the network"
        self.notice = f"{reason}, so programs are limited in time and memory but can reach {reach}."

    @contextmanager
    def enter(self, verdict: int) -> Iterator[Launch]:
        with TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as folder:
            yield Launch(
                command=(str(INTERPRETER), *START, str(verdict)),
                folder=folder,
                filter=self._filter,
                processes=self._processes,
            )
