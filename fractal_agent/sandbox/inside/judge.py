"""The trusted side: holds tests and expected values, asks the program, and compares what comes back.

It is persistent, so that tests are parsed and compiled once. It runs data sets' tests and the calls of
problems' examples; so it too is confined, to reading libraries and to few system calls.
"""

from __future__ import annotations

import ast
import builtins
import gc
import importlib
import json
import os
import random
import resource
import socket
import sys
import traceback
from types import CodeType
from typing import Any, cast

from fractal_agent.sandbox.inside import confinement, seccomp
from fractal_agent.sandbox.inside.evidence import Book
from fractal_agent.sandbox.inside.examples import run_examples
from fractal_agent.sandbox.inside.remote import Alarm, Broken, Remote, Stopped, Unusable, ZygoteGone
from fractal_agent.sandbox.inside.rewriting import BOOK, names_needed, rewritten

_REMEMBERED = 1_000
"""So many compiled tests are kept."""


def main(settings: dict[str, object]) -> None:
    """Answer jobs until the channel is closed. `settings` is what `worker` makes of the limits."""
    with socket.socket(fileno=int(str(settings["channel"]))) as channel:
        control = socket.socket(fileno=int(str(settings["control"])))
        greeting = control.recv(10_000)
        if greeting != b"ready":
            _answer(channel, {"gone": greeting.decode() or "the zygote did not start"}, 10_000)
            return
        _prepare(settings)
        _answer(channel, {"ready": True})
        judge = _Judge(control, settings["limits"])  # type: ignore[arg-type]  # numbers by name
        while job := _job(channel):
            try:
                answer = judge.answer(job)
            except ZygoteGone as error:
                answer = {"gone": f"the zygote stopped: {error}"}
            except BaseException:  # noqa: BLE001  # the sandbox reports it and does not go on
                answer = {"gone": traceback.format_exc()[-1000:]}
            _answer(channel, answer, 10_000 if "gone" in answer else judge.bound)
            if "gone" in answer:
                return


def _prepare(settings: dict[str, object]) -> None:
    sys.path += cast("list[str]", settings["paths"])
    sys.argv[:] = [""]
    sys.stdin.close()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    confinement.die_with_parent(int(str(settings["parent"])))
    confinement.give_up_privileges()
    memory = int(str(settings["memory"]))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    if settings["landlock"]:
        confinement.restrict_files(settings["readable"], [os.devnull])  # type: ignore[arg-type]  # strings
    if settings["seccomp"]:
        confinement.filter_calls(seccomp.allowing())
        confinement.filter_calls(seccomp.narrowing(os.getpid()))
    gc.freeze()


