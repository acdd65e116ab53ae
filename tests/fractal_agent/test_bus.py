"""Inboxes, one task a request, replies that are values or errors."""

import anyio
import pytest

from agents import Context, Role, role
from agents.testing import ScriptedContext
from events import PlanDrafted, ProblemPosed
from fractal_agent.bus import open_bus
from fractal_agent.scope import UnexpectedExit
from replay.drift import Diverged


def problem(task_id: str = "Test/0") -> ProblemPosed:
    return ProblemPosed(task_id=task_id, prompt="", entry_point="f")


@role
async def echo(posed: ProblemPosed, ctx: Context) -> PlanDrafted:
    return PlanDrafted(problem=posed, plan=f"plan of {posed.task_id}")


def raising(error: BaseException) -> Role[ProblemPosed, PlanDrafted]:
    @role
    async def broken(posed: ProblemPosed, ctx: Context) -> PlanDrafted:
        raise error

    return broken


async def test_reply_is_the_roles_answer() -> None:
    """Who asks gets what the role returned for that event."""
    async with open_bus() as bus:
        answer = await bus.ask(echo, problem(), ScriptedContext())

    assert answer.plan == "plan of Test/0"


@pytest.mark.parametrize("error", [ValueError("no"), Diverged("p", recorded=None, now=None)])
async def test_error_reaches_the_asker_and_nobody_else(error: BaseException) -> None:
    """What a role raises is raised where it was asked, and the bus carries on."""
    async with open_bus() as bus:
        with pytest.raises(type(error)):
            await bus.ask(raising(error), problem(), ScriptedContext())
        answer = await bus.ask(echo, problem(), ScriptedContext())

    assert answer.plan == "plan of Test/0"


@pytest.mark.parametrize("error", [SystemExit("gone"), KeyboardInterrupt(), SystemExit()])
async def test_exit_reaches_the_asker_as_an_exception(error: BaseException) -> None:
    """A role that would end the process fails like any other, and the error names it and what it raised."""
    async with open_bus() as bus:
        with pytest.raises(UnexpectedExit, match=rf"^broken raised {type(error).__name__}") as caught:
            await bus.ask(raising(error), problem(), ScriptedContext())

    assert str(error) in str(caught.value)


async def test_role_serves_many_at_once() -> None:
    """A role that waits does not keep others from being served by it."""
    arrived: set[str] = set()
    all_here = anyio.Event()

    @role
    async def meeting(posed: ProblemPosed, ctx: Context) -> PlanDrafted:
        arrived.add(posed.task_id)
        if len(arrived) == 50:
            all_here.set()
        await all_here.wait()
        return PlanDrafted(problem=posed, plan="met")

    async with open_bus() as bus, anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(bus.ask, meeting, problem(str(number)), ScriptedContext())

    assert len(arrived) == 50


async def test_cancelled_asker_takes_the_roles_work_with_it() -> None:
    """When who asked is cancelled, the role is cancelled too, and is not left running."""
    began, ended = anyio.Event(), anyio.Event()

    @role
    async def endless(posed: ProblemPosed, ctx: Context) -> PlanDrafted:
        began.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()
        raise AssertionError

    async with open_bus() as bus:
        async with anyio.create_task_group() as asking:
            asking.start_soon(bus.ask, endless, problem(), ScriptedContext())
            await began.wait()
            asking.cancel_scope.cancel()
        with anyio.fail_after(5):
            await ended.wait()


async def test_no_task_is_left_when_the_bus_closes() -> None:
    """Leaving the block ends every inbox."""
    with anyio.fail_after(5):
        async with open_bus() as bus:
            await bus.ask(echo, problem(), ScriptedContext())

    assert len(anyio.get_running_tasks()) == 1
