"""The Assembler joins the snippets of all steps into the function's body. It asks no model, mends nothing."""

from agents.context import Context
from agents.replies import assembled, outlined
from agents.role import role
from events.work import CodeWritten, SnippetsGathered


@role
async def assembler(gathered: SnippetsGathered, ctx: Context) -> CodeWritten:
    """Joins snippets by their order and, where they are nested, by indentation."""
    return CodeWritten(
        problem=gathered.problem,
        plan=outlined(gathered.steps),
        code=assembled(gathered.problem, gathered.snippets),
    )
