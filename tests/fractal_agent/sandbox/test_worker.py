"""No program outlives its call and no process its sandbox, however they end; a broken worker is replaced."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import anyio.lowlevel
import pytest

from events.effects import ExecutionRequested
from events.work import Example
from fractal_agent.sandbox import Limits, Sandbox, SandboxError, open_sandbox
from fractal_agent.sandbox.jail import START

SLEEPS = ExecutionRequested(
    program="import time\nprint('asleep', flush=True)\ntime.sleep(1000)\n", entry_point="f"
)
RIGHT = ExecutionRequested(
    program="def f():\n    return 1\n", entry_point="f", examples=(Example(call="f()", expected="1"),)
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


def interpreters(of: str = "self") -> set[Path]:
    """Judge, zygote and program among the descendants: those that run what they were sent."""
    found = set()
    for process in children(of):
        try:
            if (process / "cmdline").read_text().split("\0")[1:2] == [START[0]]:
                found.add(process)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def programs() -> set[Path]:
    """The processes in which programs run: interpreters whose parent is one."""
    found = interpreters()
    return {process for process in found if Path("/proc", parent_of(process)) in found}


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def until(holds: object) -> None:
    """Until the function says so; nobody announces a birth or a death."""
    with anyio.fail_after(10):
        while not holds():  # type: ignore[operator]  # noqa: ASYNC110
            await anyio.sleep(0.01)


async def test_cancelled_call_leaves_no_program(sandbox: Sandbox) -> None:
    """Cancelling a call kills the program, and the sandbox goes on."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sandbox.execute, SLEEPS)
        await until(programs)
        tasks.cancel_scope.cancel()

    await until(lambda: not programs())
    assert (await sandbox.execute(RIGHT)).outcome == "passed"


async def test_timeout_leaves_no_program() -> None:
    """A program that is out of time is killed, and what it printed is kept."""
    async with open_sandbox(limits=Limits(wall_seconds=1.5)) as short:
        answer = await short.execute(SLEEPS)

        assert (answer.outcome, answer.stdout) == ("timeout", "asleep\n")
        await until(lambda: not programs())


@pytest.mark.parametrize("after", [0.0, 0.002, 0.01, 0.02, 0.05, 0.1])
async def test_call_cancelled_at_any_moment(after: float) -> None:
    """There is no moment at which cancelling leaves a process or a descriptor behind a closed sandbox."""
    before = descriptors()

    async with open_sandbox(concurrency=1) as sandbox:
        for _ in range(3):
            with anyio.move_on_after(after):
                await sandbox.execute(SLEEPS)

    await until(lambda: not interpreters())
    assert descriptors() == before


@pytest.mark.parametrize("after", [0.0, 0.01, 0.03, 0.1])
async def test_opening_cancelled_at_any_moment(after: float) -> None:
    """There is no moment of opening at which cancelling leaves a process or a descriptor."""
    before = descriptors()

    with anyio.move_on_after(after):
        async with open_sandbox(concurrency=1):
            await anyio.lowlevel.checkpoint()

    await until(lambda: not interpreters())
    assert descriptors() == before


async def test_worker_killed_while_idle(sandbox: Sandbox) -> None:
    """A worker that somebody killed is replaced without a word."""
    for process in interpreters():
        with suppress(ProcessLookupError):  # One may take another along.
            os.kill(int(process.name), signal.SIGKILL)

    assert (await sandbox.execute(RIGHT)).outcome == "passed"


async def test_worker_killed_at_work() -> None:
    """When the sandbox breaks under a program again and again, that is an error and no outcome."""
    async with open_sandbox(concurrency=1) as sandbox, anyio.create_task_group() as tasks:

        async def kill() -> None:
            while True:
                await until(programs)
                for process in interpreters() - programs():
                    with suppress(ProcessLookupError):
                        os.kill(int(process.name), signal.SIGKILL)
                await until(lambda: not programs())

        tasks.start_soon(kill)
        with pytest.raises(SandboxError):
            await sandbox.execute(SLEEPS)
        tasks.cancel_scope.cancel()


LITTERS = """
for name in range(1100):
    open(str(name), "w").close()
def f(x):
    while x:
        pass
    return 0
"""


