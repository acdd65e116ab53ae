"""What the commands do with data of one's own before they start: its tests are tried."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self

import anyio

from fractal_agent.datasets import Task, names
from fractal_agent.datasets.fitness import Fitness, UnfitData, check_tasks
from fractal_agent.sandbox import open_sandbox
from fractal_agent.terminal import visible

_MANY = 50
"""From so many tasks on, the progress is shown."""


def fit_tasks(
    dataset: str,
    tasks: Sequence[Task],
    *,
    unsafe_sandbox: bool,
    check: bool = True,
    skip_unfit: bool = False,
) -> tuple[Task, ...]:
    """The tasks to run: all of them, or those whose tests can judge if the others may be left out.

    Data sets that have a name are known to be fit. What is found is told on stderr.

    Raises:
        UnfitData: some tests cannot judge, and they may not be left out, or none can.
        SandboxError: they could not be tried.
    """
    if not check or dataset in names() or not tasks:
        return tuple(tasks)
    fitness = checked(dataset, tasks, unsafe_sandbox=unsafe_sandbox)
    if fitness.unfit and (not skip_unfit or not fitness.fit):
        raise UnfitData(fitness)
    for line in fitness.told() if fitness.unfit or fitness.warnings else ():
        tell(line)
    left = set(fitness.fit)
    return tuple(task for task in tasks if task.problem.task_id in left)


def warn_of_unfit(dataset: str, tasks: Sequence[Task], *, unsafe_sandbox: bool) -> None:
    """Say which of the tasks that are left have tests that cannot judge: a run's tasks are fixed.

    Raises:
        SandboxError: they could not be tried.
    """
    if dataset in names() or not tasks:
        return
    fitness = checked(dataset, tasks, unsafe_sandbox=unsafe_sandbox)
    for line in fitness.told() if fitness.unfit else ():
        tell(line)


def checked(dataset: str, tasks: Sequence[Task], *, unsafe_sandbox: bool) -> Fitness:
    """What is found of the tasks. Raises SandboxError."""

    async def run() -> Fitness:
        async with open_sandbox(unsafe=unsafe_sandbox) as sandbox:
            with _progress(len(tasks)) as progress:
                return await check_tasks(dataset, tasks, sandbox, progress=progress)

    return anyio.run(run)


def tell(text: str) -> None:
    try:
        print(visible(text), file=sys.stderr)
    except (OSError, ValueError, AttributeError):  # nobody listens
        return


def _progress(total: int) -> AbstractContextManager[Any]:
    """What is called with the number of tasks that are done; a bar on a terminal where there are many."""
    if total < _MANY or sys.stderr is None:
        return nullcontext(lambda done: None)
    if not sys.stderr.isatty():
        tell(f"Trying the tests of {total} tasks")
        return nullcontext(lambda done: None)
    return _Bar(total)


class _Bar:
    def __init__(self, total: int) -> None:
        self._total = total

    def __enter__(self) -> Self:
        from rich.progress import Progress

        from fractal_agent.report.live import spoken_on

        self._spoken = spoken_on(sys.stderr)
        self._progress = Progress(console=self._spoken.__enter__(), transient=True)
        self._progress.start()
        self._task = self._progress.add_task("Trying the tests", total=self._total)
        return self

    def __call__(self, done: int) -> None:
        self._progress.update(self._task, completed=done)

    def __exit__(self, *error: object) -> None:
        self._progress.stop()
        self._spoken.__exit__(None, None, None)
