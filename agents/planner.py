"""The Planner sketches the algorithm in a few steps, before any code exists."""

from agents.context import Context
from agents.replies import plan_of
from agents.role import role
from events.effects import Message
from events.work import PlanDrafted, ProblemPosed

PROMPT = """\
```python
{prompt}
```

Write a plan for the body of this Python function: two to six numbered steps, one short sentence each. \
Say which values to compute and how; name edge cases that the examples show. Do not write code."""
PROGRAM_PROMPT = """\
{prompt}

Write a plan for a Python program that solves this problem: two to six numbered steps, one short sentence \
each. Say how to read the input, which values to compute and how, and what to print; name edge cases. \
Do not write code."""
"""The problem stands first in the prompts of all roles, so that an engine's prefix cache reads it once."""

PREFILL = "1."


@role
async def planner(problem: ProblemPosed, ctx: Context) -> PlanDrafted:
    """Sketches the algorithm as numbered steps."""
    prompt = PROGRAM_PROMPT if problem.kind == "program" else PROMPT
    answer = await ctx.generate(
        [Message(role="user", content=prompt.format(prompt=problem.prompt.strip()))],
        prefill=PREFILL,
        max_tokens=256,
        stop=("```", "\n\n\n"),
    )
    return PlanDrafted(problem=problem, plan=plan_of(answer.text))
