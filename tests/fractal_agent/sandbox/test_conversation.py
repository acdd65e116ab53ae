"""No process outlives its call, however the call ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

import anyio
import pytest

from events.effects import ExecutionRequested
from fractal_agent.sandbox import Limits, Sandbox, open_sandbox

SLEEPS = ExecutionRequested(
    program="import time\nprint('asleep', flush=True)\ntime.sleep(1000)\n", entry_point="f"
)


def children(of: str = "self") -> Iterator[Path]:
    """The living descendants of a process."""
    own = str(Path(f"/proc/{of}").resolve().name)
    for folder in Path("/proc").glob("[0-9]*"):
        if parent_of(folder) == own:
            yield folder
            yield from children(folder.name)


def parent_of(process: Path) -> str:
    """The parent of a living process; empty for a zombie, which runs no more, or none at all."""
    try:
        state, parent = (process / "stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if state == "Z" else parent


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def others() -> set[Path]:
    """Children that earlier tests left on purpose, such as `multiprocessing`'s resource tracker."""
    return set(children())


async def until_interpreter_runs(others: set[Path]) -> set[Path]:
    """The processes of a sandbox, once the program's own is among them."""
    while True:
        found = set(children()) - others
        if any("-P" in (process / "cmdline").read_text().split("\0")[1:2] for process in found):
            return found
        await anyio.sleep(0.01)


async def until_gone(processes: set[Path]) -> None:
    while any(parent_of(process) for process in processes):  # noqa: ASYNC110  # nobody announces a death
        await anyio.sleep(0.01)


async def test_cancelled_call_leaves_no_process(sandbox: Sandbox, others: set[Path]) -> None:
    """Cancelling a call kills the program and all that was started for it."""
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sandbox.execute, SLEEPS)
            processes = await until_interpreter_runs(others)
            tasks.cancel_scope.cancel()
        await until_gone(processes)

    assert set(children()) <= others


async def test_timeout_leaves_no_process(sandbox: Sandbox, others: set[Path]) -> None:
    """A program that is out of time is killed, and what it printed is kept."""
    level = cast(Literal["bubblewrap", "limits"], sandbox.level)
    async with open_sandbox(level, Limits(wall_seconds=1.5)) as short:
        answer = await short.execute(SLEEPS)

    assert (answer.outcome, answer.stdout) == ("timeout", "asleep\n")
    with anyio.fail_after(5):
        await until_gone(set(children()) - others)


@pytest.mark.parametrize("after", [0.0, 0.002, 0.01, 0.02, 0.05, 0.1])
async def test_call_cancelled_at_any_moment(sandbox: Sandbox, others: set[Path], after: float) -> None:
    """There is no moment of a call at which cancelling it leaves a process or a descriptor behind."""
    before = descriptors()

    with anyio.move_on_after(after):
        await sandbox.execute(SLEEPS)

    with anyio.fail_after(5):
        await until_gone(set(children()) - others)
    assert set(children()) <= others
    assert descriptors() == before
