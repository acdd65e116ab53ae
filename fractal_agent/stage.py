"""The live Stage: logs what an architecture passes on, casts its roles, fans out with stable paths."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import anyio

from agents.role import Role
from events import EVERY_ROLE, Event, Settings
from events.path import child, nth
from fractal_agent.architectures.base import Stage
from fractal_agent.bus import Bus, told
from fractal_agent.scope import ConcurrentEffect, Sampling, Scope, World, is_cancelled, record
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
        self._fanned: Counter[str] = Counter()

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def path(self) -> str:
        """Where this stretch happens; the case's own path on the stage that a case begins with."""
        return self._path

    @property
    def posed(self) -> int | None:
        """The number of the line in which the case's problem was posed; None before it was."""
        return self._logged.first

    async def put(self, path: str, event: Out, cause: int | None = None) -> tuple[Out, int]:
        """The event, edited where this is a fork that edits it, and its line's number once it is logged."""
        event = self._world.edits.apply(self._world.origin(path), event)
        seq = await self._write(path, event, cause)
        self._logged.add(event, seq)
        return event, seq

    async def _write(self, path: str, event: Event, cause: int | None) -> int:
        recorded = self._world.policy.fact(path, event)
        return recorded.seq if recorded else await record(self._world, path, event, cause)

    async def _give(self, path: str, event: In) -> tuple[In, int]:
        """The event that a role gets for one that no role has returned, and its line's number."""
        given = self._world.edits.apply(self._world.origin(path), event)
        seq = await self._write(path, given, None)
        self._given.add(event, seq, given)
        return given, seq

    def _found(self, event: In) -> tuple[In, int] | None:
        return self._logged.find(event) or self._given.find(event)

    def seq_of(self, event: Event) -> int | None:
        """The number of the line that this very event stands in, if it is in the log."""
        found = self._found(event)
        return found[1] if found else None

    async def ask(self, role: Role[In, Out], event: In) -> Out:
        player = self._cast.get(role.name, role)
        path = nth(self._path, role.name, self._counts[role.name])
        self._counts[role.name] += 1
        with self._alone(path):
            given, cause = self._found(event) or await self._give(child(path, "given"), event)
            scope = Scope(self._world, path, cause, self._sampling(role.name, player.name))
            answer: Out = await self._bus.ask(player, given, scope)
            answer, _ = await self.put(path, answer, cause)
            return answer

    def _sampling(self, part: str, player: str) -> Sampling:
        """What the settings say of that part, else of whoever plays it, else of all roles."""
        names = (part, player, EVERY_ROLE)
        budgets, temperatures = self._settings.max_tokens, self._settings.temperature
        return Sampling(
            max_tokens=next((budgets[name] for name in names if name in budgets), None),
            temperature=next((temperatures[name] for name in names if name in temperatures), None),
        )

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
        work = list(items)
        first = self._fanned[key]
        self._fanned[key] += len(work)
        results: dict[int, Result] = {}
        errors: dict[int, BaseException] = {}

        async def branch(index: int, item: Item) -> None:
            try:
                results[index] = await act(self._branch(f"{key}-{first + index}"), item)
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
        self._lines: dict[int, tuple[Event, Event, int]] = {}

    def add(self, event: Event, seq: int, logged: Event | None = None) -> None:
        """Remembers the line of an event; `logged` is what stands there where a fork has edited it."""
        self._lines[id(event)] = (event, logged if logged is not None else event, seq)

    @property
    def first(self) -> int | None:
        """The number of the first line; None when there is none."""
        return next((seq for _, _, seq in self._lines.values()), None)

    def copy(self) -> "Logged":
        """Another that knows the same events and goes its own way from here."""
        other = Logged()
        other._lines = dict(self._lines)
        return other

    def find(self, event: In) -> tuple[In, int] | None:
        """The event as it stands in the log, and the number of its line."""
        found = self._lines.get(id(event))
        return (cast(In, found[1]), found[2]) if found else None
