"""One rule for live, resume and replay: what to do with a record that is there, or is not."""

from collections.abc import Collection
from typing import Protocol

from events.base import Event
from events.path import is_within
from replay.drift import Diverged
from replay.journal import Effect, Fact, Journal, same_request
from replay.signals import Signal


class RecordingEnded(Signal):
    """The run had stopped here, so there is nothing to compare with from here on."""

    rank = 2

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: the recording ends here")
        self.path = path


class Policy(Protocol):
    """Decides, for each effect and each returned event, whether the journal speaks for the world."""

    def effect(self, path: str, request: Event) -> Effect | None:
        """The recorded effect to reuse, with its result, or None to perform it.

        One whose `completed` is -1 comes from elsewhere and is still to be written.

        Raises:
            Diverged: the journal has, or lacks, something that it must not.
        """
        ...

    def fact(self, path: str, event: Event) -> Fact | None:
        """The record of this same event, or None to write one.

        Raises:
            Diverged: another event, or none, was recorded here.
        """
        ...

    def finish(self, case: str) -> None:
        """Called when the case has come as far as it goes.

        Raises:
            Diverged: something was recorded in the case that did not happen this time.
        """
        ...


class Live:
    """A new run: everything is performed and written."""

    def effect(self, path: str, request: Event) -> Effect | None:
        return None

    def fact(self, path: str, event: Event) -> Fact | None:
        return None

    def finish(self, case: str) -> None:
        return None


class _Comparing:
    """What resume and replay share: the journal, and which of its paths were come by and agreed."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.effects: set[str] = set()
        """Paths whose request agreed with the record."""
        self.facts: set[str] = set()
        """Paths whose event agreed with the record."""

    def _agreeing_effect(self, path: str, request: Event) -> Effect | None:
        found = self._journal.effects.get(path)
        if found is None:
            return None
        if not same_request(found.request, request):
            raise Diverged(path, recorded=found.request, now=request)
        self.effects.add(path)
        return found

    def _agreeing_fact(self, path: str, event: Event) -> Fact | None:
        found = self._journal.facts.get(path)
        if found is None:
            return None
        if found.event != event:
            raise Diverged(path, recorded=found.event, now=event)
        self.facts.add(path)
        return found

    def finish(self, case: str) -> None:
        left = [
            (effect.requested, path, effect.request)
            for path, effect in self._journal.effects.items()
            if path not in self.effects and is_within(path, case)
        ] + [
            (fact.seq, path, fact.event)
            for path, fact in self._journal.facts.items()
            if path not in self.facts and is_within(path, case)
        ]
        if left:
            _, path, event = min(left, key=lambda record: record[0])
            raise Diverged(path, recorded=event, now=None)


class Resume(_Comparing):
    """An interrupted run goes on: what is recorded is reused, the rest performed."""

    def effect(self, path: str, request: Event) -> Effect | None:
        found = self._agreeing_effect(path, request)
        if found is not None and found.result is not None:
            return found
        return self._journal.answer(path, request)

    def fact(self, path: str, event: Event) -> Fact | None:
        return self._agreeing_fact(path, event)


class Fork:
    """Another log speaks for the world wherever the same is asked at the same place; the rest is performed.

    Facts are never taken over: roles act anew, on what is reused and what is not.
    """

    def __init__(self, source: Journal, *, branch: str = "", first: Policy | None = None) -> None:
        self._source = source
        self._front = f"{branch}/" if branch else ""
        self._first = first or Live()
        """Asked before the other log: what this run has recorded itself, when it is taken up again."""

    def effect(self, path: str, request: Event) -> Effect | None:
        own = self._first.effect(path, request)
        if own is not None:
            return own
        return self._source.answer(path.removeprefix(self._front), request)

    def fact(self, path: str, event: Event) -> Fact | None:
        return self._first.fact(path, event)

    def finish(self, case: str) -> None:
        self._first.finish(case)


class Strict(_Comparing):
    """A replay: everything must be recorded, and be the same. Remembers what agreed.

    A case that the run did not finish is followed as far as its records go; then `RecordingEnded`
    is raised, for the rest of that case has nothing to agree with.
    """

    def __init__(self, journal: Journal, unfinished: Collection[str] = ()) -> None:
        super().__init__(journal)
        self._unfinished = unfinished

    def effect(self, path: str, request: Event) -> Effect | None:
        found = self._agreeing_effect(path, request)
        if found is None or found.result is None:
            raise self._absent(path, request)
        return found

    def fact(self, path: str, event: Event) -> Fact | None:
        found = self._agreeing_fact(path, event)
        if found is None:
            raise self._absent(path, event)
        return found

    def _absent(self, path: str, now: Event) -> Signal:
        if any(is_within(path, case) for case in self._unfinished):
            return RecordingEnded(path)
        return Diverged(path, recorded=self._journal.unknown.get(path), now=now)
