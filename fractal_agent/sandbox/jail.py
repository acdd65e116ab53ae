"""How a process is put behind bars before the harness runs in it: one Protocol, two answers."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import msgspec

INTERPRETER = Path(sys.executable).resolve()
"""The interpreter itself, not the link in a virtual environment, so that no package is in sight."""

START = ("-P", "-s", "-S", "-B", "-c", "import marshal, sys; exec(marshal.load(sys.stdin.buffer))")
"""Arguments that run the code found on stdin. The flags do what `-I` does, except that PYTHONHASHSEED
is still read: the order of sets is part of what a program does, and must be the same each time."""

ENVIRONMENT = {"PYTHONHASHSEED": "0"}
"""All that the interpreter sees of the environment; the harness removes even this."""


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How to start one jailed process."""

    command: tuple[str, ...]
    descriptors: tuple[int, ...] = ()
    """To be inherited; they belong to the jail, which closes them."""
    folder: str
    """The working directory of the command."""
    filter: bytes = b""
    """A system call filter for the harness to install; empty if the jail does, or none exists."""
    processes: int = 0
    """RLIMIT_NPROC for the harness to set; 0 leaves it alone."""


class Jail(Protocol):
    """Knows how to start the harness isolated. Says nothing of what happens inside."""

    @property
    def level(self) -> str:
        """As `Sandbox.level`."""

    @property
    def notice(self) -> str:
        """As `Sandbox.notice`."""

    def enter(self, verdict: int) -> AbstractContextManager[Launch]:
        """What to start so that the harness reports on the inherited descriptor `verdict`.

        Whatever the launch needs exists inside the block and is gone after it.
        """
