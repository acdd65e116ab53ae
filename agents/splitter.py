"""The Splitter turns a sketch into steps, each to be written as code by itself."""

from agents.context import Context
from agents.replies import steps_of
from agents.role import role
from events.effects import Message
from events.work import AlgorithmSketched, StepsListed

PROMPT = """\
```python
{prompt}
```

A sketch of how this Python function works:

{sketch}

Split it into two to six numbered steps, in the order in which they run. Each step is one sentence and \
becomes a few lines of the function's body. Do not write code."""

PREFILL = "1."


@role
async def splitter(sketched: AlgorithmSketched, ctx: Context) -> StepsListed:
    """Splits the sketch into steps, one after the other."""
    request = PROMPT.format(prompt=sketched.problem.prompt.strip(), sketch=sketched.sketch)
    answer = await ctx.generate(
        [Message(role="user", content=request)], prefill=PREFILL, max_tokens=256, stop=("```", "\n\n\n")
    )
    return StepsListed(problem=sketched.problem, sketch=sketched.sketch, steps=steps_of(answer.text))
