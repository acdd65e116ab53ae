"""What the tests of forks have in common: a problem, a script for it, places to fork at, and a plug-in."""

from events import GenerationRequested
from fractal_agent.recording import Recording

CASE = "T/0"
REPAIRER = f"{CASE}/repairer.0"
GOOD_PLAN = "1. Add one."

SCRIPT = [
    {"path": "*sample-1/*/repairer.*", "text": " Add one."},
    {"path": "*/coder.*", "contains": "Add one.", "text": "    return x + 1\n"},
    {"path": "*/coder.0/*", "text": "    return None\n"},
    {"path": "*/coder.*", "text": "    return 5\n"},
    {"path": "*", "text": " Think.\n"},
]

PROBLEM = {
    "prompt": 'def f(x):\n    """Return x plus one.\n\n    >>> f(1)\n    2\n    """\n',
    "entry_point": "f",
    "test": "def check(candidate):\n    assert candidate(2) == 3\n",
    "canonical_solution": "    return x + 1\n",
}

ANOTHER = '''
from agents import Context, role
from events import CodeReviewed, CodeWritten, PlanDrafted, PlanRevised, ProblemPosed
from agents.coder import coder
from fractal_agent.architectures.base import Stage, architecture


@role
async def helper(review: CodeReviewed, ctx: Context) -> PlanRevised:
    """Knows the plan."""
    return PlanRevised(problem=review.problem, plan="1. Add one.", previous=review.plan)


@architecture
async def own_plan(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Makes its plan itself, and has two codes written from it."""
    plan = PlanDrafted(problem=problem, plan="1. Nothing.")
    await stage.ask(coder, plan)
    return await stage.ask(coder, plan)
'''


def requests(run: Recording) -> dict[str, bool]:
    """Path of each generation to whether it was reused."""
    return {
        path: effect.request.reused
        for path, effect in run.journal.effects.items()
        if isinstance(effect.request, GenerationRequested)
    }
