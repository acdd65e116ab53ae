"""The Critic runs the code on the examples that the problem itself shows, and names what fails."""

from agents.context import Context
from agents.role import role
from events.work import CodeReviewed, CodeWritten


@role
async def critic(written: CodeWritten, ctx: Context) -> CodeReviewed:
    """Executes the visible examples and names the failing ones."""
    problem = written.problem
    execution = await ctx.execute(
        written.code,
        entry_point=problem.entry_point,
        examples=problem.examples,
        kind=problem.kind,
        compare=problem.compare,
        files=problem.files,
    )
    return CodeReviewed(
        problem=problem,
        code=written.code,
        plan=written.plan,
        passed=execution.outcome == "passed",
        results=execution.results,
        error="" if execution.results else execution.error,
    )
