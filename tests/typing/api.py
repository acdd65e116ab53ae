"""The public API as a user would type it. Checked by mypy in strict mode, never run."""

from pathlib import Path
from typing import assert_type

from agents import Context, Role, role
from agents.coder import coder
from agents.critic import critic
from agents.planner import planner
from events import (
    CodeReviewed,
    CodeWritten,
    GenerationCompleted,
    LogReader,
    Message,
    PlanDrafted,
    PlanRevised,
    ProblemPosed,
)
from fractal_agent.architectures.base import Architecture, Stage, architecture
from fractal_agent.catalog import Catalog, load_catalog
from fractal_agent.engines import Engine
from fractal_agent.engines.scripted import ScriptedEngine, placeholder
from fractal_agent.replaying import Replayed, replay_run
from fractal_agent.sandbox import InstantSandbox, Sandbox
from replay.timeline import Timeline


@role
async def skeptic(written: CodeWritten, ctx: Context) -> CodeReviewed:
    answer = await ctx.generate([Message(role="user", content=written.code)], max_tokens=8)
    assert_type(answer, GenerationCompleted)
    return CodeReviewed(problem=written.problem, code=written.code, passed="yes" in answer.text)


assert_type(skeptic, Role[CodeWritten, CodeReviewed])


@architecture
async def doubtful(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    plan = await stage.ask(planner, problem)
    assert_type(plan, PlanDrafted)
    code = await stage.ask(coder, plan)
    assert_type(code, CodeWritten)
    await stage.ask(coder, PlanRevised(problem=problem, plan="", previous=""))
    await stage.ask(critic, problem)  # type: ignore[misc]  # the critic takes code, not problems

    async def doubt(branch: Stage, number: int) -> CodeReviewed:
        return await branch.ask(skeptic, code)

    reviews = await stage.each(range(3), doubt, key="doubt")
    assert_type(reviews, tuple[CodeReviewed, ...])
    return code


assert_type(doubtful, Architecture)

engine: Engine = ScriptedEngine(placeholder)
sandbox: Sandbox = InstantSandbox()
catalog: Catalog = load_catalog(["skeptic.py"])


def passed(folder: Path) -> int:
    replayed: Replayed = replay_run(folder, catalog)
    timeline: Timeline = Timeline.of(LogReader(folder))
    return replayed.passed + timeline.passed
