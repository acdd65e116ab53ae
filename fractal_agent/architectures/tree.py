"""Tree: a sketch, a tree of steps, and each node of it rendered by itself, its children inside it.

A leaf becomes a snippet; an inner node becomes the line that opens a block.
"""

from collections.abc import Iterator

from agents.assembler import assembler
from agents.brancher import brancher
from agents.designer import designer
from agents.opener import opener
from agents.stepwriter import stepwriter
from events import CodeWritten, ProblemPosed, Snippet, SnippetsGathered, Step, StepPosed, StepsListed
from fractal_agent.architectures.base import Stage, architecture, for_functions


@architecture
@for_functions
async def tree(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Designer, Brancher, an Opener or a Stepwriter for each node of the tree, Assembler."""
    sketch = await stage.ask(designer, problem)
    grown = await stage.ask(brancher, sketch)
    snippets = await stage.each(_posed(grown, grown.steps), _render, key="step")
    return await stage.ask(assembler, SnippetsGathered(problem=problem, steps=grown.steps, snippets=snippets))


async def _render(branch: Stage, posed: StepPosed) -> Snippet:
    """The node's own code with that of its children inside."""
    written = await branch.ask(opener if posed.step.inside else stepwriter, posed)
    children = _posed(posed, posed.step.inside, f"{posed.number}.")
    return Snippet(code=written.code, inside=await branch.each(children, _render, key="step"))


def _posed(whole: StepsListed | StepPosed, steps: tuple[Step, ...], front: str = "") -> Iterator[StepPosed]:
    """The steps of one node as they are posed, numbered after it."""
    for number, step in enumerate(steps, 1):
        yield StepPosed(problem=whole.problem, steps=whole.steps, number=f"{front}{number}", step=step)
