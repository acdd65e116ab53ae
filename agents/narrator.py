"""The Narrator writes the whole function step by step, and tells each step in a comment before its code."""

import re

from agents.coder import PREFILL, PROMPT, STOPS
from agents.context import Context
from agents.replies import code_of
from agents.role import role
from agents.sampler import TEMPERATURE
from events.effects import Message
from events.work import CodeWritten, ProblemPosed

FIRST_STEP = "{indent}# Step 1:"
"""What the body is made to begin with. A small model that may begin with `return` often ends there."""


@role
async def narrator(problem: ProblemPosed, ctx: Context) -> CodeWritten:
    """Draws an answer whose plan stands in it, as a comment before each step."""
    source = problem.prompt.strip()
    answer = await ctx.generate(
        [Message(role="user", content=PROMPT.format(prompt=source, plan=""))],
        prefill=PREFILL.format(prompt=source) + FIRST_STEP.format(indent=_indent(source)),
        max_tokens=512,
        temperature=TEMPERATURE,
        stop=STOPS,
    )
    return CodeWritten(problem=problem, code=code_of(answer.text, problem))


def _indent(source: str) -> str:
    """How the body is indented: as the prompt's last line, which ends the docstring."""
    found = re.match(r"[ \t]*", source.rpartition("\n")[2])
    return (found and found[0]) or "    "
