"""A sandbox made of a jail and a harness: one process for each program."""

import anyio

from events.effects import ExecutionCompleted, ExecutionRequested, GradingCompleted
from fractal_agent.sandbox.base import Limits
from fractal_agent.sandbox.conversation import Job, converse
from fractal_agent.sandbox.jail import Jail
from fractal_agent.sandbox.transcript import Transcript
from fractal_agent.sandbox.verdict import executed, graded


class JailedSandbox:
    """Keeps the promises of `Sandbox` as well as its jail does; `level` says which that is.

    At no level is a verdict safe from a program that was written to forge it: see the harness.
    """

    def __init__(self, jail: Jail, *, limits: Limits, concurrency: int) -> None:
        self._jail = jail
        self._limits = limits
        self._places = anyio.CapacityLimiter(concurrency)

    @property
    def level(self) -> str:
        return self._jail.level

    @property
    def notice(self) -> str:
        return self._jail.notice

    async def execute(self, request: ExecutionRequested) -> ExecutionCompleted:
        job = Job(program=request.program, entry_point=request.entry_point, examples=request.examples)
        return executed(request, await self._run(job), self._limits)

    async def grade(self, code: str, entry_point: str, tests: str) -> GradingCompleted:
        job = Job(program=code, entry_point=entry_point, tests=tests)
        return graded(await self._run(job), self._limits)

    async def _run(self, job: Job) -> Transcript:
        async with self._places:
            return await converse(self._jail, job, self._limits)
