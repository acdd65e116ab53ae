"""The trusted side: holds tests and expected values, asks the program, and compares what comes back.

It is persistent, so that tests are parsed and compiled once. It runs data sets' tests and the calls of
problems' examples; so it too is confined, to reading libraries and to few system calls.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import socket
import sys
import time
import traceback
from typing import cast

from fractal_agent.sandbox.inside import confinement, seccomp
from fractal_agent.sandbox.inside.evidence import Book
from fractal_agent.sandbox.inside.examples import run_examples
from fractal_agent.sandbox.inside.pairs import examples_of, run_pairs
from fractal_agent.sandbox.inside.remote import RECURSION, Call, Remote
from fractal_agent.sandbox.inside.stops import Alarm, Broken, Stopped, Undecided, Unusable, ZygoteGone
from fractal_agent.sandbox.inside.suite import Suite

_REMEMBERED = 1_000
"""So many compiled tests are kept."""
_LONG = 1 << 17
"""Pairs with so many characters are read again each time: a thousand of them would fill the memory."""
_TRACE_SECONDS = 2.0
"""What a trace may take even if the tests left it less; the sandbox waits longer than that."""


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
    sys.setrecursionlimit(RECURSION)
    gc.freeze()


class _Judge:
    def __init__(self, control: socket.socket, limits: dict[str, float]) -> None:
        self._control = control
        self._limits = limits
        self.bound = int(limits["shown_characters"])
        self._suites: dict[tuple[str, str, str], Suite] = {}

    def answer(self, job: dict[str, object]) -> dict[str, object]:
        """What is to be told of the job. Raises ZygoteGone."""
        answer: dict[str, object]
        try:
            if job["kind"] == "program" and job["tests"] is None:
                pairs = examples_of(job)
                answer = run_pairs(self._control, self._limits, job, pairs, every=True)
            elif job["tests"] is None:
                answer = run_examples(self._control, self._limits, job)
            elif (suite := self._suite(job)).pairs is not None:
                answer = run_pairs(self._control, self._limits, job, suite.pairs, every=False)
            else:
                answer = self._run_tests(job)
        except Unusable as error:
            answer = {"unusable": str(error)}
        return answer

    def _suite(self, job: dict[str, object]) -> Suite:
        key = (str(job["tests"]), str(job["prompt"]), str(job["entry_point"]))
        if key not in self._suites:
            if len(self._suites) >= _REMEMBERED:
                self._suites.clear()
            suite = Suite(*key)
            if len(key[0]) > _LONG and suite.pairs is not None:
                return suite
            self._suites[key] = suite
        return self._suites[key]

    def _run_tests(self, job: dict[str, object]) -> dict[str, object]:
        suite = self._suite(job)
        wall = self._limits["wall_seconds"]
        until = time.monotonic() + wall
        remote = Remote(self._control, self._limits)
        book = Book(remote)
        answer: dict[str, object] = {"outcome": "passed", "error": "", "kind": ""}
        with remote:
            try:
                with Alarm(wall, f"no verdict within {wall:g} s"):
                    _run(suite, job, remote, book)
            except Broken as error:
                answer |= {"outcome": error.outcome, "error": error.description, "unloaded": True}
            except Undecided:
                if not book.failed:  # What failed before, fails whatever the answer would have been.
                    raise
            except Stopped as stop:
                answer |= {"outcome": stop.outcome, "error": stop.error, "kind": stop.kind}
                call = book.call()
                if call is not None:
                    book.fail(
                        "", "timeout" if stop.outcome == "timeout" else "error",
                        call=call, expected="", error=stop.error,
                    )  # fmt: skip
        if answer["outcome"] == "passed" and book.failed:
            answer |= {"outcome": "failed", "error": _headline(book), "kind": book.kind, "line": book.line}
        trace: list[object] = []
        spent = remote.spent
        if job["trace"] and book.first is not None and not spent:
            trace, spent = self._trace(job, book.first, until)
        counts = {"passed": book.passed, "failed": book.failed, "failures": book.failures}
        return {**answer, **counts, "stdout": remote.stdout, "trace": trace, "spent": spent}

    def _trace(self, job: dict[str, object], call: Call, until: float) -> tuple[list[object], bool]:
        """The call once more, in a fresh process that is watched: its steps, and whether the zygote is spent.

        There are none if that goes wrong: a verdict is never lost over them.
        """
        remote = Remote(self._control, self._limits)
        try:
            with remote, Alarm(max(until - time.monotonic(), _TRACE_SECONDS), ""):
                remote.load(str(job["code"]), [])
                steps = remote.trace(call)
        except (Broken, Stopped):
            return [], remote.spent
        except ZygoteGone:
            return [], True
        return steps, remote.spent


def _run(suite: Suite, job: dict[str, object], remote: Remote, book: Book) -> None:
    """Raises Broken, Unusable and Stopped, the latter also where the tests have swallowed it."""
    found = remote.load(
        str(job["code"]), suite.names, suite.files, awaits=suite.awaits, coroutines=suite.is_asynchronous
    )
    entry_point = str(job["entry_point"])
    if entry_point not in found:
        raise Broken("NameError", "NameError", f"NameError: the program does not define {entry_point!r}")
    suite.run(found, book, remote)
    if remote.stopped:
        raise remote.stopped


def _headline(book: Book) -> str:
    """The first failure in one line."""
    first = book.failures[0]
    if first["outcome"] == "error" or not first["expected"]:
        return first["error"] or f"{first['call']} is wrong"
    return f"{first['call']} is not {first['expected']}"


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
    return value if value is None or isinstance(value, bool | float | int) else repr(value)[:bound]
