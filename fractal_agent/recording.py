"""A run as it was recorded, read once: its header, its records by path, its story, and its present code."""

from pathlib import Path

from events import (
    LOG_NAME,
    Branch,
    Edit,
    ExecutionRequested,
    GradingRequested,
    LogReader,
    RunStarted,
    Unknown,
)
from events.path import case_of, is_within, nth
from fractal_agent.case import HiddenTests
from fractal_agent.catalog import Catalog
from fractal_agent.provenance import REPLIES, fingerprints
from replay.edit import edits_of
from replay.fingerprint import changed
from replay.journal import Journal
from replay.timeline import Timeline


class Recording:
    """A log, read and folded once, with the events of the plug-ins that are loaded; see `open_recording`.

    Raises:
        LogError: the log is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        reader = LogReader(folder / LOG_NAME)
        entries = list(reader)
        self.head = reader.head
        """Digest of the last good line."""
        self.torn = reader.torn
        """How many bytes of an unfinished line lie behind it."""
        self.timeline = Timeline.of(entries)
        self.journal = Journal(entries)
        assert isinstance(self.timeline.started, RunStarted)
        self.started = self.timeline.started

    def branch_of(self, case: str) -> Branch:
        """The branch that a case lies in; one without a name in a run that has none."""
        branches = self.started.origin.branches if self.started.origin else (Branch(),)
        inside = (branch for branch in branches if case.startswith(f"{branch.name}/") or not branch.name)
        return max(inside, key=lambda branch: len(branch.name), default=Branch())

    def edits_of(self, branch: Branch) -> tuple[Edit, ...]:
        """What the run, if it is a fork, changed in that branch of its parent's record."""
        return edits_of(self.started.origin, branch)

    def case_of(self, path: str) -> str:
        """The case that a path lies in; empty when it lies in none."""
        return case_of(path, self.started.cases)

    def unread_at(self, path: str) -> str:
        """Why the event at that path cannot be worked with, if only a plug-in that is not here knows it."""
        story = self.timeline.cases.get(self.case_of(path))
        found = (entry.event for entry in story.entries if entry.path == path) if story else ()
        name = next((event.type for event in found if isinstance(event, Unknown)), "")
        what = f"at {path} is an event {name} of a plug-in that is not here"
        return f"{what}; install it, or name its file with --plugin" if name else ""

    def tests_of(self, case: str) -> HiddenTests:
        """The hidden tests as the log knows them: by digest only, which is empty when they never ran."""
        grading = self.journal.effects.get(nth(case, "grade", 0))
        if grading and isinstance(grading.request, GradingRequested):
            asked = grading.request
            return HiddenTests(digest=asked.tests_digest, plus_digest=asked.plus_digest)
        executed = (
            effect.request.tests_digest
            for path, effect in self.journal.effects.items()
            if isinstance(effect.request, ExecutionRequested) and is_within(path, case)
        )
        return HiddenTests(digest=next(executed, ""))

    def changed_sources(self, catalog: Catalog) -> list[str]:
        """What changed since the run was last taken up: architecture, players, or how replies are read."""
        players = self._players
        return [name for name in self._changed(catalog) if name in players]

    def changed_before_they_act(self, catalog: Catalog) -> list[str]:
        """Roles that changed since, and of which the run has not heard so far."""
        players = self._players
        return [name for name in self._changed(catalog) if name not in players]

    def _changed(self, catalog: Catalog) -> list[str]:
        made, settings = self.timeline.provenance, self.started.settings
        assert made is not None
        roles, architecture = fingerprints(catalog, settings)
        names = changed(made.roles, roles)
        return names if made.architecture == architecture else [*names, settings.architecture]

    @property
    def _players(self) -> set[str]:
        settings = self.started.settings
        places = [*self.journal.facts, *(path.rpartition("/")[0] for path in self.journal.effects)]
        parts = {place.rpartition("/")[2].partition(".")[0] for place in places}
        return {settings.cast.get(part, part) for part in parts} | {REPLIES, settings.architecture}
