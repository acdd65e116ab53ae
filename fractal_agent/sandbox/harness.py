"""The script inside the sandbox: it limits itself, loads the program and tells how it fared.

It runs on the interpreter alone, so it imports nothing of the project, and besides `os` only modules
that are compiled in C: `json` and `signal` would more than double the time to start. Its own
code, a nonce and the job come marshalled on stdin; frames go out as lines on the descriptor that
the argument names, each behind the nonce. What the program prints goes to stdout and stderr, which
carry nothing else.

What this does not promise: program, examples and tests share one interpreter. A program that
happens to print like the harness cannot be mistaken for it, but one written to cheat can find
the nonce, patch the comparison or answer `==` with True, and so forge a verdict.
"""

# ruff: noqa: BLE001, S102, S302, S307  # To run foreign code and to survive it is what this file is for.

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # the C half; the other turns numbers into enums
import marshal
import os
import resource
import sys

TYPE_CHECKING = False  # `typing` takes longer to import than most programs take to run.
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, TypeAlias, TypedDict

    Namespace: TypeAlias = dict[str, Any]  # Any: the names of a program are of any type
    Fields: TypeAlias = dict[str, str]

    class Limits(TypedDict):
        cpu_seconds: int
        example_cpu_seconds: float
        example_wall_seconds: float
        memory_bytes: int
        shown_characters: int
        file_bytes: int
        open_files: int
        processes: int

    class Job(TypedDict):
        program: str
        entry_point: str
        examples: list[tuple[str, str]]
        tests: str | None
        limits: Limits
        filter: bytes


PROGRAM = "<program>"
EXAMPLE = "<example>"
TESTS = "<tests>"
"""File names by which an exception's traceback tells whose code it passed through."""

RELATIVE_TOLERANCE = 1e-6
"""Of floats in examples: prompts show them rounded."""

RING_AGAIN_SECONDS = 0.5
"""A program may swallow `OutOfTime` once, by a bare except, so the alarm is repeated."""


class OutOfTime(BaseException):
    """The time of one example is up. Not an Exception, so that programs seldom swallow it."""


def main() -> None:
    verdict = int(sys.argv.pop())
    nonce: bytes = marshal.load(sys.stdin.buffer)
    job: Job = marshal.load(sys.stdin.buffer)
    send = sender(verdict, nonce, job["limits"]["shown_characters"])
    streams = (sys.stdout, sys.stderr)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a text file here
    close_stdin()
    os.environ.clear()
    limit(job["limits"])
    refuse_system_calls(job["filter"])
    send(type="Ready")
    ending = run(job, send)
    for stream in streams:
        try:  # noqa: SIM105  # contextlib is slow to import
            stream.flush()
        except (OSError, ValueError):  # The program closed it: what it printed is lost, no more.
            pass
    send(type="Ended", **ending)
    # Threads and exit handlers of the program are not waited for.
    os._exit(0)


def sender(descriptor: int, nonce: bytes, characters: int) -> Callable[..., None]:
    """A function that writes one frame of strings. The nonce lives in its closure only."""

    def send(**fields: str) -> None:
        # In hex no text can hold what separates fields or frames.
        parts = [f"{name}={cut(text, characters).encode().hex()}" for name, text in fields.items()]
        line = memoryview(b"\n%b %b\n" % (nonce, " ".join(parts).encode()))
        while line:
            line = line[os.write(descriptor, line) :]

    return send


def close_stdin() -> None:
    """Leave an empty pipe as stdin, so that `input()` finds its end at once."""
    reading, writing = os.pipe()
    os.close(writing)
    os.dup2(reading, 0)
    os.close(reading)


