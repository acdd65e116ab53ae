"""Cases that cannot be finished for an error of their own: the others are, and the log says why."""

from pathlib import Path

import pytest

from agents import Context, role
from agents.coder import coder
from events import (
    LOG_NAME,
    CaseSetAside,
    CodeWritten,
    GenerationRequested,
    GradingCompleted,
    LogReader,
    PlanDrafted,
    ProblemPosed,
)
from fractal_agent.architectures.base import Stage, architecture
from fractal_agent.architectures.baseline import baseline
from fractal_agent.catalog import Catalog, load_catalog
from fractal_agent.engines.base import EngineFailed, RequestFailed
from fractal_agent.engines.scripted import ScriptedEngine, placeholder
from fractal_agent.job import Job, Unwatched
from fractal_agent.run import RunFailed
from fractal_agent.sandbox import InstantSandbox, SandboxError, TestsUnusable
from fractal_agent.solving import solve
from fractal_agent.testing import make_settings, make_task, run_in_memory
from replay.timeline import Timeline

TASKS = [make_task(f"Test/{number}") for number in range(4)]


@role
async def clumsy(problem: ProblemPosed, ctx: Context) -> PlanDrafted:
    """Raises at one problem, exits at another, writes what no log can hold at a third."""
    match problem.task_id:
        case "Test/0":
            raise ValueError("a bug \ud800")
        case "Test/1":
            raise SystemExit("gone")
        case "Test/2":
            return PlanDrafted(problem=problem, plan="\ud800")
    return PlanDrafted(problem=problem, plan="1. Go.")


@architecture
async def stumbling(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """The clumsy role, then the coder."""
    return await stage.ask(coder, await stage.ask(clumsy, problem))


def test_roles_errors_cost_their_own_cases_alone(tmp_path: Path) -> None:
    """Whatever a role raises or returns, the other cases get their verdicts, in a real log."""
    settings = make_settings(TASKS, "stumbling", concurrency=1)
    known = load_catalog()
    catalog = Catalog(roles=known.roles, architectures={**known.architectures, "stumbling": stumbling})

    solve(Job(run_id="run", folder=tmp_path, settings=settings, tasks=TASKS, catalog=catalog), Unwatched())

    entries = list(LogReader(tmp_path / LOG_NAME))
    left = {entry.path: entry.event for entry in entries if isinstance(entry.event, CaseSetAside)}
    assert {path: event.kind for path, event in left.items()} == {
        "Test/0/set-aside": "ValueError",
        "Test/1/set-aside": "UnexpectedExit",
        "Test/2/set-aside": "EventUnencodable",
    }
    assert left["Test/0/set-aside"].error == "a bug \\ud800"
    assert "in clumsy" in left["Test/0/set-aside"].traceback
    assert "stage.py" not in left["Test/0/set-aside"].traceback
    assert left["Test/2/set-aside"].traceback == ""
    assert [entry.path for entry in entries if isinstance(entry.event, GradingCompleted)] == [
        "Test/3/grade.0"
    ]


async def test_request_that_the_engine_cannot_answer_costs_its_case() -> None:
    """An engine that fails on one request alone leaves that case, with the path of the request."""

    def answer(request: GenerationRequested, path: str) -> str:
        if path.startswith("Test/1/"):
            raise RequestFailed("scripted", path, "no")
        return placeholder(request, path)

    entries = await run_in_memory(TASKS, baseline, ScriptedEngine(answer), keep_going=True)

    timeline = Timeline.of(entries)
    assert [case.id for case in timeline.set_aside] == ["Test/1"]
    assert timeline.set_aside[0].set_aside is not None
    assert timeline.set_aside[0].set_aside.at == "Test/1/coder.0/generate.0"
    assert len(timeline.graded) == 3


async def test_tests_that_cannot_judge_cost_their_case() -> None:
    """Tests that cannot judge any program leave their case without a verdict, and only that."""

    def grade(code: str, entry_point: str, tests: str) -> GradingCompleted:
        if "hidden in Test/2" in tests:
            raise TestsUnusable("they make no assertion")
        return GradingCompleted(outcome="passed")

    entries = await run_in_memory(
        TASKS,
        baseline,
        ScriptedEngine(placeholder),
        sandbox=InstantSandbox(grade=grade),
        keep_going=True,
    )

    timeline = Timeline.of(entries)
    assert [case.id for case in timeline.set_aside] == ["Test/2"]
    assert (timeline.passed, timeline.caveats.set_aside) == (3, 1)


@pytest.mark.parametrize("broken", ["engine", "sandbox"])
async def test_world_that_fails_for_all_stops_the_run(broken: str) -> None:
    """An engine or a sandbox that is gone stops the run at its first case; no case is set aside."""

    def answer(request: GenerationRequested, path: str) -> str:
        if broken == "engine":
            raise EngineFailed("scripted", path, "it died")
        return placeholder(request, path)

    def grade(code: str, entry_point: str, tests: str) -> GradingCompleted:
        raise SandboxError(where="here", found="nothing", expected="a sandbox", advice="Mend it.")

    with pytest.raises(RunFailed) as caught:
        await run_in_memory(
            TASKS, baseline, ScriptedEngine(answer), sandbox=InstantSandbox(grade=grade), keep_going=True
        )
    assert isinstance(caught.value.__cause__, EngineFailed | SandboxError)


async def test_set_aside_follows_from_the_problem() -> None:
    """The event names the line in which the problem was posed as its cause."""
    entries = await run_in_memory(TASKS[:1], stumbling, ScriptedEngine(placeholder), keep_going=True)

    posed = next(entry.seq for entry in entries if entry.path == "Test/0")
    assert [entry.cause for entry in entries if isinstance(entry.event, CaseSetAside)] == [posed]
