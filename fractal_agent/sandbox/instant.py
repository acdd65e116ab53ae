"""The sandbox for tests that are not about programs: it runs nothing and answers at once."""

from collections.abc import Callable

import anyio.lowlevel

from events.effects import ExecutionCompleted, ExecutionRequested, GradingCompleted
from events.work import ExampleResult
from fractal_agent.sandbox.base import Judged


def everything_passes(request: ExecutionRequested) -> ExecutionCompleted:
    """As if each call had returned exactly what its example expects."""
    results = tuple(
        ExampleResult(example=example, outcome="passed", actual=example.expected)
        for example in request.examples
    )
    return ExecutionCompleted(outcome="passed", results=results)


def every_grade_passes(*_: str) -> GradingCompleted:
    return GradingCompleted(outcome="passed")


class InstantSandbox:
    """Answers with what two functions say; by default every program passes.

    An exception of such a function, SandboxError say, rises from the call. A function that must
    count or vary its answers keeps that state itself.
    """

    level = "instant"
    notice = ""

    def __init__(
        self,
        execute: Callable[[ExecutionRequested], ExecutionCompleted] = everything_passes,
        grade: Callable[[str, str, str], GradingCompleted] = every_grade_passes,
    ) -> None:
        self._execute = execute
        self._grade = grade

    async def execute(self, request: ExecutionRequested) -> ExecutionCompleted:
        await anyio.lowlevel.checkpoint()
        return self._execute(request)

    async def grade(
        self, code: str, entry_point: str, tests: str, prompt: str = ""
    ) -> GradingCompleted:  # nothing is run
        await anyio.lowlevel.checkpoint()
        return self._grade(code, entry_point, tests)

    async def judge(
        self,
        code: str,
        entry_point: str,
        tests: str,
        prompt: str = "",  # nothing is run
        *,
        trace: bool = False,  # as above
    ) -> Judged:
        await anyio.lowlevel.checkpoint()
        graded = self._grade(code, entry_point, tests)
        return Judged(outcome=graded.outcome, error=graded.error, passed=graded.passed, failed=graded.failed)
