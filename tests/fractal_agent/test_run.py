"""A run ends with every verdict, or it fails and says why."""

from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from agents import Context, role
from agents.coder import coder
from events import CodeWritten, GenerationRequested, LogFile, PlanDrafted, ProblemPosed
from fractal_agent.architectures.base import Architecture, Stage, architecture
from fractal_agent.architectures.baseline import baseline
from fractal_agent.engines import EngineFailed
from fractal_agent.engines.scripted import ScriptedEngine, placeholder
from fractal_agent.recorder import LogRecorder, MemoryRecorder
from fractal_agent.run import RunFailed
from fractal_agent.testing import make_task, run_in_memory
from replay.drift import Diverged
from replay.journal import Journal
from replay.policy import Strict


def dies(request: GenerationRequested, path: str) -> str:
    raise EngineFailed("scripted", path, "it died")


@architecture
async def stubborn(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Catches whatever it can and asks again."""
    try:
        return await stage.ask(coder, problem)
    except Exception:  # noqa: BLE001 - that is what this architecture is for
        return await stage.ask(coder, problem)


@pytest.mark.parametrize("shape", [baseline, stubborn], ids=lambda shape: str(shape.name))
async def test_failure_of_the_engine_stops_the_run(shape: Architecture) -> None:
    """An engine that dies stops the run, also when the architecture catches every exception."""
    recorder = MemoryRecorder()

    with pytest.raises(RunFailed, match=r"Test/0/coder\.0/generate\.0: .*it died") as caught:
        await run_in_memory([make_task()], shape, ScriptedEngine(dies), recorder=recorder)

    assert isinstance(caught.value.__cause__, EngineFailed)
    assert [entry.path for entry in recorder.entries] == ["Test/0", "Test/0/coder.0/generate.0"]


@architecture
async def leaving(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Would end the process."""
    raise SystemExit("cannot go on")


async def test_architecture_that_exits_fails_the_run() -> None:
    """What would end the process is told as the failure of its case."""
    with pytest.raises(RunFailed, match=r"Test/0.* leaving raised SystemExit: cannot go on"):
        await run_in_memory([make_task()], leaving, ScriptedEngine(placeholder))


@architecture
async def grouping(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Asks in a task group of its own."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stage.ask, coder, problem)
    raise AssertionError


async def test_failure_of_the_engine_in_a_group_of_the_architectures_own() -> None:
    """An engine that dies is told as itself, also out of a group."""
    with pytest.raises(RunFailed, match="it died") as caught:
        await run_in_memory([make_task()], grouping, ScriptedEngine(dies))
    assert isinstance(caught.value.__cause__, EngineFailed)


@pytest.mark.parametrize("cases", [2, 5, 20])
async def test_failure_of_many_cases_at_once_is_told_as_one(tmp_path: Path, cases: int) -> None:
    """However many cases the engine fails while a write is under way, the run fails with the error of one."""
    tasks = [make_task(f"Test/{number}") for number in range(cases)]
    log = LogFile.create(tmp_path)
    try:
        with pytest.raises(RunFailed, match="it died"):
            await run_in_memory(tasks, baseline, ScriptedEngine(dies), recorder=LogRecorder(log))
    finally:
        log.close()


async def test_cancellation_from_elsewhere_is_a_failure() -> None:
    """A future that somebody else cancelled fails the run; it does not end it as if all were done."""
    import asyncio

    async def cancelled(request: GenerationRequested, path: str) -> str:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        future.cancel()
        return await future

    with pytest.raises(RunFailed, match="was cancelled, and not by this run"):
        await run_in_memory([make_task()], baseline, ScriptedEngine(cancelled))


async def test_cancellation_inside_a_role_is_a_failure() -> None:
    """The same when it is the role itself that awaits something cancelled."""
    import asyncio

    @role
    async def waiter(problem: ProblemPosed, ctx: Context) -> PlanDrafted:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        future.cancel()
        return PlanDrafted(problem=problem, plan=await future)

    @architecture
    async def waiting(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        return await stage.ask(coder, await stage.ask(waiter, problem))

    with pytest.raises(RunFailed, match="waiter: what it waited for was cancelled"):
        await run_in_memory([make_task()], waiting, ScriptedEngine(placeholder))


async def test_architecture_must_return_code() -> None:
    """An architecture that returns nothing is told what was expected of it."""

    @architecture
    async def empty(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        return None  # type: ignore[return-value]

    with pytest.raises(RunFailed, match="architecture empty returned NoneType, expected CodeWritten"):
        await run_in_memory([make_task()], empty, ScriptedEngine(placeholder))


async def test_stage_does_one_thing_at_a_time() -> None:
    """Asking the outer stage from inside a branch is refused: its order would be an accident."""

    @architecture
    async def slip(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        async def draft(branch: Stage, number: int) -> CodeWritten:
            return await stage.ask(coder, problem)

        return (await stage.each(range(2), draft, key="draft"))[0]

    with pytest.raises(RunFailed, match=r"asked for while Test/0/draft is still under way.*branch"):
        await run_in_memory([make_task()], slip, ScriptedEngine(placeholder))


async def test_divergence_is_told_before_other_errors_of_its_branches() -> None:
    """Of a branch that raises and a later one that diverges, it is the divergence that ends the case."""
    word, bad = "first", False

    @role
    async def speaker(problem: ProblemPosed, ctx: Context) -> PlanDrafted:
        return PlanDrafted(problem=problem, plan=word)

    @architecture
    async def two(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        async def branch_of(branch: Stage, number: int) -> PlanDrafted:
            if number == 0 and bad:
                raise ValueError("no")
            return await branch.ask(speaker, problem)

        with suppress(ValueError):
            await stage.each(range(2), branch_of, key="b")
        return CodeWritten(problem=problem, code="")

    recorder = MemoryRecorder()
    await run_in_memory([make_task()], two, ScriptedEngine(placeholder), recorder=recorder)
    word, bad = "second", True

    with pytest.raises(Diverged, match=r"Test/0/b-1/speaker\.0: PlanDrafted differs in plan"):
        await run_in_memory(
            [make_task()], two, ScriptedEngine(placeholder), policy=Strict(Journal(recorder.entries))
        )


async def test_divergence_inside_a_roles_own_group_is_found() -> None:
    """A role that uses a task group of its own does not hide a divergence in an exception group."""
    word = "first"

    @role
    async def grouper(problem: ProblemPosed, ctx: Context) -> PlanDrafted:
        from events import Message

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ctx.generate, [Message(role="user", content=word)])
        return PlanDrafted(problem=problem, plan="")

    @architecture
    async def grouped(problem: ProblemPosed, stage: Stage) -> CodeWritten:
        return await stage.ask(coder, await stage.ask(grouper, problem))

    recorder = MemoryRecorder()
    await run_in_memory([make_task()], grouped, ScriptedEngine(placeholder), recorder=recorder)
    word = "second"

    with pytest.raises(Diverged, match="GenerationRequested differs in messages"):
        await run_in_memory(
            [make_task()], grouped, ScriptedEngine(placeholder), policy=Strict(Journal(recorder.entries))
        )
