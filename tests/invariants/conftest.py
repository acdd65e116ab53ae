"""Shapes of workflow that every invariant must hold for."""

from collections.abc import Sequence

import pytest

from agents import Context, role
from agents.assembler import assembler
from agents.coder import coder
from agents.critic import critic
from agents.opener import opener
from agents.planner import planner
from events import (
    CodeReviewed,
    CodeWritten,
    Message,
    PlanDrafted,
    ProblemPosed,
    Snippet,
    SnippetsGathered,
    Step,
    StepPosed,
)
from fractal_agent.architectures.base import Architecture, Stage, architecture
from fractal_agent.architectures.baseline import baseline
from fractal_agent.architectures.flat import flat
from fractal_agent.architectures.guided import guided
from fractal_agent.architectures.redraft import redraft
from fractal_agent.architectures.repair import repair
from fractal_agent.architectures.resample import resample
from fractal_agent.architectures.tree import tree


@role
async def dreamer(problem: ProblemPosed, ctx: Context) -> PlanDrafted:
    """Asks twice and throws a die, so that ordinals and randomness are in play."""
    first = await ctx.generate([Message(role="user", content=f"one of {problem.task_id}")])
    die = ctx.random.randrange(1000)
    second = await ctx.generate([Message(role="user", content=f"{first.text} then {die}")])
    return PlanDrafted(problem=problem, plan=second.text)


@architecture
async def fan_out(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Three plans side by side, each with its code and review; the first passing one wins."""

    async def draft(branch: Stage, plan: PlanDrafted) -> CodeReviewed:
        return await branch.ask(critic, await branch.ask(coder, plan))

    async def dream(branch: Stage, number: int) -> PlanDrafted:
        return await branch.ask(dreamer, problem)

    plans = await stage.each(range(3), dream, key="plan")
    reviews = await stage.each(plans, draft, key="draft")
    best = next((review for review in reviews if review.passed), reviews[0])
    return CodeWritten(problem=problem, code=best.code, plan=best.plan)


@architecture
async def nested(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Fan-outs inside a fan-out, and an event that the architecture makes itself."""

    async def leaf(branch: Stage, word: str) -> CodeWritten:
        return await branch.ask(coder, PlanDrafted(problem=problem, plan=word))

    async def twig(branch: Stage, words: Sequence[str]) -> tuple[CodeWritten, ...]:
        await branch.ask(planner, problem)
        return await branch.each(words, leaf, key="leaf")

    grown = await stage.each([("a", "b"), ("c",)], twig, key="twig")
    return grown[-1][0]


@architecture
async def shared(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """One event of the architecture's own, asked in several branches and once more at the end."""
    plan = PlanDrafted(problem=problem, plan="1. Share.")

    async def ask(branch: Stage, number: int) -> CodeWritten:
        return await branch.ask(coder, plan)

    await stage.each(range(3), ask, key="share")
    return await stage.ask(coder, plan)


@architecture
async def deep(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Nodes inside nodes, each posed by the architecture and rendered in its own branch, as a tree is."""

    async def render(branch: Stage, depth: int) -> Snippet:
        steps = (Step(text=f"{depth}", inside=(Step(text="inside"),)),)
        posed = StepPosed(problem=problem, steps=steps, number=str(depth), step=steps[0])
        written = await branch.ask(opener, posed)
        return Snippet(code=written.code, inside=await branch.each(range(depth), render, key="node"))

    snippets = await stage.each(range(3), render, key="node")
    return await stage.ask(assembler, SnippetsGathered(problem=problem, steps=(), snippets=snippets))


SHAPES = [baseline, flat, tree, guided, repair, resample, redraft, fan_out, nested, shared, deep]


@pytest.fixture(params=SHAPES, ids=lambda shape: str(shape.name))
def shape(request: pytest.FixtureRequest) -> Architecture:
    return request.param  # type: ignore[no-any-return]  # pytest does not type parameters
