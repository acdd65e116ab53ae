"""What `solve`, `experiment`, `resume` and `check` do with data of one's own before a model is asked."""

import os
import time
from collections.abc import Callable, Mapping, Sequence

import anyio
import typer

from fractal_agent.datasets import NoTaskFit, Task, is_own
from fractal_agent.datasets.fitness import Fitness, check_tasks
from fractal_agent.sandbox import open_sandbox
from fractal_agent.terminal import visible

SHOWN = 20
"""So many unfit tasks are listed one by one on stderr."""
_QUIET_SECONDS = 10.0


def unfit_tasks(
    dataset: str, tasks: Sequence[Task], *, check: bool, unsafe_sandbox: bool
) -> Mapping[str, str]:
    """Ids of the tasks that cannot be judged, with the reason, which is also said on stderr.

    Data sets with a name are known to be good and are not looked at.

    Raises:
        NoTaskFit: there is no other.
        SandboxError: no sandbox can be had.
    """
    if not check or not is_own(dataset):
        return {}
    fitness = fitness_of(tasks, unsafe_sandbox=unsafe_sandbox)
    tell(dataset, fitness)
    if not fitness.fit:
        raise NoTaskFit(dataset, fitness.unfit[0].sentence)
    return {finding.task_id: finding.reason for finding in fitness.unfit}


def fitness_of(tasks: Sequence[Task], *, unsafe_sandbox: bool) -> Fitness:
    """What the check of these tasks finds, with its progress on stderr."""

    async def check() -> Fitness:
        places = os.cpu_count() or 1
        async with open_sandbox(unsafe=unsafe_sandbox) as sandbox:
            return await check_tasks(tasks, sandbox, concurrency=places, done=_progress(len(tasks)))

    return anyio.run(check)


def tell(dataset: str, fitness: Fitness) -> None:
    """Says on stderr how many of the tasks are fit, and what is wrong with the others."""
    findings = (*fitness.unfit, *fitness.doubtful)
    typer.echo(f"{visible(dataset)}: {fitness.sentence}", err=True)
    for finding in findings[:SHOWN]:
        typer.echo(visible(f"  {finding.sentence}"), err=True)
    if len(findings) > SHOWN:
        typer.echo(f"  and {len(findings) - SHOWN} more; `check` lists all of them", err=True)


def _progress(total: int) -> Callable[[int], None]:
    said = time.monotonic()

    def done(count: int) -> None:
        nonlocal said
        if time.monotonic() - said >= _QUIET_SECONDS:
            said = time.monotonic()
            typer.echo(f"Checking the data: {count} of {total} tasks", err=True)

    return done
