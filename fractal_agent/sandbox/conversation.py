"""One jailed process from start to end: send the job, listen to it, leave nothing behind."""

import marshal
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from io import FileIO
from pathlib import Path
from subprocess import PIPE

import anyio
import msgspec
from anyio.abc import Process

from events.work import Example
from fractal_agent.sandbox.base import Limits, SandboxError
from fractal_agent.sandbox.jail import ENVIRONMENT, Jail, Launch
from fractal_agent.sandbox.transcript import Transcript, frames_in

_HARNESS = marshal.dumps(compile(Path(__file__).with_name("harness.py").read_bytes(), "<harness>", "exec"))
"""Compiled once, not by each process. The jail runs this same interpreter, so it can load it."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What the harness is to do: run the examples, or else the tests."""

    program: str
    entry_point: str
    examples: tuple[Example, ...] = ()
    tests: str | None = None


class _Line:
    """A pipe to hear the process through, and what came out of it so far."""

    def __init__(self, reading: int, writing: int, bound: int) -> None:
        self.hearing = FileIO(reading, "r")
        self.speaking = FileIO(writing, "w")
        self.heard = bytearray()
        self.bound = bound

    @property
    def flooded(self) -> bool:
        return len(self.heard) > self.bound

    async def listen(self, on_flood: Callable[[], None]) -> None:
        """Hear until every writer is gone or one byte more than the bound came."""
        while not self.flooded:
            await anyio.wait_readable(self.hearing)
            chunk = self.hearing.read(self.bound + 1 - len(self.heard))
            if not chunk:
                return
            self.heard += chunk
        on_flood()

    def text(self) -> str:
        return self.heard.decode(errors="replace")


async def converse(jail: Jail, job: Job, limits: Limits) -> Transcript:
    """Run the harness in the jail and write down all that came of it.

    Every process is gone when this returns, raises or is cancelled. Raises SandboxError if the
    jail cannot be started.
    """
    nonce = secrets.token_hex(16).encode()
    with (
        _line(limits.output_bytes) as stdout,
        _line(limits.output_bytes) as stderr,
        _line(_verdict_bytes(job, limits)) as verdict,
        jail.enter(verdict.speaking.fileno()) as launch,
    ):
        message = _message(job, limits, launch, nonce)
        status = await _hear_out(launch, message, (verdict, stdout, stderr), limits.wall_seconds)
    return Transcript(
        frames=tuple(frames_in(bytes(verdict.heard), nonce)),
        stdout=stdout.text(),
        stderr=stderr.text(),
        status=status,
        flooded=verdict.flooded or stdout.flooded or stderr.flooded,
    )


async def _hear_out(
    launch: Launch, message: bytes, lines: tuple[_Line, _Line, _Line], wall_seconds: float
) -> int | None:
    """The exit status once the process ended by itself; None if its time was up."""
    status = None
    async with _running(launch, lines) as process:
        with anyio.move_on_after(wall_seconds):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_say, process, message)
                for line in lines:
                    tasks.start_soon(line.listen, lambda: _kill_tree(process))
                status = await process.wait()
                _kill_tree(process)  # What it left running would hold the lines open.
    return status


@asynccontextmanager
async def _running(launch: Launch, lines: tuple[_Line, _Line, _Line]) -> AsyncIterator[Process]:
    """The started process, killed with all that it started when the block is left in any way."""
    verdict, stdout, stderr = lines
    # A start that is cancelled half way would leave a process that nobody knows of.
    with anyio.CancelScope(shield=True):
        process = await _start(launch, verdict, stdout, stderr)
    try:
        for line in lines:
            line.speaking.close()  # Or its end would never be heard.
        yield process
    finally:
        _kill_tree(process)
        with anyio.CancelScope(shield=True):
            await process.aclose()


async def _start(launch: Launch, verdict: _Line, stdout: _Line, stderr: _Line) -> Process:
    try:
        return await anyio.open_process(
            launch.command,
            stdin=PIPE,
            stdout=stdout.speaking,
            stderr=stderr.speaking,
            cwd=launch.folder,
            env=ENVIRONMENT,
            start_new_session=True,
            pass_fds=(verdict.speaking.fileno(), *launch.descriptors),
        )
    except OSError as error:
        raise SandboxError(
            where=f"starting {launch.command[0]}",
            found=str(error),
            expected="a program that this user may run",
            advice='Install bubblewrap, or open the sandbox with kind="limits".',
        ) from error


async def _say(process: Process, message: bytes) -> None:
    """Send the message; a process that is already gone need not hear it."""
    assert process.stdin is not None
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, ConnectionError):
        await process.stdin.send(message)
    await process.stdin.aclose()


def _kill_tree(process: Process) -> None:
    """Kill the process and its group. Under bubblewrap the kernel then ends the whole namespace."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def _line(bound: int) -> Iterator[_Line]:
    line = _Line(*os.pipe(), bound)
    os.set_blocking(line.hearing.fileno(), False)
    with line.hearing, line.speaking:
        yield line


def _verdict_bytes(job: Job, limits: Limits) -> int:
    """More than the harness can have to say: two texts a frame, eight hex digits a character."""
    return (len(job.examples) + 3) * (16 * limits.shown_characters + 1_000)


def _message(job: Job, limits: Limits, launch: Launch, nonce: bytes) -> bytes:
    """The harness's code, the nonce and a `harness.Job`, each as the harness will load it."""
    work = {
        "program": job.program,
        "entry_point": job.entry_point,
        "examples": [(example.call, example.expected) for example in job.examples],
        "tests": job.tests,
        "limits": msgspec.structs.asdict(limits) | {"processes": launch.processes},
        "filter": launch.filter,
    }
    return _HARNESS + marshal.dumps(nonce) + marshal.dumps(work)
