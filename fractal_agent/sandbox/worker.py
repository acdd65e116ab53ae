"""One place at which a program can run: a zygote in its jail, and the judge that talks to its children."""

import json
import marshal
import os
import signal
import socket
import sysconfig
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from resource import (
    RLIM_INFINITY,
    RLIMIT_AS,
    RLIMIT_CORE,
    RLIMIT_CPU,
    RLIMIT_FSIZE,
    RLIMIT_NOFILE,
    RLIMIT_NPROC,
    getrlimit,
)
from subprocess import DEVNULL
from tempfile import TemporaryFile
from types import CodeType
from typing import IO, Any

import anyio
import anyio.to_thread
import msgspec

from fractal_agent.sandbox.base import Limits, SandboxError, no_scratch
from fractal_agent.sandbox.inside.confinement import landlock_version
from fractal_agent.sandbox.inside.seccomp import is_known
from fractal_agent.sandbox.jail import ENVIRONMENT, INTERPRETER, LIBRARIES, START, ZONES, Jail, Launch
from fractal_agent.sandbox.ulimits import lower

_INSIDE = Path(__file__).with_name("inside")
_PACKAGE = "fractal_agent.sandbox.inside"
_ZYGOTE = (
    "contexts",
    "standard",
    "graph",
    "values",
    "writing",
    "reading",
    "kinds",
    "confinement",
    "seccomp",
    "whole",
    "program",
    "zygote",
)
_JUDGE = (
    "contexts",
    "standard",
    "graph",
    "values",
    "writing",
    "reading",
    "confinement",
    "seccomp",
    "stops",
    "mirrors",
    "standins",
    "channel",
    "remote",
    "rewriting",
    "evidence",
    "digits",
    "forms",
    "pairs",
    "suite",
    "examples",
    "judge",
)
"""Modules in the order of their imports; the last has `main`."""

_JUDGE_MEMORY = 2 << 30
_START_SECONDS = 30.0
_GRACE_SECONDS = 5.0
"""How much longer than a program the judge may take before it is given up."""


class Answer(msgspec.Struct, kw_only=True):
    """What the judge says of one job."""

    outcome: str = "passed"
    error: str = ""
    kind: str = ""
    """Type of the exception behind the error; if the program raised it, the builtin one that it is."""
    line: int = 0
    """Of the program, where that exception rose in it; 0 if none."""
    unloaded: bool = False
    """The program could not be loaded, so the error is about the program alone."""
    passed: int = 0
    failed: int = 0
    failures: list[dict[str, str]] = []
    """`call`, `expected`, `outcome`, `actual`, `error`; for examples, one for each that was reached."""
    stdout: str = ""
    trace: list[Any] = []  # Any: hostile, checked where it is read
    unusable: str = ""
    """What is wrong with the tests."""
    gone: str = ""
    """What is wrong with the sandbox."""
    spent: bool = False
    """The program left more than its zygote could remove, so the worker takes no other job."""
    ready: bool = False


class WorkerGone(SandboxError):
    """The zygote or the judge ended; another worker may do better."""

    def __init__(self, where: str, found: str) -> None:
        super().__init__(
            where=where,
            found=found,
            expected="it to serve until it is closed",
            advice="`doctor` tells which isolation this machine allows.",
        )


class OutOfTime(Exception):  # named by what happened
    """The judge had no verdict in time, and can no longer be used."""


class Worker:
    """Takes one job at a time. Made by `working`, which ends both processes."""

    def __init__(self, channel: socket.socket, limits: Limits) -> None:
        self._channel = channel
        self._limits = limits
        self._received = bytearray()

    async def ask(self, job: dict[str, object]) -> Answer:
        """What the judge says. Raises WorkerGone or OutOfTime; then, or if cancelled, the worker is spent."""
        with anyio.move_on_after(float(str(job.get("seconds", self._limits.wall_seconds))) + _GRACE_SECONDS):
            await self._send(json.dumps(job).encode())
            return await self.hear()
        raise OutOfTime

    async def hear(self) -> Answer:
        """The next answer. Raises WorkerGone."""
        await self._receive(4)
        size = 4 + int.from_bytes(self._received[:4], "big")
        await self._receive(size)
        answer = msgspec.json.decode(memoryview(self._received)[4:size], type=Answer, strict=False)
        self._received = self._received[size:]
        if answer.gone:
            raise WorkerGone("running a program in the sandbox", answer.gone)
        return answer

    async def _send(self, data: bytes) -> None:
        rest = memoryview(len(data).to_bytes(4, "big") + data)
        while rest:
            try:
                rest = rest[self._channel.send(rest) :]
            except BlockingIOError:
                await anyio.wait_writable(self._channel)
            except OSError as error:
                raise WorkerGone("giving the judge a program", str(error)) from error

    async def _receive(self, size: int) -> None:
        """Return once so many bytes have been received."""
        while len(self._received) < size:
            await anyio.wait_readable(self._channel)
            try:
                chunk = self._channel.recv(1 << 16)
            except OSError as error:
                raise WorkerGone("listening to the judge", str(error)) from error
            if not chunk:
                raise WorkerGone("listening to the judge", "it ended")
            self._received += chunk


@asynccontextmanager
async def working(jail: Jail, limits: Limits) -> AsyncIterator[Worker]:
    """A worker that is ready. No process of it is left after the block, however it ends.

    Raises SandboxError if it cannot be started.
    """
    async with AsyncExitStack() as stack:
        with _starting():
            worker = await _started(stack, jail, limits)
        yield worker


