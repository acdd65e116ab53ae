"""Flat: a sketch, its steps, a snippet for each step by itself, and all snippets joined in order."""

from agents.assembler import assembler
from agents.designer import designer
from agents.splitter import splitter
from agents.stepwriter import stepwriter
from events import CodeWritten, ProblemPosed, Snippet, SnippetsGathered, StepPosed
from fractal_agent.architectures.base import Stage, architecture, for_functions


@architecture
@for_functions
async def flat(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Designer, Splitter, a Stepwriter for each step, Assembler."""
    sketch = await stage.ask(designer, problem)
    listed = await stage.ask(splitter, sketch)

    async def write(branch: Stage, number: int) -> Snippet:
        step = listed.steps[number]
        posed = StepPosed(problem=problem, steps=listed.steps, number=str(number + 1), step=step)
        written = await branch.ask(stepwriter, posed)
        return Snippet(code=written.code)

    snippets = await stage.each(range(len(listed.steps)), write, key="step")
    return await stage.ask(
        assembler, SnippetsGathered(problem=problem, steps=listed.steps, snippets=snippets)
    )