class _Tests:
    """Tests, ready to run. Raises Unusable."""

    def __init__(self, source: str, helpers: str, entry_point: str) -> None:
        try:
            tree = ast.parse(source)
            needed = names_needed(tree)
            self.modules = [name for name in needed if name in sys.stdlib_module_names]
            """Which the tests use without importing them; the judge's own count, not the program's."""
            self.names = [name for name in needed if name not in sys.stdlib_module_names]
            asserts = any(isinstance(node, ast.Assert) for node in ast.walk(tree))
            self.has_check = any(
                isinstance(node, ast.FunctionDef) and node.name == "check" for node in tree.body
            )
            self.code = compile(rewritten(tree), "<tests>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Unusable(f"they cannot be compiled: {error}") from error
        if not self.has_check and not asserts:
            raise Unusable("they do not define check(candidate) and make no assertion")
        self.helpers = _helpers(helpers, entry_point, set(needed))


def _helpers(prompt: str, entry_point: str, wanted: set[str]) -> CodeType | None:
    """What the prompt itself defines, besides the function to write; None if the tests need none of it."""
    try:
        body = ast.parse(prompt).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    kept = [node for node in body if getattr(node, "name", "") != entry_point]
    defined = {getattr(node, "name", "") for node in kept}
    if not defined & wanted:
        return None
    return compile(ast.Module(kept, []), "<prompt>", "exec", dont_inherit=True)


class _Judge:
    def __init__(self, control: socket.socket, limits: dict[str, float]) -> None:
        self._control = control
        self._limits = limits
        self.bound = int(limits["shown_characters"])
        self._prepared: dict[tuple[str, str, str], _Tests] = {}

    def answer(self, job: dict[str, object]) -> dict[str, object]:
        """What is to be told of the job. Raises ZygoteGone."""
        answer: dict[str, object]
        try:
            if job["tests"] is None:
                answer = run_examples(self._control, self._limits, job)
            else:
                answer = self._run_tests(job)
        except Unusable as error:
            answer = {"unusable": str(error)}
        return answer

    def _tests(self, job: dict[str, object]) -> _Tests:
        key = (str(job["tests"]), str(job["prompt"]), str(job["entry_point"]))
        if key not in self._prepared:
            if len(self._prepared) >= _REMEMBERED:
                self._prepared.clear()
            self._prepared[key] = _Tests(*key)
        return self._prepared[key]

    def _run_tests(self, job: dict[str, object]) -> dict[str, object]:
        tests = self._tests(job)
        wall = self._limits["wall_seconds"]
        remote = Remote(self._control, self._limits)
        book = Book(remote)
        answer: dict[str, object] = {"outcome": "passed", "error": "", "kind": ""}
        with remote:
            try:
                with Alarm(wall, f"no verdict within {wall:g} s"):
                    _judge(job, tests, remote, book)
            except Broken as error:
                answer |= {"outcome": error.outcome, "error": error.description, "unloaded": True}
            except Stopped as stop:
                answer |= {"outcome": stop.outcome, "error": stop.error, "kind": stop.kind}
                call = book.call()
                if call is not None:
                    book.fail(
                        "", "timeout" if stop.outcome == "timeout" else "error",
                        call=call, expected="", error=stop.error,
                    )  # fmt: skip
        if answer["outcome"] == "passed" and book.failed:
            answer |= {"outcome": "failed", "error": _headline(book), "kind": book.kind}
        if answer["outcome"] == "passed" and not book.passed:
            raise Unusable("they make no assertion")
        trace = self._trace(job, book) if job["trace"] and book.first is not None else []
        counts = {"passed": book.passed, "failed": book.failed, "failures": book.failures}
        return {**answer, **counts, "stdout": remote.stdout, "trace": trace}

    def _trace(self, job: dict[str, object], book: Book) -> list[object]:
        """The first failing call once more, in a fresh process that is watched; empty if that goes wrong."""
        assert book.first is not None
        wall = self._limits["wall_seconds"]
        with Remote(self._control, self._limits) as remote:
            try:
                with Alarm(wall, ""):
                    remote.load(str(job["code"]), [])
                    return remote.trace(book.first)
            except (Broken, Stopped):
                return []


def _judge(job: dict[str, object], tests: _Tests, remote: Remote, book: Book) -> None:
    entry_point = str(job["entry_point"])
    found = remote.load(str(job["code"]), [entry_point, *tests.names])
    if entry_point not in found:
        raise Broken("NameError", "NameError", f"NameError: the program does not define {entry_point!r}")
    random.seed(0)  # Tests that draw their inputs draw the same for every program.
    namespace: dict[str, Any] = {"__name__": "tests", "__builtins__": builtins, **found, BOOK: book}
    try:
        for name in tests.modules:
            namespace[name] = importlib.import_module(name)
        if tests.helpers is not None:
            exec(tests.helpers, namespace)  # noqa: S102  # the data set's own code
            namespace[entry_point] = found[entry_point]
        exec(tests.code, namespace)  # noqa: S102  # as above
        if tests.has_check:
            namespace["check"](found[entry_point])
    except ImportError as error:
        raise Unusable(f"they need what is not installed: {error}") from error
    except Exception as error:  # noqa: BLE001  # what tests raise is a failure
        book.fail_of(error, "")


def _headline(book: Book) -> str:
    """The first failure in one line."""
    first = book.failures[0]
    return first["error"] if first["outcome"] == "error" else f"{first['call']} is not {first['expected']}"


def _job(channel: socket.socket) -> dict[str, object]:
    """The next job; empty at the end."""
    size = int.from_bytes(_exactly(channel, 4), "big")
    return json.loads(_exactly(channel, size) or b"{}")  # type: ignore[no-any-return]  # the sandbox wrote it


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = channel.recv(size - len(data))
        if not chunk:
            return b""
        data += chunk
    return bytes(data)


def _answer(channel: socket.socket, answer: dict[str, object], bound: int = 100) -> None:
    data = json.dumps(_plain(answer, bound)).encode()
    channel.sendall(len(data).to_bytes(4, "big") + data)


def _plain(value: object, bound: int) -> object:
    """The answer with each text cut to one more than the bound, and such that any encoder takes it."""
    if isinstance(value, bytes):
        value = value[: 4 * bound].decode(errors="backslashreplace")
    if isinstance(value, str):
        return value[: bound + 1].encode("utf-8", "backslashreplace").decode()[: bound + 1]
    if isinstance(value, list | tuple):
        return [_plain(item, bound) for item in value]
    if isinstance(value, dict):
        return {_plain(key, bound): _plain(item, bound) for key, item in value.items()}
    return value
