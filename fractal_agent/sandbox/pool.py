"""The sandbox that really runs programs: warm workers, as many as programs may run at a time."""

import re
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self, cast

import anyio
import msgspec

from events.effects import ExecutionCompleted, ExecutionRequested, GradingCompleted
from events.work import Example, ExampleResult
from fractal_agent.sandbox.base import Judged, Limits, Outcome, Step, TestsUnusable
from fractal_agent.sandbox.inside.pairs import PAIRS
from fractal_agent.sandbox.jail import Jail
from fractal_agent.sandbox.worker import Answer, OutOfTime, Worker, WorkerGone, working

_STATUS = re.compile(r"exited with status \d+")
"""What a program says by leaving, which may be what it was called with."""


class _Place(msgspec.Struct):
    """A worker and what ends it."""

    worker: Worker
    ending: AbstractAsyncContextManager[Worker]


class PooledSandbox:
    """Keeps the promises of `Sandbox`; how well programs are isolated is the jail's part.

    A context manager: it starts one worker, and others when programs wait. None is left at its end.
    """

    def __init__(self, jail: Jail, *, limits: Limits, concurrency: int, notice: str | None = None) -> None:
        """`notice` stands for the jail's own."""
        self._jail = jail
        self._notice = jail.notice if notice is None else notice
        self._limits = limits
        self._places = anyio.CapacityLimiter(concurrency)
        self._idle: list[_Place] = []

    @property
    def level(self) -> str:
        return self._jail.level

    @property
    def notice(self) -> str:
        return self._notice

    async def __aenter__(self) -> Self:
        self._idle.append(await self._start())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        while self._idle:
            await _end(self._idle.pop())

    async def execute(self, request: ExecutionRequested) -> ExecutionCompleted:
        examples = [(example.call, example.expected) for example in request.examples]
        about: dict[str, object] = {
            "kind": request.kind,
            "compare": request.compare,
            "files": request.files,
        }
        answer = await self._ask(request.program, request.entry_point, examples=examples, about=about)
        results = tuple(
            _result(told, example) for told, example in zip(answer.failures, request.examples, strict=False)
        )
        return ExecutionCompleted(
            outcome=cast(Outcome, answer.outcome),
            results=tuple(map(self._cut, results)),
            error=self._text(answer.error),
            stdout=self._text(answer.stdout),
        )

    async def grade(self, code: str, entry_point: str, tests: str, prompt: str = "") -> GradingCompleted:
        answer = await self._ask(code, entry_point, tests=tests, prompt=prompt)
        told = answer.error if answer.unloaded else _quietly(answer, code)
        return GradingCompleted(
            outcome=cast(Outcome, answer.outcome),
            error=self._text(told),
            passed=answer.passed,
            failed=answer.failed,
        )

    async def judge(
        self, code: str, entry_point: str, tests: str, prompt: str = "", *, trace: bool = False
    ) -> Judged:
        answer = await self._ask(code, entry_point, tests=tests, prompt=prompt, trace=trace)
        failures = tuple(
            _result(told, Example(call=told["call"], expected=told["expected"])) for told in answer.failures
        )
        return Judged(
            outcome=cast(Outcome, answer.outcome),
            passed=answer.passed,
            failed=answer.failed,
            failures=tuple(map(self._cut, failures)),
            error=self._text(answer.error),
            stdout=self._text(answer.stdout),
            trace=_steps(answer.trace),
        )

    async def _ask(
        self,
        code: str,
        entry_point: str,
        *,
        examples: list[tuple[str, str]] | None = None,
        tests: str | None = None,
        prompt: str = "",
        trace: bool = False,
        about: dict[str, object] | None = None,
    ) -> Answer:
        length = len(code.encode("utf-8", "surrogatepass"))
        if length > self._limits.source_bytes:
            error = f"the program is {length} bytes long, which is more than {self._limits.source_bytes}"
            return Answer(outcome="error", error=error, unloaded=True)
        job: dict[str, object] = {
            "code": code,
            "entry_point": entry_point,
            "examples": examples or [],
            "tests": tests,
            "prompt": prompt,
            "trace": trace,
            "kind": "function",
            "files": {},
            **(about or {}),
        }
        if job["kind"] == "program" or PAIRS in (tests or ""):
            job["seconds"] = self._limits.pairs_wall_seconds
        answer = await self._run(job)
        if answer.unusable:
            raise TestsUnusable(answer.unusable)
        return answer

    async def _run(self, job: dict[str, object]) -> Answer:
        """What a worker says of the job. The first may have broken while it was idle, and says nothing."""
        async with self._places:
            try:
                return await self._run_once(job, await self._waiting())
            except WorkerGone:
                return await self._run_once(job, await self._fresh())

    async def _run_once(self, job: dict[str, object], place: _Place) -> Answer:
        """What a worker says of the job. It goes back to the others if it can take another."""
        kept = False
        try:
            answer = await place.worker.ask(job)
            kept = not answer.spent
        except OutOfTime:
            seconds = job.get("seconds", self._limits.wall_seconds)
            return Answer(outcome="timeout", error=f"no verdict within {seconds:g} s")
        finally:
            if kept:
                self._idle.append(place)
            else:
                await _end(place)
        return answer

    async def _waiting(self) -> _Place:
        return self._idle.pop() if self._idle else await self._start()

    async def _fresh(self) -> _Place:
        """One that no program has met, at the cost of one that waits: there are never more than places."""
        if self._idle:
            await _end(self._idle.pop())
        return await self._start()

    async def _start(self) -> _Place:
        ending = working(self._jail, self._limits)
        return _Place(worker=await ending.__aenter__(), ending=ending)

    def _cut(self, result: ExampleResult) -> ExampleResult:
        example = Example(call=self._text(result.example.call), expected=self._text(result.example.expected))
        return msgspec.structs.replace(
            result, example=example, actual=self._text(result.actual), error=self._text(result.error)
        )

    def _text(self, text: str) -> str:
        bound = self._limits.shown_characters
        return text if len(text) <= bound else text[: bound - 1] + "…"


async def _end(place: _Place) -> None:
    with anyio.CancelScope(shield=True):
        await place.ending.__aexit__(None, None, None)


def _quietly(answer: Answer, code: str) -> str:
    """The error without anything that the program may have made of hidden arguments: type and line."""
    if not answer.kind:
        return _STATUS.sub("exited", answer.error)
    lines = code.split("\n")
    known = 0 < answer.line <= len(lines)
    return f"{answer.kind} (line {answer.line}: {lines[answer.line - 1].strip()})" if known else answer.kind


def _result(told: dict[str, str], example: Example) -> ExampleResult:
    return ExampleResult(
        example=example,
        outcome=told["outcome"],  # type: ignore[arg-type]  # the judge writes these four
        actual=told["actual"],
        error=told["error"],
    )


def _steps(told: list[object]) -> tuple[Step, ...]:
    """The steps of a trace, which a hostile program may have written; empty if they are none."""
    try:
        rows = msgspec.convert(told, list[tuple[int, str, list[tuple[str, str]]]])
    except msgspec.ValidationError:
        return ()
    return tuple(Step(line=line, source=source, changed=dict(changed)) for line, source, changed in rows)
