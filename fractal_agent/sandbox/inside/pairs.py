"""Runs a whole program on inputs and compares what it prints. Each input gets a process of its own.

Expected outputs stay on this side: the program knows one input, and nothing of the others.
"""

from __future__ import annotations

import ast
import math
import re
import socket
import time
from typing import Any, NamedTuple

from fractal_agent.sandbox.inside.remote import Remote
from fractal_agent.sandbox.inside.standins import Told, told_of
from fractal_agent.sandbox.inside.stops import Alarm, Broken, Stopped, Unusable

PAIRS, COMPARE, FILES = "__pairs__", "__compare__", "__files__"
"""Under which names tests say what to run: inputs with outputs, how to compare, files for the folder."""
KEPT = 20
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|inf|nan)", re.IGNORECASE)


class Pairs(NamedTuple):
    """What a program is to print for which input."""

    pairs: list[tuple[str, str]]
    compare: str
    """`exact`, a tolerance as a decimal number, or anything else for token by token."""
    files: dict[str, str]


def pairs_in(tree: ast.Module) -> Pairs | None:
    """The pairs that tests consist of; None for tests that are code. Raises Unusable."""
    found = constants(tree)
    if PAIRS not in found:
        return None
    pairs = found[PAIRS]
    if not isinstance(pairs, list | tuple) or not pairs or not all(map(_is_pair, pairs)):
        raise Unusable(f"{PAIRS} is not a list of pairs of an input and an output, both text")
    return Pairs([tuple(pair) for pair in pairs], str(found.get(COMPARE, "")), files_in(found))


def files_in(found: dict[str, object]) -> dict[str, str]:
    files = found.get(FILES, {})
    if not isinstance(files, dict) or not all(
        isinstance(name, str) and isinstance(content, str) for name, content in files.items()
    ):
        raise Unusable(f"{FILES} is not a dict of file names and their text")
    return files


def constants(tree: ast.Module) -> dict[str, object]:
    """What tests say by names of ours, as literals at top level. Raises Unusable."""
    found: dict[str, object] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in {PAIRS, COMPARE, FILES}:
                try:
                    found[name] = ast.literal_eval(value)
                except ValueError as error:
                    raise Unusable(f"{name} is no literal: {error}") from error
    return found


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list | tuple) and [type(part) for part in pair] == [str, str]


def run_pairs(
    control: socket.socket, limits: dict[str, float], job: dict[str, object], asked: Pairs, *, every: bool
) -> dict[str, object]:
    """What became of the pairs, as `Answer` has it: the results of all if `every`, else failures alone.

    Without `every`, the first pair that is stopped is the last that is tried.
    """
    answer: dict[str, object] = {"outcome": "passed", "error": "", "kind": "", "line": 0}
    results: list[dict[str, str]] = []
    passed, printed, spent = 0, b"", False
    until = time.monotonic() + limits["pairs_wall_seconds"]
    for number, (given, expected) in enumerate(asked.pairs or [("", "")], start=1):
        tried = _Try(control, limits, str(job["code"]), asked, until)
        told = tried.told(given, expected)
        spent = spent or tried.spent
        printed = printed or tried.stdout
        if tried.broken or not asked.pairs:
            answer |= tried.broken
            break
        passed += told["outcome"] == "passed"
        if every or told["outcome"] != "passed":
            results.append(told | {"call": given, "expected": expected})
        if told["outcome"] != "passed" and answer["outcome"] == "passed":
            place = f"pair {number} of {len(asked.pairs)}"
            answer |= {"outcome": "failed", "error": told["error"] or f"the output is wrong for {place}"}
            answer |= {"kind": tried.kind, "line": tried.line}
        if tried.spent or (tried.stopped and not every):
            answer |= {"outcome": tried.stopped or "killed", "kind": ""} if not every else {}
            break
    failed = sum(told["outcome"] != "passed" for told in results)
    kept = results if every else results[:KEPT]
    return {
        **answer,
        "passed": passed, "failed": failed, "failures": kept, "stdout": printed, "spent": spent, "trace": [],
    }  # fmt: skip


