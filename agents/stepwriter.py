"""The Stepwriter writes the code of one step. It knows the other steps and sees none of their code."""

from agents.context import Context
from agents.replies import defines, outlined, snippet_of
from agents.role import role
from events.effects import Message
from events.work import SnippetWritten, StepPosed

PROMPT = """\
```python
{prompt}
```

The body of this Python function has these steps:

{outline}

Write the lines of the body for step {number} only: {step}
The lines of the other steps are written by others. Answer with one code block that holds these lines and \
nothing else, without the function's signature."""

PREFILL = "```python\n"


@role
async def stepwriter(posed: StepPosed, ctx: Context) -> SnippetWritten:
    """Writes the code of one step by itself."""
    request = PROMPT.format(
        prompt=posed.problem.prompt.strip(),
        outline=outlined(posed.steps),
        number=posed.number,
        step=posed.step.text,
    )
    answer = await ctx.generate(
        [Message(role="user", content=request)], prefill=PREFILL, max_tokens=256, stop=("\n```",)
    )
    code = snippet_of(answer.text)
    return SnippetWritten(number=posed.number, code=code, whole=defines(code, posed.problem.entry_point))
