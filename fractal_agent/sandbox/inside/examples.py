"""Runs the examples that a problem shows: a call and its result, both as source."""

from __future__ import annotations

import ast
import builtins
import importlib
import math
import socket
import time

from fractal_agent.sandbox.inside.channel import OUT_OF_TIME
from fractal_agent.sandbox.inside.digits import any_digits
from fractal_agent.sandbox.inside.forms import FLAGS, finished
from fractal_agent.sandbox.inside.remote import Remote, show
from fractal_agent.sandbox.inside.rewriting import names_needed
from fractal_agent.sandbox.inside.standins import text_of, told_of
from fractal_agent.sandbox.inside.stops import Alarm, Broken, Stopped, Unusable

RELATIVE_TOLERANCE = 1e-6
"""Of floats: prompts show them rounded."""

_CONSTRUCTORS = (
    *("set", "frozenset", "list", "tuple", "dict"),
    *("int", "float", "complex", "bytes", "bytearray", "range"),
)
_VALUE_BUILTINS = {name: getattr(builtins, name) for name in _CONSTRUCTORS}
"""All that the source of an expected value may call."""

_VALUE_SYNTAX = (
    *(ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.unaryop, ast.BinOp),
    *(ast.operator, ast.Call, ast.Name, ast.keyword, ast.expr_context),
)  # fmt: skip


def run_examples(
    control: socket.socket, limits: dict[str, float], job: dict[str, object]
) -> dict[str, object]:
    """What became of each example that was reached, and of the program as a whole.

    An example that takes too long is stopped with its process; the ones after it run in a fresh one.
    """
    todo: list[tuple[str, str]] = [(call, expected) for call, expected in job["examples"]]  # type: ignore[attr-defined]  # pairs
    results: list[dict[str, str]] = []
    printed = b""
    answer: dict[str, object] = {"outcome": "passed", "error": "", "kind": ""}
    until = time.monotonic() + limits["wall_seconds"]
    loaded = spent = False
    while answer["outcome"] == "passed" and (not loaded or len(results) < len(todo)):
        loaded = True
        remote = Remote(control, limits)
        with remote:
            try:
                with Alarm(until - time.monotonic(), f"no verdict within {limits['wall_seconds']:g} s"):
                    _run_some(remote, limits, job, todo, results)
            except Broken as error:
                answer |= {"outcome": error.outcome, "error": error.description, "unloaded": True}
            except Stopped as stop:
                answer |= {"outcome": stop.outcome, "error": stop.error}
        printed = printed or remote.stdout
        spent = remote.spent
        if spent and answer["outcome"] == "passed" and len(results) < len(todo):
            answer |= {"outcome": "killed", "error": "left more files than can be removed"}
    if answer["outcome"] == "passed" and any(result["outcome"] != "passed" for result in results):
        answer["outcome"] = "failed"
    return {**answer, "failures": results, "stdout": printed, "spent": spent}


def _run_some(
    remote: Remote,
    limits: dict[str, float],
    job: dict[str, object],
    todo: list[tuple[str, str]],
    results: list[dict[str, str]],
) -> None:
    """Examples from where the results end, until all are done or one was stopped alone."""
    entry_point = str(job["entry_point"])
    calls = [_parsed(call) for call, _ in todo]
    names = {name for tree in calls if isinstance(tree, ast.Expression) for name in names_needed(tree)}
    files: dict[str, str] = job["files"]  # type: ignore[assignment]  # of names and contents
    wanted = [entry_point, *sorted(names - {entry_point, "asyncio"})]
    found = remote.load(str(job["code"]), wanted, files, awaits=_waits(names, calls), coroutines=True)
    if "asyncio" in names:
        found["asyncio"] = importlib.import_module("asyncio")  # The judge's own.
    if entry_point not in found:
        raise Broken("NameError", "NameError", f"NameError: the program does not define {entry_point!r}")
    remote.limit_calls(limits["example_cpu_seconds"], limits["example_wall_seconds"])
    while len(results) < len(todo):
        place = len(results)
        try:
            results.append(_result(calls[place], todo[place][1], found))
        except Unusable as error:
            results.append(_told("passed", error=f"cannot be judged: {error}"))
            remote.stopped = None
        except Stopped as stop:
            timely = stop.outcome == "timeout"
            results.append(_told("timeout") if timely else _told("error", error=stop.error))
            if stop.error != OUT_OF_TIME:
                raise
            return


def _waits(names: set[str], calls: list[ast.Expression | Exception]) -> bool:
    """An example awaits by itself, or its function may be async: that costs nothing where none is."""
    return "asyncio" in names or any(
        isinstance(node, ast.Await)
        for call in calls
        if isinstance(call, ast.Expression)
        for node in ast.walk(call)
    )


def _result(call: ast.Expression | Exception, expected: str, found: dict[str, object]) -> dict[str, str]:
    """One example's outcome. Raises Stopped alone."""
    try:
        if isinstance(call, Exception):
            raise call
        namespace = {"__builtins__": builtins, **found}
        actual = finished(eval(compile(call, "<example>", "eval", FLAGS, dont_inherit=True), namespace))  # noqa: S307  # names are bounded
        wanted = _value(expected)
        outcome = "passed" if matches(actual, wanted) else "failed"
    except Exception as error:  # noqa: BLE001  # an example may be anything
        told = told_of(error)
        return _told("error", error=told.description if told else f"{type(error).__name__}: {text_of(error)}")
    return _told(outcome, actual=show(actual))


def _told(outcome: str, *, actual: str = "", error: str = "") -> dict[str, str]:
    return {"outcome": outcome, "call": "", "expected": "", "actual": actual, "error": error}


def _parsed(call: str) -> ast.Expression | Exception:
    try:
        with any_digits():
            return ast.parse(call, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(f"the example's call {call!r} is no expression: {error}")


def _value(source: str) -> object:
    """The value that the source stands for. Raises ValueError for anything but a value.

    It may call builtin types and nothing else: a program must have no part in what is expected of it.
    """
    with any_digits():
        tree = ast.parse(source, mode="eval")
    for node in ast.walk(tree.body):
        known = not isinstance(node, ast.Name) or node.id in _VALUE_BUILTINS
        if not isinstance(node, _VALUE_SYNTAX) or not known:
            raise ValueError(f"the expected {source!r} is no value")
    return eval(compile(tree, "<example>", "eval", dont_inherit=True), {"__builtins__": _VALUE_BUILTINS})  # noqa: S307  # checked


def matches(actual: object, wanted: object) -> bool:
    """Equality, with a tolerance for floats, also those inside lists, tuples and dicts."""
    if actual == wanted:
        return True
    if isinstance(actual, float) and isinstance(wanted, float):
        return math.isclose(actual, wanted, rel_tol=RELATIVE_TOLERANCE)
    if isinstance(actual, list | tuple) and isinstance(wanted, list | tuple):
        return (
            type(actual) is type(wanted) and len(actual) == len(wanted) and all(map(matches, actual, wanted))
        )
    if isinstance(actual, dict) and isinstance(wanted, dict) and actual.keys() == wanted.keys():
        return all(matches(value, wanted[key]) for key, value in actual.items())
    return False
