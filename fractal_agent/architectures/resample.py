"""Resample: the control for any repair. As many answers as a repair would pay for, and no plan, no feedback.

A first answer that passes its examples is kept. Else more are drawn side by side from the same prompt, and
the one that passes most examples is kept; of equals the first.
"""

from typing import NamedTuple

from agents.coder import coder
from agents.critic import critic
from agents.sampler import sampler
from events import CodeReviewed, CodeWritten, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture


@architecture
async def resample(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Coder, Critic; where an example fails, a Sampler and a Critic for each of N candidates."""
    code = await stage.ask(coder, problem)
    review = await stage.ask(critic, code)
    if review.passed:
        return code

    async def draw(branch: Stage, number: int) -> Candidate:
        drawn = await branch.ask(sampler, problem)
        return Candidate(drawn, await branch.ask(critic, drawn))

    drawn = await stage.each(range(stage.settings.candidates), draw, key="draw")
    return max([Candidate(code, review), *drawn], key=merit).code


class Candidate(NamedTuple):
    """An answer, and what its examples say of it."""

    code: CodeWritten
    review: CodeReviewed


def merit(candidate: Candidate) -> tuple[bool, int]:
    """What makes one better than another: it passes, or passes more examples."""
    results = candidate.review.results
    return candidate.review.passed, sum(result.outcome == "passed" for result in results)
