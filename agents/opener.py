"""The Opener writes the line that opens a block for a step that has others inside it."""

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

Write the line that opens the block of step {number} only: {step}
It begins with `for`, `while`, `if` or `else` and ends in a colon. The lines inside the block are written by \
others. Answer with one code block that holds this line and nothing else."""

PREFILL = "```python\n"


@role
async def opener(posed: StepPosed, ctx: Context) -> SnippetWritten:
    """Writes the line that opens the block of a step."""
    request = PROMPT.format(
        prompt=posed.problem.prompt.strip(),
        outline=outlined(posed.steps),
        number=posed.number,
        step=posed.step.text,
    )
    answer = await ctx.generate(
        [Message(role="user", content=request)], prefill=PREFILL, max_tokens=128, stop=("\n```",)
    )
    code = snippet_of(answer.text)
    return SnippetWritten(number=posed.number, code=code, whole=defines(code, posed.problem.entry_point))
