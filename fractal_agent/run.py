"""A run: all its cases side by side, every event logged, stopped in order by whatever stops it."""

from collections.abc import Mapping, Sequence
from typing import Any

import anyio

from agents.role import Role
from events import Settings
from fractal_agent.architectures.base import Architecture
from fractal_agent.bus import Bus, open_bus
from fractal_agent.case import HiddenTests, run_case
from fractal_agent.datasets import Task
from fractal_agent.scope import World
from fractal_agent.stage import LiveStage


class RunFailed(Exception):
    """A case could not go on for a reason that is not the program under test; the run was stopped.

    The error that stopped it is the `__cause__`. What was recorded stays and can be replayed.
    """

    def __init__(self, case: str, error: BaseException) -> None:
        told = str(error) or type(error).__name__
        super().__init__(told if told.startswith(case) else f"{case}: {type(error).__name__}: {told}")
        self.case = case


async def run_cases(
    tasks: Sequence[Task],
    *,
    settings: Settings,
    architecture: Architecture,
    cast: Mapping[str, Role[Any, Any]],
    world: World,
) -> None:
    """Runs all tasks, at most `settings.concurrency` at once, and returns when each has its verdict.

    Raises:
        RunFailed: a case failed; the others were stopped.
    """
    limit = anyio.CapacityLimiter(settings.concurrency or max(1, len(tasks)))

    async def one(task: Task, bus: Bus) -> None:
        case = task.problem.task_id
        stage = LiveStage(world, bus, path=case, settings=settings, cast=cast)
        async with limit:
            try:
                await run_case(
                    task.problem,
                    HiddenTests.of(task.hidden_tests),
                    architecture=architecture,
                    stage=stage,
                    world=world,
                )
            except Exception as error:  # not swallowed: the run stops with the case's name
                raise RunFailed(case, error) from error

    try:
        async with open_bus() as bus, anyio.create_task_group() as cases:
            for task in tasks:
                cases.start_soon(one, task, bus, name=task.problem.task_id)
    except BaseExceptionGroup as group:
        first = first_of(group)
        raise first from first.__cause__


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that tells most: a `BaseException` such as `Diverged` before an `Exception`."""
    flat: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop(0)
        if isinstance(error, BaseExceptionGroup):
            pending.extend(error.exceptions)
        else:
            flat.append(error)
    return next((error for error in flat if not isinstance(error, Exception)), flat[0])