@contextmanager
def _starting() -> Iterator[None]:
    """What the system refuses is an error of the sandbox: no more descriptors, say, or too small a file."""
    try:
        yield
    except OSError as error:
        raise WorkerGone("starting the sandbox", error.strerror or str(error)) from error


async def _started(stack: AsyncExitStack, jail: Jail, limits: Limits) -> Worker:
    """A worker that is ready, which the stack ends. Raises SandboxError, OSError."""
    ours, channel = map(stack.enter_context, map(closing, socket.socketpair()))
    ours.setblocking(False)
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    controlling, controlled = map(stack.enter_context, map(closing, ends))
    launch = await stack.enter_async_context(_entered(jail, controlled.fileno()))
    said = stack.enter_context(_scratch())
    told = _code(_ZYGOTE) + marshal.dumps(_zygote_settings(launch, controlled, limits))
    await stack.enter_async_context(_running(launch.command, told, said, controlled))
    told = _code(_JUDGE) + marshal.dumps(_judge_settings(launch, channel, controlling, limits))
    command = (str(INTERPRETER), *START)
    await stack.enter_async_context(_running(command, told, said, channel, controlling))
    for end in (channel, controlling, controlled):
        end.close()
    worker = Worker(ours, limits)
    with anyio.move_on_after(_START_SECONDS) as starting:
        try:
            await worker.hear()
        except WorkerGone as error:
            said.seek(0)
            found = f"{error.found}; {said.read().decode(errors='replace').strip()}"
            raise WorkerGone("starting the sandbox", found) from error
    if starting.cancelled_caught:
        raise WorkerGone("starting the sandbox", f"not ready after {_START_SECONDS:g} s")
    return worker


@asynccontextmanager
async def _entered(jail: Jail, control: int) -> AsyncIterator[Launch]:
    """The jail, left in a thread: removing what programs have left can take seconds."""
    entering = jail.enter(control)
    launch = entering.__enter__()
    try:
        yield launch
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(entering.__exit__, None, None, None)


@asynccontextmanager
async def _running(
    command: tuple[str, ...], told: bytes, said: IO[bytes], *inherited: socket.socket
) -> AsyncIterator[None]:
    """Have a process, killed with all that it started when the block is left in any way.

    It is told and heard through files: of a pipe, the event loop may close our end only after the block.
    """
    # A start that is cancelled half way would leave a process that nobody knows of.
    with anyio.CancelScope(shield=True), _scratch() as stdin:
        stdin.write(told)
        stdin.seek(0)
        try:
            process = await anyio.open_process(
                command,
                stdin=stdin,
                stdout=DEVNULL,
                stderr=said,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,
                pass_fds=[end.fileno() for end in inherited],
            )
        except OSError as error:
            raise SandboxError(
                where=f"starting {command[0]}",
                found=str(error),
                expected="a program that this user may run",
                advice="Install bubblewrap; `doctor` tells what else this machine allows.",
            ) from error
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with anyio.CancelScope(shield=True):
            await process.aclose()


def _scratch() -> IO[bytes]:
    """A file without a name: in memory where the system can, so that no folder for such files is needed.

    Raises SandboxError if it cannot be made.
    """
    try:
        with suppress(AttributeError, OSError):
            return os.fdopen(os.memfd_create("fractal-agent"), "w+b")
        return TemporaryFile()
    except OSError as error:
        raise no_scratch(error) from error


@cache
def _code(names: tuple[str, ...]) -> bytes:
    """`start` and the modules, compiled once. The processes run this interpreter, so they can load it."""
    modules = [(f"{_PACKAGE}.{name}", _compiled(name)) for name in names]
    return marshal.dumps(_compiled("start")) + marshal.dumps(modules)


def _compiled(name: str) -> CodeType:
    return compile((_INSIDE / f"{name}.py").read_bytes(), f"<{name}>", "exec", dont_inherit=True)


def _zygote_settings(launch: Launch, control: socket.socket, limits: Limits) -> dict[str, object]:
    inherited = [
        (RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
        (RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes),
        (RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (RLIMIT_CORE, 0, 0),
    ]
    # The second of grace lets the signal name the cause, if the program does not ignore it.
    own = [(RLIMIT_CPU, limits.cpu_seconds, _below(getrlimit(RLIMIT_CPU)[1], limits.cpu_seconds + 1))]
    if launch.processes:
        own.append((RLIMIT_NPROC, launch.processes, launch.processes))
    return {
        "control": control.fileno(),
        "folder": launch.folder,
        "zones": launch.zones,
        "landlock": launch.landlock is not None,
        "readable": list(launch.landlock or ()),
        "seccomp": launch.filtered,
        "orphans": not launch.filtered,
        "limits": inherited,
        "own_limits": own,
        "orphaned": not launch.ends_together,
        "characters": limits.shown_characters,
    }


def _below(most: int, wanted: int) -> int:
    return wanted if most == RLIM_INFINITY else min(most, wanted)


def _judge_settings(
    launch: Launch, channel: socket.socket, control: socket.socket, limits: Limits
) -> dict[str, object]:
    paths = list(dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]))
    return {
        "channel": channel.fileno(),
        "control": control.fileno(),
        "parent": os.getpid(),
        "paths": paths,
        "memory": lower(RLIMIT_AS, _JUDGE_MEMORY),
        "landlock": bool(landlock_version()),
        "readable": [*LIBRARIES, *ZONES.folders, *paths],
        "seccomp": is_known(),
        "limits": msgspec.structs.asdict(limits),
    }
