"""One problem from beginning to verdict: posed, solved by the architecture, submitted, graded once."""

import hashlib
import traceback
from typing import Self

import msgspec

from events import (
    AnswerSubmitted,
    CaseSetAside,
    CodeWritten,
    EventUnencodable,
    GradingCompleted,
    GradingRequested,
    ProblemPosed,
)
from events.path import child, nth
from fractal_agent.architectures.base import Architecture
from fractal_agent.datasets.base import TaskUnfit
from fractal_agent.engines.base import RequestFailed
from fractal_agent.sandbox.base import Sandbox, TestsUnusable
from fractal_agent.scope import StrayCancellation, World, WorldFailed, record, settle_effect
from fractal_agent.stage import LiveStage


class HiddenTests(msgspec.Struct, frozen=True, kw_only=True):
    """The tests that grade a case. No role can reach them, and the log keeps only their digest."""

    digest: str
    """sha256 of the source, hex."""
    source: str = ""
    """Empty in a replay, which has the recorded verdict instead."""
    plus_digest: str = ""
    """Of stricter tests of the same problem, which give a second verdict; empty where there are none."""
    plus_source: str = ""

    @classmethod
    def of(cls, source: str, plus: str = "") -> Self:
        return cls(
            digest=_digest(source),
            source=source,
            plus_digest=_digest(plus) if plus else "",
            plus_source=plus,
        )


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One problem to be solved at one place."""

    path: str
    """The task's id; in a fork that solves it more than once, behind the branch's name."""
    problem: ProblemPosed
    tests: HiddenTests
    world: World
    unfit: str = ""
    """Why no program could get a right verdict; empty where nothing is known against the task."""


async def run_case(case: Case, *, architecture: Architecture, stage: LiveStage) -> GradingCompleted:
    """The verdict of the hidden tests on the architecture's answer. `stage` stands at the case's path.

    Raises:
        TaskUnfit: the task cannot be judged, so nothing was asked.
        Signal: the world failed, or the case is no longer what was recorded.
        Exception: whatever a role or the architecture raised.
    """
    world, path = case.world, case.path
    problem, posed = await stage.put(path, case.problem)
    if case.unfit:
        raise TaskUnfit(case.unfit)
    written = await architecture.run(problem, stage)
    if not isinstance(written, CodeWritten):
        raise TypeError(
            f"architecture {architecture.name} returned {type(written).__name__}, expected CodeWritten"
        )
    written_at = stage.seq_of(written)
    answer, submitted = await stage.put(
        child(path, "answer"),
        AnswerSubmitted(code=written.code),
        posed if written_at is None else written_at,
    )
    request = GradingRequested(
        code=answer.code,
        entry_point=problem.entry_point,
        tests_digest=case.tests.digest,
        plus_digest=case.tests.plus_digest,
    )
    verdict, _ = await settle_effect(
        world,
        nth(path, "grade", 0),
        request,
        lambda asked: _graded(asked, case.tests, world.sandbox, problem.prompt),
        submitted,
    )
    world.policy.finish(path)
    return verdict


_OF_ONE_CASE = (RequestFailed, TestsUnusable, EventUnencodable, StrayCancellation)
"""Errors of the world that concern one case: the world still works for the others."""

_TRACEBACK_CHARACTERS = 4_000
_PLUMBING = (
    *("fractal_agent/run.py", "fractal_agent/case.py", "fractal_agent/stage.py", "fractal_agent/bus.py"),
    "agents/role.py",
)


def own_error(error: BaseException) -> Exception | None:
    """The error if it concerns this case alone; None if no case of the run could go on.

    What a role or an architecture raises is the case's own, and so is what the world cannot do for it alone.
    """
    if isinstance(error, WorldFailed):
        return error.error if isinstance(error.error, _OF_ONE_CASE) else None
    return error if isinstance(error, Exception) else None


async def set_aside(case: Case, stage: LiveStage, error: Exception) -> None:
    """Records that the case is left without a verdict, and why.

    Raises:
        WorldFailed: the log could not take it.
    """
    of_world = isinstance(error, (*_OF_ONE_CASE, TaskUnfit))
    event = CaseSetAside(
        kind=type(error).__name__,
        error=_writable(str(error)),
        at=getattr(error, "path", "") or "",
        traceback="" if of_world else _writable(_trace(error)),
    )
    await record(case.world, child(case.path, "set-aside"), event, stage.posed)


def _trace(error: Exception) -> str:
    """The traceback without the steps by which this package came to the role or the architecture."""
    told = traceback.TracebackException.from_exception(error)
    if authored := [step for step in told.stack if not step.filename.endswith(_PLUMBING)]:
        told.stack = traceback.StackSummary.from_list(authored)
    return "".join(told.format())[-_TRACEBACK_CHARACTERS:]


def _writable(text: str) -> str:
    """The text with what UTF-8 cannot carry (lone surrogates) spelt out."""
    return text.encode("utf-8", "backslashreplace").decode()


async def _graded(
    asked: GradingRequested, tests: HiddenTests, sandbox: Sandbox, prompt: str
) -> GradingCompleted:
    """The verdict of the tests and, where there are stricter ones, of those: both in one answer."""
    verdict = await sandbox.grade(asked.code, asked.entry_point, tests.source, prompt)
    if not tests.plus_source:
        return verdict
    second = await sandbox.grade(asked.code, asked.entry_point, tests.plus_source, prompt)
    return msgspec.structs.replace(verdict, plus=second.outcome, plus_error=second.error)


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()
