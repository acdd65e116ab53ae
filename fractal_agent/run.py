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
from fractal_agent.scope import World, WorldFailed
from fractal_agent.stage import LiveStage
from replay.signals import gravest


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
    graded = 0

    async def one(task: Task, bus: Bus) -> None:
        nonlocal graded
        case = task.problem.task_id
        stage = LiveStage(world, bus, path=case, settings=settings, cast=cast)
        tests = HiddenTests.of(task.hidden_tests)
        async with limit:
            try:
                await run_case(task.problem, tests, architecture=architecture, stage=stage, world=world)
            except WorldFailed as failed:
                raise RunFailed(case, failed.error) from failed.error
            except Exception as error:  # not swallowed: the run stops with the case's name
                raise RunFailed(case, error) from error
        graded += 1

    try:
        async with open_bus() as bus, anyio.create_task_group() as cases:
            for task in tasks:
                cases.start_soon(one, task, bus, name=task.problem.task_id)
    except BaseExceptionGroup as group:
        gravest_one = gravest([group])
        raise gravest_one from gravest_one.__cause__
    if graded < len(tasks):
        missing = f"{len(tasks) - graded} of {len(tasks)} cases ended without a verdict"
        raise RunFailed("run", RuntimeError(missing))
