"""The live Stage: logs what an architecture passes on, casts its roles, fans out with stable paths."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

import anyio

from agents.role import Role
from events import Event, Settings
from events.path import child, nth
from fractal_agent.architectures.base import Stage
from fractal_agent.bus import Bus
from fractal_agent.scope import Scope, World
from replay.drift import Diverged
from replay.policy import RecordingEnded

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
    ) -> None:
        self._world = world
        self._bus = bus
        self._path = path
        self._settings = settings
        self._cast = cast
        self._logged = logged if logged is not None else Logged()
        self._counts: Counter[str] = Counter()
        self._keys: set[str] = set()

    @property
    def settings(self) -> Settings:
        return self._settings

    async def put(self, path: str, event: Event, cause: int | None = None) -> int:
        """Returns the number of the event's line once it is in the log."""
        recorded = self._world.policy.fact(path, event)
        seq = recorded.seq if recorded else await self._world.recorder.record(path, event, cause)
        self._logged.add(event, seq)
        return seq

    def seq_of(self, event: Event) -> int | None:
        """The number of the line that this very event stands in, if it is in the log."""
        return self._logged.seq_of(event)

    async def ask(self, role: Role[In, Out], event: In) -> Out:
        player = self._cast.get(role.name, role)
        path = nth(self._path, role.name, self._counts[role.name])
        self._counts[role.name] += 1
        cause = self.seq_of(event)
        if cause is None:
            cause = await self.put(child(path, "given"), event)
        answer: Out = await self._bus.ask(player, event, Scope(self._world, path, cause))
        await self.put(path, answer, cause)
        return answer

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
            except (Exception, Diverged, RecordingEnded) as error:  # noqa: BLE001 - raised below
                errors[index] = error

        async with anyio.create_task_group() as tasks:
            for index, item in enumerate(work):
                tasks.start_soon(branch, index, item)
        if errors:
            raise errors[min(errors)]
        return tuple(results[index] for index in range(len(work)))

    def _branch(self, name: str) -> "LiveStage":
        return LiveStage(
            self._world,
            self._bus,
            path=child(self._path, name),
            settings=self._settings,
            cast=self._cast,
            logged=self._logged,
        )


class Logged:
    """Which events of a case are in the log, by identity, so that a cause can be named."""

    def __init__(self) -> None:
        self._seqs: dict[int, tuple[Event, int]] = {}

    def add(self, event: Event, seq: int) -> None:
        self._seqs[id(event)] = (event, seq)

    def seq_of(self, event: Event) -> int | None:
        found = self._seqs.get(id(event))
        return found[1] if found else None
