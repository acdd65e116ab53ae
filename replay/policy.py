"""One rule for live, resume and replay: what to do with a record that is there, or is not."""

from collections.abc import Collection
from typing import Protocol

from events.base import Event
from events.path import is_within
from replay.drift import Diverged
from replay.journal import Effect, Fact, Journal


class RecordingEnded(BaseException):
    """The run had stopped here, so there is nothing to compare with from here on.

    Derives from BaseException for the same reason as `Diverged`.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: the recording ends here")
        self.path = path


class Policy(Protocol):
    """Decides, for each effect and each returned event, whether the journal speaks for the world."""

    def effect(self, path: str, request: Event) -> Effect | None:
        """The recorded effect to reuse, with its result, or None to perform it.

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


class Live:
    """A new run: everything is performed and written."""

    def effect(self, path: str, request: Event) -> Effect | None:
        return None

    def fact(self, path: str, event: Event) -> Fact | None:
        return None


class Resume:
    """An interrupted run goes on: what is recorded is reused, the rest performed."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def effect(self, path: str, request: Event) -> Effect | None:
        found = self._journal.effects.get(path)
        if found is None:
            return None
        if found.request != request:
            raise Diverged(path, recorded=found.request, now=request)
        return found if found.result is not None else None

    def fact(self, path: str, event: Event) -> Fact | None:
        found = self._journal.facts.get(path)
        if found is not None and found.event != event:
            raise Diverged(path, recorded=found.event, now=event)
        return found


class Strict:
    """A replay: everything must be recorded, and be the same. Remembers what agreed.

    A case that the run did not finish is followed as far as its records go; then `RecordingEnded`
    is raised, for the rest of that case has nothing to agree with.
    """

    def __init__(self, journal: Journal, unfinished: Collection[str] = ()) -> None:
        self._journal = journal
        self._unfinished = unfinished
        self.effects: set[str] = set()
        """Paths whose request agreed with the record."""
        self.facts: set[str] = set()
        """Paths whose event agreed with the record."""

    def effect(self, path: str, request: Event) -> Effect | None:
        found = self._journal.effects.get(path)
        if found is not None and found.request != request:
            raise Diverged(path, recorded=found.request, now=request)
        if found is None or found.result is None:
            raise self._absent(path, request)
        self.effects.add(path)
        return found

    def fact(self, path: str, event: Event) -> Fact | None:
        found = self._journal.facts.get(path)
        if found is None:
            raise self._absent(path, event)
        if found.event != event:
            raise Diverged(path, recorded=found.event, now=event)
        self.facts.add(path)
        return found

    def _absent(self, path: str, now: Event) -> BaseException:
        if any(is_within(path, case) for case in self._unfinished):
            return RecordingEnded(path)
        return Diverged(path, recorded=None, now=now)
