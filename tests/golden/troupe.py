"""Roles and an architecture that only the golden logs know, so that tuning a shipped prompt breaks none.

`python tests/golden/troupe.py FOLDER` records the golden logs anew, on purpose.
"""

import sys
from contextlib import chdir
from pathlib import Path

from agents import Context, role
from agents.critic import critic
from events import CodeReviewed, CodeWritten, Message, PlanDrafted, PlanRevised, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture

PROMPT = "Sketch {name} in one line."


@role
async def sketcher(problem: ProblemPosed, ctx: Context) -> PlanDrafted:
    """Sketches with some randomness."""
    content = PROMPT.format(name=problem.entry_point)
    answer = await ctx.generate([Message(role="user", content=content)], temperature=ctx.random.random())
    return PlanDrafted(problem=problem, plan=answer.text)


@role
async def scribe(task: PlanDrafted | PlanRevised, ctx: Context) -> CodeWritten:
    """Writes a body from the plan."""
    answer = await ctx.generate([Message(role="user", content=task.plan)], prefill=task.problem.prompt)
    return CodeWritten(problem=task.problem, plan=task.plan, code=answer.text)


@role
async def mender(review: CodeReviewed, ctx: Context) -> PlanRevised:
    """Revises the plan."""
    failing = [result.example.call for result in review.results if result.outcome != "passed"]
    answer = await ctx.generate([Message(role="user", content=f"{review.plan}: {failing} fails")])
    return PlanRevised(problem=review.problem, plan=answer.text, previous=review.plan)


@architecture
async def troupe(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Two drafts side by side, each mended once if an example fails."""

    async def draft(branch: Stage, number: int) -> tuple[CodeWritten, CodeReviewed]:
        code = await branch.ask(scribe, await branch.ask(sketcher, problem))
        review = await branch.ask(critic, code)
        if not review.passed:
            code = await branch.ask(scribe, await branch.ask(mender, review))
            review = await branch.ask(critic, code)
        return code, review

    drafts = await stage.each(range(2), draft, key="draft")
    return next((code for code, review in drafts if review.passed), drafts[0][0])


def record(folder: Path) -> None:
    """Makes both golden logs: one as the code is, one by a sketcher that says another word."""
    from fractal_agent.catalog import load_catalog
    from fractal_agent.datasets import load, select
    from fractal_agent.job import Job, Unwatched
    from fractal_agent.solving import solve
    from fractal_agent.testing import make_settings

    global PROMPT  # noqa: PLW0603 - the second log is by a troupe whose prompt differs
    tasks = select(load("humaneval"), ids=["HumanEval/0", "HumanEval/23", "HumanEval/53"])
    for name, prompt in (("agrees", PROMPT), ("diverges", PROMPT.replace("Sketch", "Outline"))):
        PROMPT = prompt
        settings = make_settings(tasks, "troupe", dataset="humaneval", script="answers.jsonl")
        catalog = load_catalog([__name__])
        job = Job(run_id=name, folder=folder / name, settings=settings, tasks=tasks, catalog=catalog)
        with chdir(Path(__file__).parent):
            solve(job, Unwatched())


if __name__ == "__main__":
    sys.modules["troupe"] = sys.modules["__main__"]
    record(Path(sys.argv[1]).absolute())
