"""What a sandbox promises: an untrusted program is run, judged and gone, within limits."""

from typing import Protocol

import msgspec

from events.effects import ExecutionCompleted, ExecutionRequested, GradingCompleted


class Sandbox(Protocol):
    """Runs programs that nobody has read.

    Whatever a program does to itself (loops, exits, crashes, floods, crosses a limit) comes back
    as an outcome. `SandboxError` is raised when the sandbox itself failed, and then nothing is
    known about the program. Any number of calls may be in flight; they wait their turn inside.
    A cancelled call kills the program and leaves no process behind; a call may be repeated freely.
    """

    @property
    def level(self) -> str:
        """How strong the isolation is: `bubblewrap`, `limits` or `instant`."""

    @property
    def notice(self) -> str:
        """One sentence for the user on why isolation is weaker than it could be, or empty."""

    async def execute(self, request: ExecutionRequested) -> ExecutionCompleted:
        """Load the program and run its examples in order.

        `results` has one entry for each example that was reached, in the order of the request:
        all of them unless the program could not be loaded or died on the way. The outcome is
        `passed` when every example passed, also when there are none.
        """

    async def grade(self, code: str, entry_point: str, tests: str) -> GradingCompleted:
        """Load `code`, then run `check(candidate)` as `tests` define it.

        The answer quotes nothing of `tests`: an exception that rose in them is told by its type.
        """


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one program may use. Crossing a limit is an outcome of the program."""

    wall_seconds: float = 30.0
    """From the start of the process to its verdict; then everything it started is killed."""
    cpu_seconds: int = 10
    """Processor time of the whole process, its threads and the interpreter's start included."""
    example_cpu_seconds: float = 2.0
    """Processor time of one example. Not wall time: a busy machine must not change a verdict."""
    example_wall_seconds: float = 8.0
    """Wall time of one example, for those that sleep."""
    memory_bytes: int = 1 << 30
    """Address space of the process, the interpreter's own 20 MiB or so included."""
    output_bytes: int = 1 << 20
    """What the program may print to stdout, and again to stderr, before it is killed."""
    shown_characters: int = 2_000
    """To how much each printed output, value and error is cut before it is reported."""
    file_bytes: int = 16 << 20
    """Size of one file, and under bubblewrap of all files together."""
    open_files: int = 64
    """Highest number of file descriptors."""
    processes: int = 64
    """Threads. New processes are refused at any number wherever system calls are filtered."""


class SandboxError(Exception):
    """The sandbox failed, so nothing is known about the program. Never an outcome."""

    def __init__(self, *, where: str, found: str, expected: str, advice: str) -> None:
        self.where = where
        self.found = found
        super().__init__(f"{where}: {found}; expected {expected}. {advice}")
