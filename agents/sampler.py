"""The Sampler asks what the Coder asks of the problem alone, and draws another answer than the likeliest."""

from agents.coder import PREFILL, PROMPT, stops_for
from agents.context import Context
from agents.replies import code_of
from agents.replies.whole import is_class
from agents.role import role
from agents.wholes import write_whole
from events.effects import Message
from events.work import CodeWritten, ProblemPosed

TEMPERATURE = 0.8


@role
async def sampler(problem: ProblemPosed, ctx: Context) -> CodeWritten:
    """Draws one more answer at temperature 0.8 from the Coder's own prompt."""
    if problem.kind == "program" or is_class(problem):
        return await write_whole(problem, ctx, temperature=TEMPERATURE)
    source = problem.prompt.strip()
    answer = await ctx.generate(
        [Message(role="user", content=PROMPT.format(prompt=source, plan=""))],
        prefill=PREFILL.format(prompt=source),
        max_tokens=512,
        temperature=TEMPERATURE,
        stop=stops_for(problem.entry_point),
    )
    return CodeWritten(problem=problem, code=code_of(answer.text, problem))
