"""Guided: a plan first, then the whole function with the plan in the prompt."""

from agents.coder import coder
from agents.planner import planner
from events import CodeWritten, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture


@architecture
async def guided(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Planner, then Coder."""
    plan = await stage.ask(planner, problem)
    return await stage.ask(coder, plan)
