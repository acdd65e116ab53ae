"""A run: all its cases side by side, every event logged, stopped in order by whatever stops all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import anyio

from agents.role import Role
from events import Settings
from fractal_agent.architectures.base import Architecture
from fractal_agent.bus import Bus, open_bus, told
from fractal_agent.case import Case, own_error, run_case, set_aside
from fractal_agent.scope import WorldFailed, is_cancelled
from fractal_agent.stage import LiveStage
from replay.signals import Signal, gravest


class RunFailed(Exception):
    """A case could not go on for a reason that would meet the others too; the run was stopped.

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
    """Runs all cases, at most `settings.concurrency` at once.

    Returns when each has its verdict, or was set aside for an error of its own, which is recorded.

    Raises:
        RunFailed: the world failed in a way that would meet every case; all were stopped.
    """
    limit = anyio.CapacityLimiter(settings.concurrency or max(1, len(cases)))
    ended = 0

    async def one(case: Case, bus: Bus) -> None:
        nonlocal ended
        stage = LiveStage(case.world, bus, path=case.path, settings=settings, cast=cast)
        async with limit:
            try:
                await run_case(case, architecture=architecture, stage=stage)
            except BaseException as error:  # the case's own is recorded, any other stops the run
                if is_cancelled(error):
                    raise
                await _leave(case, stage, told(error, architecture.name))
        ended += 1

    try:
        async with open_bus() as bus, anyio.create_task_group() as group:
            for case in cases:
                group.start_soon(one, case, bus, name=case.path)
    except BaseExceptionGroup as errors:
        gravest_one = gravest([errors])
        raise gravest_one from gravest_one.__cause__
    if ended < len(cases):
        missing = f"{len(cases) - ended} of {len(cases)} cases ended without a verdict"
        raise RunFailed("run", RuntimeError(missing))


async def _leave(case: Case, stage: LiveStage, error: BaseException) -> None:
    """Sets the case aside if the error is its own; else raises what stops the run."""
    own = own_error(error)
    if own is None or stage.posed is None:
        raise _stopping(case, error)
    try:
        await set_aside(case, stage, own)
    except WorldFailed as failed:
        raise _stopping(case, failed) from failed.error


def _stopping(case: Case, error: BaseException) -> BaseException:
    """A signal as it is; any other error as `RunFailed`, with the error as its cause."""
    if isinstance(error, WorldFailed):
        error = error.error
    elif isinstance(error, Signal):
        return error
    stopping = RunFailed(case.path, error)
    stopping.__cause__ = error
    return stopping
