"""Roles and an architecture that only the golden logs know, so that tuning a shipped prompt breaks none.

`python tests/golden/troupe.py FOLDER` records the golden logs anew, on purpose.
"""

import sys
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

from agents import Context, role
from agents.critic import critic
from events import CodeReviewed, CodeWritten, Message, PlanDrafted, PlanRevised, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture

if TYPE_CHECKING:
    from fractal_agent.job import Job

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
    """Makes the golden logs: as the code is, by a sketcher of another word, forked, and taken up again."""
    from fractal_agent.job import Unwatched
    from fractal_agent.solving import resume, solve

    global PROMPT  # noqa: PLW0603 - some are by a troupe whose prompt differs
    with chdir(Path(__file__).parent):
        solve(_job(folder / "agrees"), Unwatched())
        solve(_fork(folder / "agrees", folder / "forked"), Unwatched())
        now, PROMPT = PROMPT, PROMPT.replace("Sketch", "Outline")
        solve(_job(folder / "diverges"), Unwatched())
        _copy_beginning(folder / "diverges", folder / "resumed", lines=30)
        PROMPT = now
        resume(_job(folder / "resumed"), Unwatched(), accept_drift=True)


def _job(folder: Path) -> "Job":
    from fractal_agent.catalog import load_catalog
    from fractal_agent.datasets import load, select
    from fractal_agent.job import Job
    from fractal_agent.testing import make_settings

    tasks = select(load("humaneval"), ids=["HumanEval/0", "HumanEval/23", "HumanEval/53"])
    settings = make_settings(tasks, "troupe", dataset="humaneval", script="answers.jsonl")
    catalog = load_catalog([__name__])
    return Job(run_id=folder.name, folder=folder, settings=settings, tasks=tasks, catalog=catalog)


def _fork(parent: Path, folder: Path) -> "Job":
    """One case, twice: a sketch is edited, and the mending of the other draft is drawn anew."""
    from events import Branch
    from fractal_agent.catalog import load_catalog
    from fractal_agent.forking import edits_at, fork_job
    from fractal_agent.recording import Recording

    recording, case = Recording(parent), "HumanEval/53"
    _, _, edits = edits_at(recording, f"{case}/draft-0/sketcher.0", {"plan": "Add."})
    anew = f"{case}/draft-1/mender.0/generate.0"
    branches = [Branch(name="plain"), Branch(name="drawn", anew=anew)]
    return fork_job(
        recording, load_catalog([__name__]), folder=folder, cases=[case], edits=edits, branches=branches
    )


def _copy_beginning(source: Path, folder: Path, *, lines: int) -> None:
    folder.mkdir()
    whole = (source / "log.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "log.jsonl").write_bytes(b"".join(whole[:lines]) + whole[lines][:100])


if __name__ == "__main__":
    sys.modules["troupe"] = sys.modules["__main__"]
    record(Path(sys.argv[1]).absolute())
