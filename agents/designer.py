"""The Designer says in a few sentences how the function could work, before it is split into steps."""

from agents.context import Context
from agents.replies import answered
from agents.role import role
from events.effects import Message
from events.work import AlgorithmSketched, ProblemPosed

PROMPT = """\
```python
{prompt}
```

Sketch an algorithm for the body of this Python function in three to six short sentences. \
Say what to go through, what to keep, and what to return. Do not write code."""


@role
async def designer(problem: ProblemPosed, ctx: Context) -> AlgorithmSketched:
    """Sketches the algorithm in a few sentences."""
    answer = await ctx.generate(
        [Message(role="user", content=PROMPT.format(prompt=problem.prompt.strip()))],
        max_tokens=256,
        stop=("```",),
    )
    return AlgorithmSketched(problem=problem, sketch=answered(answer.text).strip())
