"""What a sandbox promises: an untrusted program is run, judged and gone, within limits."""

from typing import Literal, Protocol, TypeAlias

import msgspec

from events.effects import ExecutionCompleted, ExecutionRequested, GradingCompleted
from events.work import ExampleResult

Outcome: TypeAlias = Literal["passed", "failed", "error", "timeout", "killed"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a call that was watched."""

    line: int
    source: str
    changed: dict[str, str]
    """Local variables that are new or changed before the line runs, as `repr`, cut to a bound."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """How a program fared under tests, with everything that is known of each failure.

    This quotes the tests: it is for whoever may see them, never for the log of a run whose tests are hidden.
    """

    outcome: Outcome
    """`error`: the program could not be loaded. `killed`: it exited or hit a limit other than time."""
    passed: int = 0
    """Assertions that held."""
    failed: int = 0
    """Assertions that did not hold, and calls that raised or were stopped; `failures` has the first ones."""
    failures: tuple[ExampleResult, ...] = ()
    """The first failures. `expected` is a value where the assertion compares with one, else its condition."""
    error: str = ""
    """Why the program could not be loaded or was stopped, or the first failure in one line."""
    stdout: str = ""
    """What the program printed, cut to a bound."""
    trace: tuple[Step, ...] = ()
    """The first steps of the first failing call, if they were asked for."""


class Sandbox(Protocol):
    """Runs programs that nobody has read.

    Whatever a program does to itself (loops, exits, crashes, floods, crosses a limit) comes back
    as an outcome. `SandboxError` is raised when the sandbox itself failed, and then nothing is
    known about the program. Any number of calls may be in flight; they wait their turn inside.
    A cancelled call kills the program and leaves no process of it behind; a call may be repeated freely.
    """

    @property
    def level(self) -> str:
        """How strong the isolation is: `bubblewrap`, `landlock`, `limits` or `instant`."""

    @property
    def notice(self) -> str:
        """One sentence for the user on why isolation is weaker than it could be, or empty."""

    async def execute(self, request: ExecutionRequested) -> ExecutionCompleted:
        """Load the program and run its examples in order.

        `results` has one entry for each example that was reached, in the order of the request:
        all of them unless the program could not be loaded or died on the way. The outcome is
        `passed` when every example passed, also when there are none. An example that cannot be judged
        passes, and its `error` says why: nothing is known against the program.
        """

    async def grade(self, code: str, entry_point: str, tests: str, prompt: str = "") -> GradingCompleted:
        """As `judge`, but the answer quotes nothing of `tests`: counts, an exception's type and line."""

    async def judge(
        self, code: str, entry_point: str, tests: str, prompt: str = "", *, trace: bool = False
    ) -> Judged:
        """Load `code`, then run `check(candidate)` as `tests` define it, or their bare assertions.

        Tests that consist of `__pairs__`, inputs with outputs, run the code as a whole program instead.

        Other functions of the program that the tests name are called too, except those that `prompt`, the
        problem's own text, defines: then its definition counts. Raises TestsUnusable.
        """


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one program may use. Crossing a limit is an outcome of the program."""

    wall_seconds: float = 30.0
    """From the start of the process to its verdict; then everything it started is killed."""
    cpu_seconds: int = 10
    """Processor time of the whole process with its threads."""
    example_cpu_seconds: float = 2.0
    """Processor time of one example. Not wall time: a busy machine must not change a verdict."""
    example_wall_seconds: float = 8.0
    """Wall time of one example, for those that sleep."""
    pair_cpu_seconds: float = 6.0
    """Processor time of a whole program on one input."""
    pair_wall_seconds: float = 20.0
    """Wall time of the same."""
    pairs_wall_seconds: float = 600.0
    """Wall time of a whole program on all its inputs, one after the other."""
    memory_bytes: int = 1 << 30
    """Address space of the process, the interpreter's own 40 MiB or so included."""
    output_bytes: int = 1 << 20
    """What the program may print before it is killed. What it writes to stderr goes nowhere."""
    shown_characters: int = 2_000
    """To how much each printed output, value and error is cut before it is reported."""
    file_bytes: int = 16 << 20
    """Size of one file, and under bubblewrap of all files together."""
    open_files: int = 64
    """Highest number of file descriptors."""
    processes: int = 64
    """Threads, under bubblewrap and not for root. New processes are refused wherever calls are filtered."""
    source_bytes: int = 2 << 20
    """Length of the program; a longer one is an error without being run."""


class SandboxError(Exception):
    """The sandbox failed, so nothing is known about the program. Never an outcome."""

    def __init__(self, *, where: str, found: str, expected: str, advice: str) -> None:
        self.where = where
        self.found = found
        super().__init__(f"{where}: {found}; expected {expected}. {advice}")


def no_scratch(error: OSError) -> SandboxError:
    """The error for a place for temporary files that refused one."""
    return SandboxError(
        where="making a temporary file",
        found=error.strerror or str(error),
        expected="a folder for such files, with free space",
        advice="Set TMPDIR to a folder that can be written to.",
    )


class TestsUnusable(SandboxError):
    """The tests cannot judge any program: they do not compile, assert nothing, or need what is not there."""

    __test__ = False
    """To pytest, which collects classes by such names."""

    def __init__(self, found: str) -> None:
        super().__init__(
            where="running the tests",
            found=found,
            expected="Python source that defines check(candidate) or makes assertions",
            advice="Check the data set that the tests come from.",
        )