async def test_too_many_files_left(sandbox: Sandbox) -> None:
    """A program that leaves more than is removed after it gets no second process, and that is its outcome."""
    examples = (Example(call="f(1)", expected="0"), Example(call="f(0)", expected="0"))
    answer = await sandbox.execute(ExecutionRequested(program=LITTERS, entry_point="f", examples=examples))

    assert (answer.outcome, answer.error) == ("killed", "left more files than can be removed")
    assert [result.outcome for result in answer.results] == ["timeout"]

    judged = await sandbox.judge(LITTERS, "f", "assert f(0) == 1", trace=True)

    assert (judged.outcome, judged.error, judged.trace) == ("failed", "f(0) is not 1", ())


async def test_files_left_in_folders(sandbox: Sandbox) -> None:
    """However they are spread, the files of a program are not there for the next."""
    program = (
        "import os\nos.makedirs('a/' * 20)\n"
        "def f(n):\n for m in range(n): os.mkdir(str(m)), open(f'{m}/b', 'w')\n return len(os.listdir())"
    )
    for folders in (100, 550):
        tests = f"assert f({folders}) == {folders + 1}"
        assert (await sandbox.grade(program, "f", tests)).outcome == "passed"
        assert (await sandbox.grade(program, "f", tests)).outcome == "passed"


async def test_worker_spent_by_another_program() -> None:
    """Programs that cost their workers leave none that would fail the next program."""
    async with open_sandbox(concurrency=2) as sandbox:
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(
                    sandbox.grade, "import time\ntime.sleep(0.5)\n" + LITTERS, "f", "assert f(0)"
                )

        assert (await sandbox.execute(RIGHT)).outcome == "passed"


async def test_workers_killed_while_idle() -> None:
    """However many of the waiting workers are broken, an honest program is answered."""
    async with open_sandbox(concurrency=3) as sandbox:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(sandbox.grade, "import time\ntime.sleep(0.5)\n", "f", "assert f(0)")
        for process in interpreters():
            with suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)

        assert (await sandbox.execute(RIGHT)).outcome == "passed"


async def test_trace_takes_no_verdict() -> None:
    """A trace that does not end in time is left out, however little time the tests have left."""
    program = "import sys, time\ndef f(x):\n while sys.gettrace(): time.sleep(1)\n time.sleep(x)\n return 0\n"
    async with open_sandbox(limits=Limits(wall_seconds=6), concurrency=1) as sandbox:
        judged = await sandbox.judge(program, "f", "assert f(5.3) == 1", trace=True)

    assert (judged.outcome, judged.trace) == ("failed", ())


async def test_at_most_so_many_at_once() -> None:
    """No more programs run together than places were asked for."""
    most = 0
    async with open_sandbox(concurrency=2, limits=Limits(wall_seconds=0.5)) as sandbox:

        async def watch() -> None:
            nonlocal most
            while True:
                most = max(most, len(programs()))
                await anyio.sleep(0.02)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            async with anyio.create_task_group() as calls:
                for _ in range(6):
                    calls.start_soon(sandbox.execute, SLEEPS)
            tasks.cancel_scope.cancel()

    assert most == 2


KILLED = """
import anyio, sys
from fractal_agent.sandbox import open_sandbox
from events.effects import ExecutionRequested
async def main():
    async with open_sandbox(sys.argv[1], concurrency=1) as sandbox:
        print("open", flush=True)
        await sandbox.execute(ExecutionRequested(program="while True: pass", entry_point="f"))
anyio.run(main)
"""


@pytest.mark.parametrize("level", ["bubblewrap", "landlock", "limits"])
def test_no_orphan_after_sigkill(level: str) -> None:
    """When the process that opened the sandbox is killed, everything it started is gone too."""
    with subprocess.Popen([sys.executable, "-c", KILLED, level], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        if parent.stdout.readline() != b"open\n":
            pytest.skip("this machine cannot isolate programs")
        started = set()
        for _ in range(500):
            started |= set(children(str(parent.pid)))
            if len(interpreters(str(parent.pid))) >= 3:
                break
        started |= set(children(str(parent.pid)))
        parent.kill()

    assert len(started) >= 3
    anyio.run(until, lambda: not any(parent_of(process) for process in started))


async def test_idle_workers_are_small() -> None:
    """A worker that waits takes less than 64 MB, zygote and judge together."""
    async with open_sandbox(concurrency=1) as sandbox:
        await sandbox.execute(RIGHT)
        pages = 0
        for process in children():
            for line in (process / "smaps_rollup").read_text().splitlines():
                pages += int(line.split()[1]) if line.startswith("Pss:") else 0

    assert pages < 64 << 10
