"""Baseline: the Coder alone, from prompt to code."""

from agents.coder import coder
from events import CodeWritten, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture


@architecture
async def baseline(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Coder alone."""
    return await stage.ask(coder, problem)
