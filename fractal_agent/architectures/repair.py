"""Repair: guided, then the Critic names what fails and the Repairer updates the plan.

The plan is the interface for repair: the Coder always writes the whole function anew.
"""

from agents.coder import coder
from agents.critic import critic
from agents.planner import planner
from agents.repairer import repairer
from events import CodeReviewed, CodeWritten, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture


@architecture
async def repair(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Planner, Coder; while an example fails, at most K times: Critic, Repairer, Coder."""
    plan = await stage.ask(planner, problem)
    code = await stage.ask(coder, plan)
    review = await stage.ask(critic, code)
    best, merit = code, _merit(review)
    for _ in range(stage.settings.rounds):
        if review.passed:
            break
        revised = await stage.ask(repairer, review)
        code = await stage.ask(coder, revised)
        review = await stage.ask(critic, code)
        if _merit(review) > merit:
            best, merit = code, _merit(review)
    return best


def _merit(review: CodeReviewed) -> tuple[bool, bool, int]:
    """What makes a code better than another: it passes, it loads, it passes more examples."""
    passing = sum(result.outcome == "passed" for result in review.results)
    return review.passed, not review.error, passing