def limit(limits: Limits) -> None:
    """Set resource limits. The second of grace lets the signal name the cause, if not ignored."""
    cpu = limits["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits["open_files"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits["processes"]:
        resource.setrlimit(resource.RLIMIT_NPROC, (limits["processes"],) * 2)


def refuse_system_calls(instructions: bytes) -> None:
    """Install a seccomp filter, given as an array of `struct sock_filter`; none if it is empty."""
    if not instructions:
        return
    import ctypes  # Slow to import too, and needed only where no jail installed the filter.

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))

    program = Program(len(instructions) // 8, instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, seccomp, filter_mode = 38, 22, 2
    for arguments in (
        (no_new_privileges, 1, 0, 0, 0),
        (seccomp, filter_mode, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "the kernel refused the system call filter")


def run(job: Job, send: Callable[..., None]) -> Fields:
    """The fields of the last frame."""
    tests = None
    if job["tests"] is not None:
        try:
            tests = compile(job["tests"], TESTS, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            return {"outcome": "unusable", "error": f"they cannot be compiled: {error}"}
    try:
        namespace = load(job["program"], job["entry_point"])
    except BaseException as error:
        return {"outcome": severity(error, "error"), "error": describe(error, job["program"])}
    send(type="Loaded")
    if tests is None:
        return {"outcome": run_examples(job, namespace, send), "error": ""}
    return run_tests(job, namespace, tests)


def load(program: str, entry_point: str) -> Namespace:
    """The program's names, once it ran as a module of its own.

    Raises whatever the program raises, and NameError when it does not define its entry point.
    """
    module = type(sys)("program")
    # Dataclasses and pickle look their module up here; `__main__` would show them the harness.
    sys.modules["program"] = sys.modules["__main__"] = module
    exec(compile(program, PROGRAM, "exec", dont_inherit=True), module.__dict__)
    if entry_point not in module.__dict__:
        raise NameError(f"the program does not define {entry_point!r}")
    return module.__dict__


def run_examples(job: Job, namespace: Namespace, send: Callable[..., None]) -> str:
    """Send a frame for each example, in order; the outcome of all of them together."""
    everything = "passed"
    for call, expected in job["examples"]:
        result = run_in_time(job, namespace, call, expected)
        send(type="Ran", **result)
        if result["outcome"] != "passed":
            everything = "failed"
    return everything


def run_tests(job: Job, namespace: Namespace, tests: CodeType) -> Fields:
    """The fields of the last frame, without a word of the tests' source in them."""
    # A copy: the tests may define names that the program's own functions use.
    surroundings = dict(namespace)
    surroundings.pop("check", None)
    try:
        exec(tests, surroundings)
        if "check" not in surroundings:
            return {"outcome": "unusable", "error": "they do not define check(candidate)"}
        surroundings["check"](namespace[job["entry_point"]])
    except BaseException as error:
        return {"outcome": severity(error, "failed"), "error": describe_discreetly(error, job["program"])}
    return {"outcome": "passed", "error": ""}


def run_in_time(job: Job, namespace: Namespace, call: str, expected: str) -> Fields:
    """As `judge`, or a timeout."""
    try:
        set_alarms(job["limits"]["example_cpu_seconds"], job["limits"]["example_wall_seconds"])
        try:
            return judge(job["program"], namespace, call, expected)
        finally:
            set_alarms(0, 0)
    except OutOfTime:
        set_alarms(0, 0)
        return {"outcome": "timeout", "actual": "", "error": ""}


def set_alarms(cpu_seconds: float, wall_seconds: float) -> None:
    """Raise `OutOfTime` in so many seconds, of either kind; 0 disarms."""
    for number, clock, seconds in (
        (signal.SIGPROF, signal.ITIMER_PROF, cpu_seconds),
        (signal.SIGALRM, signal.ITIMER_REAL, wall_seconds),
    ):
        signal.setitimer(clock, seconds, RING_AGAIN_SECONDS if seconds else 0)
        if seconds:
            signal.signal(number, ring)


def ring(*_: object) -> None:
    raise OutOfTime


def judge(program: str, namespace: Namespace, call: str, expected: str) -> Fields:
    """The fields of one example's frame. Raises `OutOfTime` alone."""
    try:
        actual = eval(compile(call, EXAMPLE, "eval", dont_inherit=True), namespace)
        wanted = eval(compile(expected, EXAMPLE, "eval", dont_inherit=True), namespace)
        outcome = "passed" if matches(actual, wanted) else "failed"
        return {"outcome": outcome, "actual": show(actual), "error": ""}
    except OutOfTime:
        raise
    except BaseException as error:
        return {"outcome": "error", "actual": "", "error": describe(error, program)}


def matches(actual: object, wanted: object) -> bool:
    """Equality, with a tolerance for floats, also those inside lists, tuples and dicts."""
    if actual == wanted:
        return True
    if isinstance(actual, float) and isinstance(wanted, float):
        return abs(actual - wanted) <= RELATIVE_TOLERANCE * max(abs(actual), abs(wanted))
    if isinstance(actual, (list, tuple)) and type(actual) is type(wanted) and len(actual) == len(wanted):
        return all(map(matches, actual, wanted))
    if isinstance(actual, dict) and isinstance(wanted, dict) and actual.keys() == wanted.keys():
        return all(matches(value, wanted[key]) for key, value in actual.items())
    return False


def show(value: object) -> str:
    """`repr`, or why there is none."""
    try:
        return repr(value)
    except OutOfTime:
        raise
    except BaseException as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


def severity(error: BaseException, otherwise: str) -> str:
    """A program that left or ran out of memory was stopped, not wrong."""
    return "killed" if isinstance(error, (SystemExit, MemoryError)) else otherwise


def describe_discreetly(error: BaseException, program: str) -> str:
    """As `describe` if the program raised it; for the tests' own exceptions only the type."""
    return describe(error, program) if lines_of(error, PROGRAM) else type(error).__name__


def describe(error: BaseException, program: str) -> str:
    """`ValueError: message (line 4: return int(x))`, with the innermost line of the program."""
    message = error.msg if isinstance(error, SyntaxError) else text_of(error)
    summary = f"{type(error).__name__}: {message}" if message else type(error).__name__
    lines = lines_of(error, PROGRAM)
    source = program.split("\n")
    if not lines or not 0 < lines[-1] <= len(source):
        return summary
    return f"{summary} (line {lines[-1]}: {source[lines[-1] - 1].strip()})"


def lines_of(error: BaseException, file: str) -> list[int]:
    """The lines of `file` that the exception passed through, outermost first."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return [error.lineno or 0]
    lines = []
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == file:
            lines.append(step.tb_lineno)
        step = step.tb_next
    return lines


def text_of(error: BaseException) -> str:
    try:
        return str(error)
    except OutOfTime:
        raise
    except BaseException as second:
        return f"<str raises {type(second).__name__}>"


def cut(text: str, characters: int) -> str:
    """Plain text that any encoder takes, no longer than so many characters."""
    plain = str.encode(text, "utf-8", "backslashreplace").decode()
    return plain if len(plain) <= characters else plain[: characters - 1] + "…"


if __name__ == "__main__":
    main()
