"""What a run recorded, by path: each effect's request and result, and each event that was returned."""

from collections.abc import Callable, Iterable

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
from events.errors import LogInconsistent
from events.lifecycle import CaseSetAside
from events.path import is_within
from events.work import ProblemPosed

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
    """`seq` of the result's line; -1 when there is none in the log that is being written."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the architecture or a role put forward at one path."""

    event: Event
    seq: int


class Journal:
    """The records of one run, found by path. Read-only once it is made.

    A case that is posed a second time begins anew there: what it recorded before no longer counts.
    """

    def __init__(self, entries: Iterable[Entry[Event | Unknown]] = ()) -> None:
        self.effects: dict[str, Effect] = {}
        self.facts: dict[str, Fact] = {}
        self.earlier: dict[str, Effect] = {}
        """Answers from before a case began anew: not part of it, and still good for the same request."""
        self.unknown: dict[str, Unknown] = {}
        """Events whose class is not here: they speak for nothing, and explain what is missing."""
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Entry[Event | Unknown]) -> None:
        event, path = entry.event, entry.path
        if isinstance(event, Unknown):
            self.unknown[path] = event
            return
        if isinstance(event, CaseSetAside) or not path:
            return  # that a case was set aside is no part of what it did
        if isinstance(event, REQUESTS):
            self.effects[path] = Effect(request=event, requested=entry.seq)
        elif isinstance(event, RESULTS):
            if path not in self.effects:
                raise LogInconsistent(type(event).__name__, path, "that nobody had asked for")
            asked = self.effects[path]
            self.effects[path] = msgspec.structs.replace(asked, result=event, completed=entry.seq)
        else:
            if isinstance(event, ProblemPosed) and path in self.facts:
                self._forget(path)
            self.facts[path] = Fact(event=event, seq=entry.seq)

    def _forget(self, case: str) -> None:
        answered = {path: effect for path, effect in self.effects.items() if effect.result is not None}
        self.earlier.update((path, effect) for path, effect in answered.items() if is_within(path, case))
        for records in (self.effects, self.facts):
            for path in [path for path in records if is_within(path, case)]:
                del records[path]

    def answer(self, path: str, request: Event) -> Effect | None:
        """An answer to the same request at the same place, to be copied into another record."""
        for records in (self.effects, self.earlier):
            found = records.get(path)
            if found is not None and found.result is not None and same_request(found.request, request):
                return msgspec.structs.replace(found, requested=-1, completed=-1)
        return None

    def before(self, case: str, path: str) -> "Journal":
        """The same records without the generation at `path` and those that the case asked for later."""
        if path not in self.effects:
            return self.without_generations()
        end = self.effects[path].requested
        return self._only(lambda name, effect: effect.requested < end or not is_within(name, case))

    def without_generations(self) -> "Journal":
        """The same records without what a model answered."""
        return self._only(lambda name, effect: False)

    def greedy(self) -> "Journal":
        """The same records, of generations only those at temperature 0: what no seed has a part in."""
        return self._only(
            lambda name, effect: (
                isinstance(effect.request, GenerationRequested) and effect.request.temperature == 0
            )
        )

    def of_branch(self, branch: str) -> "Journal":
        """The records of one branch of a fork, at the paths that they have without its name."""
        front = f"{branch}/" if branch else ""
        mine = Journal()
        mine.effects = {k.removeprefix(front): v for k, v in self.effects.items() if k.startswith(front)}
        mine.facts = {k.removeprefix(front): v for k, v in self.facts.items() if k.startswith(front)}
        mine.earlier = {k.removeprefix(front): v for k, v in self.earlier.items() if k.startswith(front)}
        return mine

    def _only(self, kept: Callable[[str, Effect], bool]) -> "Journal":
        """The same records, of generations only those that are to be kept."""
        fewer = Journal()
        fewer.facts = self.facts
        fewer.effects = {
            path: effect
            for path, effect in self.effects.items()
            if not isinstance(effect.request, GenerationRequested) or kept(path, effect)
        }
        fewer.earlier = {
            path: effect
            for path, effect in self.earlier.items()
            if not isinstance(effect.request, GenerationRequested)
        }
        return fewer


def same_request(one: Event, other: Event) -> bool:
    """True when both ask for the same thing, whatever their seeds and wherever the answers came from.

    A stop that begins a definition which the prefill holds does not count: it would end an answer that writes
    the function again, so roles no longer ask for it.
    """
    return type(one) is type(other) and _asked(one) == _asked(other)


_DEFINITIONS = ("\ndef ", "\nasync def ", "\nclass ")


def _asked(request: Event) -> Event:
    if isinstance(request, GenerationRequested):
        begun = [stop for stop in request.stop if stop.startswith(_DEFINITIONS) and stop in request.prefill]
        stops = tuple(stop for stop in request.stop if stop not in begun)
        return msgspec.structs.replace(request, seed=0, reused=False, stop=stops)
    return msgspec.structs.replace(request, reused=False)


def reused(request: Event) -> Event:
    """The request as it was made, marked as answered from the record."""
    return msgspec.structs.replace(request, reused=True)
