"""What is to be run, and who watches it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

import msgspec

from events import Branch, Entry, Event, Origin, Settings
from fractal_agent.catalog import Catalog
from fractal_agent.datasets import Task
from replay.journal import Journal
from replay.timeline import Timeline


class Viewer(Protocol):
    """Whoever watches a run. A silent one is `Unwatched`."""

    def say(self, text: str) -> None:
        """Something is being done that takes a while."""
        ...

    def watch(self, timeline: Timeline, total: int) -> AbstractContextManager[Callable[[Entry[Event]], None]]:
        """Entered while the cases run; what it yields is called with each durable entry."""
        ...


class Unwatched:
    """Nobody watches."""

    def say(self, text: str) -> None:
        return None

    def watch(self, timeline: Timeline, total: int) -> AbstractContextManager[Callable[[Entry[Event]], None]]:
        return nullcontext(lambda entry: None)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A run to be made or taken up again, all names already looked up."""

    run_id: str
    folder: Path
    settings: Settings
    tasks: Sequence[Task]
    catalog: Catalog
    unsafe_sandbox: bool = False
    """Whether programs may be run where this machine cannot isolate them."""
    failed_too: bool = False
    """Whether cases that were set aside for an error of their own are taken up again."""
    unfit: Mapping[str, str] = {}
    """Ids of tasks that cannot be judged, with the reason. Their cases are set aside; no model is asked."""
    origin: Origin | None = None
    """Where a fork comes from."""
    parent: Journal | None = None
    """What a fork's parent recorded, to be reused; None also for a fork whose parent is gone."""

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Once for a run that is no fork."""
        return self.origin.branches if self.origin else (Branch(),)
