"""The live Stage: logs what an architecture passes on, casts its roles, fans out with stable paths."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio

from agents.role import Role
from events import Event, Settings
from events.path import child, nth
from fractal_agent.architectures.base import Stage
from fractal_agent.bus import Bus, told
from fractal_agent.scope import ConcurrentEffect, Scope, World, is_cancelled, record
from replay.signals import gravest

In = TypeVar("In", bound=Event)
Out = TypeVar("Out", bound=Event)
Item = TypeVar("Item")
Result = TypeVar("Result")


class LiveStage:
    """One sequential stretch of one case: the case itself, or a branch of it."""

    def __init__(
        self,
        world: World,
        bus: Bus,
        *,
        path: str,
        settings: Settings,
        cast: Mapping[str, Role[Any, Any]] = {},
        logged: "Logged | None" = None,
        given: "Logged | None" = None,
    ) -> None:
        self._world = world
        self._bus = bus
        self._path = path
        self._settings = settings
        self._cast = cast
        self._logged = logged if logged is not None else Logged()
        """What roles returned, shared by all branches of the case."""
        self._given = given if given is not None else Logged()
        """What got a line here, or above before this branched, because no role had returned it."""
        self._running = ""
        self._counts: Counter[str] = Counter()
        self._keys: set[str] = set()

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def path(self) -> str:
        """Where this stretch happens; the case's own path on the stage that a case begins with."""
        return self._path

    async def put(self, path: str, event: Out, cause: int | None = None) -> tuple[Out, int]:
        """The event, edited where this is a fork that edits it, and its line's number once it is logged."""
        event = self._world.edits.apply(self._world.origin(path), event)
        seq = await self._write(path, event, cause)
        self._logged.add(event, seq)
        return event, seq

    async def _write(self, path: str, event: Event, cause: int | None) -> int:
        recorded = self._world.policy.fact(path, event)
        return recorded.seq if recorded else await record(self._world, path, event, cause)

    def seq_of(self, event: Event) -> int | None:
        """The number of the line that this very event stands in, if it is in the log."""
        found = self._logged.seq_of(event)
        return self._given.seq_of(event) if found is None else found

    async def ask(self, role: Role[In, Out], event: In) -> Out:
        player = self._cast.get(role.name, role)
        path = nth(self._path, role.name, self._counts[role.name])
        self._counts[role.name] += 1
        with self._alone(path):
            cause = self.seq_of(event)
            if cause is None:
                cause = await self._write(child(path, "given"), event, None)
                self._given.add(event, cause)
            answer: Out = await self._bus.ask(player, event, Scope(self._world, path, cause))
            answer, _ = await self.put(path, answer, cause)
            return answer

    @contextmanager
    def _alone(self, path: str) -> Iterator[None]:
        """Refuses what is asked while something else is: inside `each`, use the branch it hands out."""
        if self._running:
            raise ConcurrentEffect(path, self._running)
        self._running = path
        try:
            yield
        finally:
            self._running = ""

    async def each(
        self,
        items: Iterable[Item],
        act: Callable[[Stage, Item], Awaitable[Result]],
        *,
        key: str,
    ) -> tuple[Result, ...]:
        if key in self._keys:
            raise ValueError(f"{self._path}: the key {key!r} already names a fan-out here; choose another")
        self._keys.add(key)
        work = list(items)
        results: dict[int, Result] = {}
        errors: dict[int, BaseException] = {}

        async def branch(index: int, item: Item) -> None:
            try:
                results[index] = await act(self._branch(f"{key}-{index}"), item)
            except BaseException as error:  # raised below, when all have ended
                if is_cancelled(error):
                    raise
                errors[index] = told(error, self._path)

        with self._alone(child(self._path, key)):
            async with anyio.create_task_group() as tasks:
                for index, item in enumerate(work):
                    tasks.start_soon(branch, index, item)
        if errors:
            raise gravest(errors[index] for index in sorted(errors))
        return tuple(results[index] for index in range(len(work)))

    def _branch(self, name: str) -> "LiveStage":
        return LiveStage(
            self._world,
            self._bus,
            path=child(self._path, name),
            settings=self._settings,
            cast=self._cast,
            logged=self._logged,
            given=self._given.copy(),
        )


class Logged:
    """Which events of a case are in the log, by identity, so that a cause can be named."""

    def __init__(self) -> None:
        self._seqs: dict[int, tuple[Event, int]] = {}

    def add(self, event: Event, seq: int) -> None:
        self._seqs[id(event)] = (event, seq)

    def copy(self) -> "Logged":
        """Another that knows the same events and goes its own way from here."""
        other = Logged()
        other._seqs = dict(self._seqs)
        return other

    def seq_of(self, event: Event) -> int | None:
        found = self._seqs.get(id(event))
        return found[1] if found else None
