"""Tries one file with a program against one with tests: what `exec` does."""

import ast
import builtins
import warnings
from pathlib import Path
from typing import Literal

import msgspec

from fractal_agent.datasets.programs import pair_tests, pairs_in_file
from fractal_agent.sandbox.base import Judged, Outcome, Step
from fractal_agent.sandbox.inside.pairs import PAIRS
from fractal_agent.sandbox.opening import DEFAULT_LIMITS, Kind, open_sandbox

PROGRAM = "main"
"""The entry point of a program that reads and prints, which has none."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One assertion that did not hold, or one call that raised or was stopped."""

    call: str
    """The last call before the assertion, on the side that is not what is expected."""
    expected: str
    """A value, or where the assertion compares with none, its condition and what its names stand for."""
    actual: str
    """What came in place of it: the comparison's other side, or what the call returned; empty if nothing."""
    error: str
    """What the call or the tests raised, the message where no call speaks, or why it was stopped."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """How the program fared, for whoever may see the tests."""

    outcome: Outcome | Literal["refused"]
    """`refused`: what was given is no program, and nothing was run."""
    passed: int = 0
    failed: tuple[Failure, ...] = ()
    """The first ones."""
    failures: int = 0
    """How many in all."""
    error: str = ""
    stdout: str = ""
    trace: tuple[Step, ...] = ()
    sandbox: str = ""
    """The level at which it ran."""
    notice: str = ""
    """Why that level is weaker than it could be."""


class NoProgram(Exception):
    """A file that cannot be tried; the message says why."""

    def __init__(self, file: Path, found: str, expected: str) -> None:
        super().__init__(f"{file}: {found}; expected {expected}.")


async def try_file(
    program: Path,
    tests: Path,
    *,
    entry_point: str | None = None,
    trace: bool = False,
    kind: Kind = "auto",
    unsafe: bool = False,
) -> Trial:
    """The verdict of the tests (`check(candidate)`, or bare assertions) on the program.

    Tests in a .json or .jsonl file are pairs of what the program reads and what it is to print.

    `entry_point` is the last function of the program by default. Raises NoProgram if a file cannot be read,
    the tests are no text or there is no function, TestsUnusable, and SandboxError if no sandbox can be had.
    """
    source = _text(program)
    if isinstance(source, Trial):
        return source
    asked = _text(tests)
    if isinstance(asked, Trial):
        raise NoProgram(tests, asked.error, "tests as UTF-8 text")
    if tests.suffix in {".json", ".jsonl"}:
        asked = _pairs(tests, asked)
    name = entry_point or (PROGRAM if PAIRS in asked else _entry_point(program, source))
    async with open_sandbox(kind, concurrency=1, unsafe=unsafe) as sandbox:
        judged = await sandbox.judge(source, name, asked, trace=trace)
        return _trial(judged, sandbox.level, sandbox.notice)


def _pairs(file: Path, text: str) -> str:
    """The tests that the pairs in the file are. Raises NoProgram."""

    def bad(_: str, found: str, expected: str) -> NoProgram:
        return NoProgram(file, found, expected)

    return pair_tests(pairs_in_file(text, file.name, bad), "")


def _text(file: Path) -> str | Trial:
    """The file's text; a refusal if it holds none, or far too much. Raises NoProgram if it cannot be read."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NoProgram(file, error.strerror or str(error), "a file that can be read") from error
    if len(content) > DEFAULT_LIMITS.source_bytes:
        return Trial(
            outcome="refused",
            error=f"{file}: {len(content)} bytes; expected at most {DEFAULT_LIMITS.source_bytes}",
        )
    if b"\0" in content:
        return Trial(
            outcome="refused", error=f"{file}: a NUL byte at offset {content.index(0)}; expected text"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Trial(outcome="refused", error=f"{file}: no UTF-8 at offset {error.start}; expected UTF-8")


def _entry_point(file: Path, source: str) -> str:
    """The last function of the program but `main`, else the last lambda or class; empty if it is no Python.

    Never a builtin's name: the tests may mean the builtin by it. Raises NoProgram if there is none.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""  # Loading it will say why.
    names = {
        "function": [node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)],
        "lambda": [name for node in body for name in _lambdas(node)],
        "class": [node.name for node in body if isinstance(node, ast.ClassDef)],
    }
    for found in names.values():
        if chosen := [name for name in found if not _is_taken(name)]:
            return next((name for name in reversed(chosen) if name != "main"), chosen[-1])
    taken = ", ".join(name for found in names.values() for name in found)
    raise NoProgram(
        file,
        f"no function to test but {taken}, whose names Python takes itself"
        if taken
        else "no function to test",
        "one at top level, or its name by --entry-point",
    )


def _lambdas(node: ast.stmt) -> list[str]:
    """The names to which the statement gives a lambda."""
    match node:
        case ast.Assign(targets=targets, value=ast.Lambda()):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.Lambda()):
            return [name]
    return []


def _is_taken(name: str) -> bool:
    return hasattr(builtins, name) or (name.startswith("__") and name.endswith("__"))


def _trial(judged: Judged, level: str, notice: str) -> Trial:
    return Trial(
        outcome=judged.outcome,
        passed=judged.passed,
        failed=tuple(
            Failure(
                call=failure.example.call,
                expected=failure.example.expected,
                actual=failure.actual,
                error=failure.error,
            )
            for failure in judged.failures
        ),
        failures=judged.failed,
        error=judged.error,
        stdout=judged.stdout,
        trace=judged.trace,
        sandbox=level,
        notice=notice,
    )
