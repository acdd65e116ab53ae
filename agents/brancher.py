"""The Brancher turns a sketch into a tree of steps: what a loop or a condition holds stands inside it."""

from agents.context import Context
from agents.replies import outline_of
from agents.role import role
from events.effects import Message
from events.work import AlgorithmSketched, StepsListed

PROMPT = """\
```python
{prompt}
```

A sketch of how this Python function works:

{sketch}

Write it as a nested outline. A step that is a loop or a condition has the steps inside it below, indented:

1. Start with an empty list.
2. For each number:
    2.1. If it is even:
        2.1.1. Append it to the list.
3. Return the list.

One short sentence a step. Do not write code."""

PREFILL = "1."


@role
async def brancher(sketched: AlgorithmSketched, ctx: Context) -> StepsListed:
    """Splits the sketch into steps, some of them inside others."""
    request = PROMPT.format(prompt=sketched.problem.prompt.strip(), sketch=sketched.sketch)
    answer = await ctx.generate(
        [Message(role="user", content=request)], prefill=PREFILL, max_tokens=256, stop=("```", "\n\n\n")
    )
    return StepsListed(problem=sketched.problem, sketch=sketched.sketch, steps=outline_of(answer.text))
