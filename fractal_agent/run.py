"""A run: all its cases side by side, every event logged, stopped in order by whatever stops it."""

from collections.abc import Mapping, Sequence
from typing import Any

import anyio

from agents.role import Role
from events import Settings
from fractal_agent.architectures.base import Architecture
from fractal_agent.bus import Bus, open_bus, told
from fractal_agent.case import Case, run_case
from fractal_agent.scope import WorldFailed, is_cancelled
from fractal_agent.stage import LiveStage
from replay.signals import Signal, gravest


class RunFailed(Exception):
    """A case could not go on for a reason that is not the program under test; the run was stopped.

    The error that stopped it is the `__cause__`. What was recorded stays and can be replayed.
    """

    def __init__(self, case: str, error: BaseException) -> None:
        told = str(error) or type(error).__name__
        super().__init__(told if told.startswith(case) else f"{case}: {type(error).__name__}: {told}")
        self.case = case


async def run_cases(
    cases: Sequence[Case],
    *,
    settings: Settings,
    architecture: Architecture,
    cast: Mapping[str, Role[Any, Any]],
) -> None:
    """Runs all cases, at most `settings.concurrency` at once, and returns when each has its verdict.

    Raises:
        RunFailed: a case failed; the others were stopped.
    """
    limit = anyio.CapacityLimiter(settings.concurrency or max(1, len(cases)))
    graded = 0

    async def one(case: Case, bus: Bus) -> None:
        nonlocal graded
        stage = LiveStage(case.world, bus, path=case.path, settings=settings, cast=cast)
        async with limit:
            try:
                await run_case(case, architecture=architecture, stage=stage)
            except WorldFailed as failed:
                raise RunFailed(case.path, failed.error) from failed.error
            except BaseException as error:  # not swallowed: the run stops with the case's name
                if is_cancelled(error):
                    raise
                found = told(error, architecture.name)
                if isinstance(found, WorldFailed):  # from a group of the architecture's own
                    raise RunFailed(case.path, found.error) from found.error
                if isinstance(found, Signal):
                    raise
                raise RunFailed(case.path, found) from found
        graded += 1

    try:
        async with open_bus() as bus, anyio.create_task_group() as group:
            for case in cases:
                group.start_soon(one, case, bus, name=case.path)
    except BaseExceptionGroup as errors:
        gravest_one = gravest([errors])
        raise gravest_one from gravest_one.__cause__
    if graded < len(cases):
        missing = f"{len(cases) - graded} of {len(cases)} cases ended without a verdict"
        raise RunFailed("run", RuntimeError(missing))
