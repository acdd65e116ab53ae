"""Redraft: what `resample` does, in waves. While an example fails, more drafts are drawn, until one passes.

A small model that is shown its failing code writes it again, so no draft sees another. A wave is as large
as all before it, and none is drawn after a pass: what `resample` spends on solved problems goes to others.
"""

from collections.abc import Iterator

from agents.coder import coder
from agents.critic import critic
from agents.sampler import sampler
from events import CodeWritten, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture
from fractal_agent.architectures.resample import Candidate, merit


@architecture
async def redraft(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Coder, Critic; while an example fails, waves of a Sampler and a Critic, 2N of them at most."""
    code = await stage.ask(coder, problem)
    best = Candidate(code, await stage.ask(critic, code))

    async def draw(branch: Stage, number: int) -> Candidate:
        drawn = await branch.ask(sampler, problem)
        return Candidate(drawn, await branch.ask(critic, drawn))

    for size in _waves(2 * stage.settings.candidates):
        if best.review.passed:
            break
        best = max([best, *await stage.each(range(size), draw, key="draw")], key=merit)
    return best.code


def _waves(total: int) -> Iterator[int]:
    """How many drafts at a time, 2, 2, 4, 8 and so on: each as many as all before, `total` together."""
    drawn = 0
    while drawn < total:
        size = min(max(drawn, 2), total - drawn)
        yield size
        drawn += size