class _Try:
    """One run of the program."""

    def __init__(
        self, control: socket.socket, limits: dict[str, float], code: str, asked: Pairs, until: float
    ) -> None:
        self._control = control
        self._limits = limits
        self._code = code
        self._asked = asked
        self._until = until
        self.kind = ""
        """Type of the exception that ended it."""
        self.line = 0
        self.stopped = ""
        """`timeout` or `killed` where it was stopped."""
        self.broken: dict[str, object] = {}
        """What to answer if it could not be loaded."""
        self.spent = False
        self.stdout = b""

    def told(self, given: str, expected: str) -> dict[str, str]:
        """The outcome of the pair, with what was printed."""
        error = self._run(given, expected)
        shown = self.stdout.decode("utf-8", "backslashreplace")
        if error is None:
            outcome = "passed" if agrees(shown, expected, self._asked.compare) else "failed"
            return {"outcome": outcome, "actual": shown, "error": ""}
        outcome = "timeout" if self.stopped == "timeout" else "error"
        return {"outcome": outcome, "actual": shown if outcome == "error" else "", "error": error}

    def _run(self, given: str, expected: str) -> str | None:
        """Why it did not end well; None if it did."""
        room = max(self._limits["output_bytes"], 2 * len(expected.encode("utf-8", "surrogatepass")))
        limits = self._limits | {"output_bytes": room}
        wall = min(limits["pair_wall_seconds"], max(self._until - time.monotonic(), 0.001))
        remote = Remote(self._control, limits)
        remote.limit_calls(limits["pair_cpu_seconds"], wall)
        error = None
        with remote:
            try:
                with Alarm(wall + 1, f"it did not end within {wall:g} s"):
                    remote.run(self._code, given, self._asked.files)
            except Broken as broken:
                error = broken.description
                self.broken = {"outcome": broken.outcome, "error": error, "unloaded": True}
            except Stopped as stop:
                error = self._of_stop(stop, remote)
            except Exception as raised:  # noqa: BLE001  # what the program raised
                error = self._of_raised(told_of(raised), raised)
        self.spent, self.stdout = remote.spent, remote.stdout
        if error is None and len(self.stdout) > room:
            self.stopped, error = "killed", f"printed more than {room:.0f} bytes"
        return error

    def _of_stop(self, stop: Stopped, remote: Remote) -> str | None:
        if remote.status == 0:  # It left by itself: `os._exit(0)`.
            return None
        if stop.kind == "SystemExit":
            self.kind = stop.kind
            return stop.error
        self.stopped = stop.outcome
        return stop.error

    def _of_raised(self, told: Told | None, raised: Exception) -> str:
        self.kind = told.builtin if told else type(raised).__name__
        self.line = told.line if told else 0
        return told.description if told else str(raised)


def agrees(printed: str, expected: str, compare: str) -> bool:
    """The output is the expected one: by default token by token, so that no blank or line end counts."""
    if compare == "exact":
        return _ended(printed) == _ended(expected)
    one, other = printed.split(), expected.split()
    if one == other:
        return True
    tolerance = float(compare) if _NUMBER.fullmatch(compare) else -1.0
    return tolerance >= 0 and len(one) == len(other) and all(
        first == second or _near(first, second, tolerance) for first, second in zip(one, other, strict=True)
    )  # fmt: skip


def _near(one: str, other: str, tolerance: float) -> bool:
    if not (_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)):
        return False
    return math.isclose(float(one), float(other), rel_tol=tolerance, abs_tol=tolerance)


def _ended(text: str) -> str:
    """With plain line ends, of which the last counts for nothing."""
    return text.replace("\r\n", "\n").removesuffix("\n")


def examples_of(job: dict[str, Any]) -> Pairs:
    """The examples that a problem shows of a program."""
    return Pairs(
        [(call, expected) for call, expected in job["examples"]], str(job["compare"]), dict(job["files"])
    )
