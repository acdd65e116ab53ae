"""What a run recorded, by path: each effect's request and result, and each event that was returned."""

from collections.abc import Iterable

import msgspec

from events.base import Event
from events.effects import (
    ExecutionCompleted,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    GradingRequested,
)
from events.envelope import Entry, Unknown

REQUESTS = (GenerationRequested, ExecutionRequested, GradingRequested)
RESULTS = (GenerationCompleted, ExecutionCompleted, GradingCompleted)


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of the world at one path, and its answer."""

    request: Event
    requested: int
    """`seq` of the request's line."""
    result: Event | None = None
    """None when the run stopped before the world had answered."""
    completed: int = -1
    """`seq` of the result's line."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the architecture or a role put forward at one path."""

    event: Event
    seq: int


class Journal:
    """The records of one run, found by path. Read-only once it is made."""

    def __init__(self, entries: Iterable[Entry[Event | Unknown]] = ()) -> None:
        self.effects: dict[str, Effect] = {}
        self.facts: dict[str, Fact] = {}
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Entry[Event | Unknown]) -> None:
        event, path = entry.event, entry.path
        if isinstance(event, Unknown) or not path:
            return
        if isinstance(event, REQUESTS):
            self.effects[path] = Effect(request=event, requested=entry.seq)
        elif isinstance(event, RESULTS):
            asked = self.effects[path]
            self.effects[path] = msgspec.structs.replace(asked, result=event, completed=entry.seq)
        else:
            self.facts[path] = Fact(event=event, seq=entry.seq)
