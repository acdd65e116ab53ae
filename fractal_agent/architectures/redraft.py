"""Redraft: while an example fails, new drafts in waves, half of them planned in comments, until one passes.

A small model that is shown its failing code writes it again, so no draft sees another. What a repair has to
spend goes where it is needed: a wave is asked for only when none before it has passed.
"""

from collections.abc import Iterator

from agents.coder import coder
from agents.critic import critic
from agents.narrator import narrator
from agents.sampler import sampler
from events import CodeWritten, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture
from fractal_agent.architectures.resample import Candidate, merit


@architecture
async def redraft(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Coder, Critic; while an example fails, waves of Samplers and Narrators, 2N of them at most."""
    code = await stage.ask(coder, problem)
    best = Candidate(code, await stage.ask(critic, code))

    async def draw(branch: Stage, number: int) -> Candidate:
        drawn = await branch.ask(narrator if number % 2 else sampler, problem)
        return Candidate(drawn, await branch.ask(critic, drawn))

    for wave, size in enumerate(_waves(2 * stage.settings.candidates)):
        if best.review.passed:
            break
        best = max([best, *await stage.each(range(size), draw, key=f"wave-{wave}")], key=merit)
    return best.code


def _waves(total: int) -> Iterator[int]:
    """2, 2, 4, 8 and so on: each as many as all before it, `total` together."""
    drawn = 0
    while drawn < total:
        size = min(max(drawn, 2), total - drawn)
        yield size
        drawn += size
