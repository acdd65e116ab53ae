"""Strict replay of whole and of broken runs."""

from pathlib import Path

import pytest

from agents import Context, role
from agents.coder import coder
from agents.planner import planner
from events import CodeWritten, PlanDrafted, ProblemPosed
from fractal_agent.architectures.base import Architecture, Stage, architecture
from fractal_agent.catalog import Catalog, load_catalog
from fractal_agent.job import Job, Unwatched
from fractal_agent.replaying import Replayed, replay_run
from fractal_agent.solving import solve
from fractal_agent.testing import make_settings, make_task

TASKS = [make_task(f"Test/{number}") for number in range(3)]


@role
async def clumsy(problem: ProblemPosed, ctx: Context) -> PlanDrafted:
    """Has a bug that one problem shows."""
    if problem.task_id == "Test/1":
        raise ValueError("a bug in the role")
    return PlanDrafted(problem=problem, plan="1. Go.")


@architecture
async def plain(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Planner and coder."""
    return await stage.ask(coder, await stage.ask(planner, problem))


@architecture
async def stumbling(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """A planner, then a role that may raise."""
    await stage.ask(planner, problem)
    return await stage.ask(coder, await stage.ask(clumsy, problem))


def catalog_with(shape: Architecture, name: str) -> Catalog:
    """Everything built in, and the architecture under that name."""
    known = load_catalog()
    return Catalog(roles=known.roles, architectures={**known.architectures, name: shape})


def solved(folder: Path, shape: Architecture, *, concurrency: int = 0) -> None:
    settings = make_settings(TASKS, "shape", concurrency=concurrency)
    job = Job(
        run_id="run", folder=folder, settings=settings, tasks=TASKS, catalog=catalog_with(shape, "shape")
    )
    solve(job, Unwatched())


def replayed(folder: Path, shape: Architecture) -> Replayed:
    return replay_run(folder, catalog_with(shape, "shape"))


def test_run_that_a_role_stopped_can_be_replayed(tmp_path: Path) -> None:
    """A run with a case that a role raised in replays: that case as far as it went, the others whole."""
    solved(tmp_path, stumbling, concurrency=1)

    again = replayed(tmp_path, stumbling)

    assert again.divergences == []
    assert (again.cases, again.partial) == (2, 1)


def test_role_that_is_gone_from_an_unfinished_case_diverges(tmp_path: Path) -> None:
    """An unfinished case agrees only if all it recorded happens again."""
    solved(tmp_path, stumbling, concurrency=1)

    @architecture
    async def without(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        return await stage.ask(coder, await stage.ask(clumsy, problem))

    again = replayed(tmp_path, without)

    assert "Test/1/planner.0/generate.0" in [diverged.path for diverged in again.divergences]


def test_error_that_is_new_diverges(tmp_path: Path) -> None:
    """A whole case in which a role now raises is a divergence that names the error."""
    solved(tmp_path, plain)

    @architecture
    async def broken(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        await stage.ask(planner, problem)
        raise ValueError("new")

    again = replayed(tmp_path, broken)

    assert [diverged.path for diverged in again.divergences] == ["Test/0", "Test/1", "Test/2"]
    assert "ValueError: new is raised" in again.divergences[0].summary


def test_step_that_is_gone_diverges(tmp_path: Path) -> None:
    """A case that reaches the same answer with one step less is not the same."""

    @architecture
    async def chatty(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        plan = await stage.ask(planner, problem)
        await stage.ask(planner, problem)
        return await stage.ask(coder, plan)

    solved(tmp_path, chatty)

    again = replayed(tmp_path, plain)

    assert again.divergences[0].path == "Test/0/planner.1/generate.0"
    assert "does not happen any more" in again.divergences[0].summary


def test_only_roles_that_played_are_named_as_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role whose source changed is named if the run asked it; what reads replies is part of all."""
    solved(tmp_path, plain)
    monkeypatch.setattr("fractal_agent.provenance.fingerprint", lambda source: "changed")

    assert set(replayed(tmp_path, plain).changed_roles) == {"agents.replies", "coder", "planner", "shape"}
