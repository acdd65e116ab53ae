"""The live Context: turns what a role asks of the world into recorded, replayable effects."""

import hashlib
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from random import Random
from typing import Literal, TypeVar, cast

import anyio
import msgspec

from agents.asking import execution, generation
from agents.context import NO_FILES
from events import (
    Event,
    Example,
    ExecutionCompleted,
    GenerationCompleted,
    LogError,
    Message,
)
from events.path import nth
from fractal_agent.engines.base import Engine
from fractal_agent.oracle import Oracle
from fractal_agent.recorder import Recorder
from fractal_agent.sandbox.base import Sandbox
from replay.edit import Edits
from replay.journal import reused
from replay.policy import Policy
from replay.signals import Signal

Request = TypeVar("Request", bound=Event)
Result = TypeVar("Result", bound=Event)


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say of one role's generations; None leaves it to the role."""

    max_tokens: int | None = None
    temperature: float | None = None


ROLES_OWN = Sampling()
"""Nothing is set: each role keeps its own budget and temperature."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What a case meets: who answers and who remembers, which its run shares, and what is its own."""

    engine: Engine
    sandbox: Sandbox
    recorder: Recorder
    policy: Policy
    seed: int
    edits: Edits = Edits()
    """What a fork changes of what its parent recorded."""
    branch: str = ""
    """The front of all paths here, in a fork that runs its cases more than once."""
    oracle: Oracle | None = None
    """Runs the case's hidden tests whenever a role executes a program; None with visible feedback."""

    def origin(self, path: str) -> str:
        """The same place in the run that this one was forked from."""
        return path.removeprefix(f"{self.branch}/") if self.branch else path


class WorldFailed(Signal):
    """The engine, the sandbox or the log could not do its part; the error is the `__cause__`.

    A signal, so that a role which catches it cannot go on: what it would do then is not recorded
    anywhere, and no replay could follow.
    """

    rank = 1

    def __init__(self, path: str, error: BaseException) -> None:
        self.error = error if isinstance(error, Exception) else StrayCancellation(path)
        super().__init__(str(self.error))


class StrayCancellation(RuntimeError):
    """Something that was awaited had been cancelled by nobody here."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: what it waited for was cancelled, and not by this run")


class UnexpectedExit(RuntimeError):
    """Something raised what is no exception, such as `SystemExit`, which would have ended the process."""

    def __init__(self, path: str, error: BaseException) -> None:
        told = f": {error}" if str(error) else ""
        super().__init__(f"{path} raised {type(error).__name__}{told}")


class ConcurrentEffect(RuntimeError):
    """Something was started before the last thing beside it had ended: their order would be an accident."""

    def __init__(self, path: str, running: str) -> None:
        super().__init__(
            f"{path}: asked for while {running} is still under way. One role, and one stage, does one thing "
            "at a time: fan out with stage.each, and use the branch that it hands you."
        )


class Scope:
    """The context of one role's one answer; counts its effects from 0."""

    def __init__(self, world: World, path: str, cause: int, sampling: Sampling = ROLES_OWN) -> None:
        self._world = world
        self._sampling = sampling
        self._path = path
        self._cause = cause
        self._counts: Counter[str] = Counter()
        self._running = ""

    @cached_property
    def random(self) -> Random:
        return Random(derive_seed(self._world.seed, f"{self._world.origin(self._path)}/random"))

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        prefill: str = "",
        max_tokens: int = 512,
        temperature: float = 0.0,
        top_p: float = 1.0,
        stop: str | Sequence[str] = (),
    ) -> GenerationCompleted:
        chosen = self._sampling
        asked = generation(
            messages,
            prefill=prefill,
            max_tokens=max_tokens if chosen.max_tokens is None else chosen.max_tokens,
            temperature=temperature if chosen.temperature is None else chosen.temperature,
            top_p=top_p,
            stop=stop,
        )
        path = self._next("generate")
        request = msgspec.structs.replace(asked, seed=derive_seed(self._world.seed, path))
        return await self._effect(path, request, lambda asked: self._world.engine.generate(asked, path))

    async def execute(
        self,
        program: str,
        *,
        entry_point: str,
        examples: Sequence[Example],
        kind: Literal["function", "program"] = "function",
        compare: str = "",
        files: Mapping[str, str] = NO_FILES,
    ) -> ExecutionCompleted:
        asked = execution(program, entry_point=entry_point, examples=examples)
        path = self._next("execute")
        oracle, sandbox = self._world.oracle, self._world.sandbox
        request = msgspec.structs.replace(
            asked,
            tests_digest=oracle.digest if oracle else "",
            kind=kind,
            compare=compare,
            files=dict(files),
        )
        if oracle is None:
            return await self._effect(path, request, sandbox.execute)
        return await self._effect(path, request, lambda asked: oracle.execute(sandbox, asked))

    def _next(self, kind: str) -> str:
        path = nth(self._path, kind, self._counts[kind])
        if self._running:
            raise ConcurrentEffect(path, self._running)
        self._counts[kind] += 1
        return path

    async def _effect(
        self, path: str, request: Request, perform: Callable[[Request], Awaitable[Result]]
    ) -> Result:
        self._running = path
        try:
            result, _ = await settle_effect(self._world, path, request, perform, self._cause)
            return result
        finally:
            self._running = ""


async def settle_effect(
    world: World, path: str, request: Request, perform: Callable[[Request], Awaitable[Result]], cause: int
) -> tuple[Result, int]:
    """The world's answer and the number of its line: from the record, or performed and recorded.

    The request is in the log before it is performed, the answer before it is returned. A
    cancellation is not an answer and is not recorded.

    Raises:
        WorldFailed: it could not be performed or recorded.
        Diverged, RecordingEnded: as the policy says.
    """
    origin = world.origin(path)
    asked = world.edits.apply(origin, request)
    recorded = world.policy.effect(path, asked)
    if recorded is not None and recorded.completed >= 0:
        return cast(Result, recorded.result), recorded.completed
    if recorded is not None:
        requested = await record(world, path, reused(recorded.request), cause)
        result = cast(Result, recorded.result)
    else:
        requested = await record(world, path, asked, cause)
        result = await _performed(path, asked, perform)
    result = world.edits.apply(origin, result)
    return result, await record(world, path, result, requested)


async def _performed(path: str, request: Request, perform: Callable[[Request], Awaitable[Result]]) -> Result:
    try:
        return await perform(request)
    except (Exception, anyio.get_cancelled_exc_class()) as error:
        if is_cancelled(error):
            raise
        raise WorldFailed(path, error) from error


async def record(world: World, path: str, event: Event, cause: int | None) -> int:
    """The number of the event's line, once it is in the log; `WorldFailed` when it cannot be."""
    try:
        return await world.recorder.record(path, event, cause)
    except LogError as error:
        raise WorldFailed(path, error) from error


def is_cancelled(error: BaseException) -> bool:
    """True for a cancellation by a scope around us, False for one that came from elsewhere."""
    ours = isinstance(error, Exception | Signal)
    return not ours and anyio.current_effective_deadline() == -math.inf


def derive_seed(run_seed: int, path: str) -> int:
    """A seed of 31 bits for one place in one run."""
    digest = hashlib.sha256(f"{run_seed}:{path}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
