"""A plug-in whose event has changed since the log beside it was recorded: one text is now a tuple of lines.

The log holds `Sketched`; the class is now `Sketched:2`, and the upcaster reads the one as the other.
"""

from typing import Any

from agents import Context, role
from events import CodeWritten, Event, Message, ProblemPosed, upcaster
from fractal_agent.architectures.base import Stage, architecture


class Sketched(Event, frozen=True, kw_only=True, tag="Sketched:2"):
    problem: ProblemPosed
    lines: tuple[str, ...]


@upcaster("Sketched")
def _into_lines(old: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sketched:2", "problem": old["problem"], "lines": old["text"].splitlines()}


@role
async def sketch(problem: ProblemPosed, ctx: Context) -> Sketched:
    """Sketches in a few lines."""
    answer = await ctx.generate([Message(role="user", content=f"Sketch {problem.entry_point}.")])
    return Sketched(problem=problem, lines=tuple(answer.text.splitlines()))


@role
async def fill_in(sketched: Sketched, ctx: Context) -> CodeWritten:
    """Writes the code from the sketch."""
    plan = "\n".join(sketched.lines)
    answer = await ctx.generate([Message(role="user", content=plan)])
    return CodeWritten(problem=sketched.problem, code=answer.text, plan=plan)


@architecture
async def sketching(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Sketch, then code."""
    return await stage.ask(fill_in, await stage.ask(sketch, problem))
