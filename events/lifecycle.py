"""How a run begins and ends, and what a case submits."""

from typing import Any, Literal

import msgspec

from events.base import Event
from events.path import child

FORMAT = 1
"""The version of the line format and of the events' meaning that this package writes."""


EVERY_ROLE = "*"
"""Stands in `Settings.max_tokens` and `Settings.temperature` for each role that is not named there."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that a user chose; with the recorded effects it determines the run."""

    dataset: str
    tasks: tuple[str, ...]
    """The ids of the cases, in the order in which they were posed."""
    architecture: str
    model: str
    engine: str
    seed: int = 0
    rounds: int = 2
    """How many times at most a plan is revised."""
    concurrency: int = 0
    """How many cases are in flight at most; 0 is all of them."""
    cast: dict[str, str] = {}
    """Role name to the name of the role that plays it instead."""
    plugins: tuple[str, ...] = ()
    """Python files or modules that bring roles and architectures."""
    base_url: str = ""
    """The server of the `openai` engine; empty leaves it to the client."""
    script: str = ""
    """The file of answers of the `scripted` engine; empty for its placeholder."""
    feedback: Literal["visible", "oracle"] = "visible"
    """What the Critic may run: the examples that the prompt shows, or the hidden tests as well."""
    candidates: int = 8
    """How many answers are drawn side by side once a first one has failed."""
    max_tokens: dict[str, int] = {}
    """Token budget of an answer by role, in place of the role's own; `*` stands for every other role."""
    temperature: dict[str, float] = {}
    """The same for the sampling temperature."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What the run was made with, so that a reader can tell why two runs differ."""

    versions: dict[str, str]
    """Package name to version, `python` among them."""
    machine: str
    model_origin: str
    """Where the weights came from: `hub`, `packages`, `folder`, `server`; `script` or `none` without any."""
    model_digest: str
    """sha256 of the weights file, hex; empty where it cannot be known."""
    engine: dict[str, str]
    """The engine's own account of its settings (dtype, context length, device)."""
    sandbox: str
    """The level of isolation that candidates ran under."""
    roles: dict[str, str]
    """Role name to the fingerprint of its source."""
    architecture: str
    """The fingerprint of the architecture's source."""
    plugins: dict[str, str] = {}
    """What was loaded: entry point to `distribution version (module)`, file or module to its fingerprint."""


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """One field that a fork changes of what its parent recorded."""

    path: str
    """Where, without the name of a branch; empty for a field of the settings."""
    field: str
    value: Any
    """As JSON holds it."""


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a fork runs its cases: the front of their paths."""

    name: str = ""
    """Empty when the fork runs them once, at the parent's own paths."""
    anew: str = ""
    """The parent's path of a generation: it and those that the case asked for later are drawn anew."""
    edits: tuple[Edit, ...] = ()
    """What this branch changes beside the fork's own edits."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a fork comes from, and in what it departs."""

    run_id: str
    log: str
    """Path of the parent's log, from the fork's own folder."""
    head: str
    """Digest of the last line of the parent's log that was read."""
    branch: str = ""
    """Which branch of the parent is forked, where that is itself a fork with branches."""
    edits: tuple[Edit, ...] = ()
    """What all branches change; those that the parent had made stand first."""
    branches: tuple[Branch, ...] = (Branch(),)


class RunStarted(Event, frozen=True, kw_only=True):
    """The header: always the first line of a log."""

    format: int = FORMAT
    run_id: str
    settings: Settings
    provenance: Provenance
    origin: Origin | None = None
    """None for a run that was not forked."""

    @property
    def cases(self) -> tuple[str, ...]:
        """The paths of the cases that the run is to solve."""
        branches = self.origin.branches if self.origin else (Branch(),)
        return tuple(child(branch.name, task) for branch in branches for task in self.settings.tasks)


class RunResumed(Event, frozen=True, kw_only=True):
    """The run goes on after it had stopped."""

    provenance: Provenance
    torn_bytes: int = 0
    """How much of an unfinished last line was set aside."""
    drifted: tuple[str, ...] = ()
    """Roles and the architecture whose source had changed, which the user accepted."""


class AnswerSubmitted(Event, frozen=True, kw_only=True):
    """The architecture returned this code as the case's answer."""

    code: str


class CaseSetAside(Event, frozen=True, kw_only=True):
    """The case cannot be finished for a reason of its own, and has no verdict; the run goes on without it."""

    kind: str
    """Type of the error: `TestsUnusable`, `ValueError`."""
    error: str
    at: str = ""
    """The path where it was raised, as far as that is known."""
    traceback: str = ""
    """Where a role or an architecture raised it; empty for an error of the world."""


class RunEnded(Event, frozen=True, kw_only=True):
    outcome: Literal["completed", "failed", "interrupted"]
    error: str = ""


class LogSealed(Event, frozen=True, kw_only=True):
    """The last line of a log that was closed in order."""

    events: int
    """How many lines stand before this one."""
    head: str
    """The hash of the line before this one."""


class LostPart(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a damaged log that is not in the log salvaged from it."""

    line: int
    """Counts the lines of the damaged file from 1."""
    offset: int
    """In bytes from its beginning."""
    length: int
    """In bytes; 0 where lines are missing of which the file shows no trace."""
    problem: str
    """Goes on after `line 7 (byte 1234)`."""


class LogSalvaged(Event, frozen=True, kw_only=True):
    """This log was made from the undamaged lines of another; stands right after the header."""

    source: str
    """Path of the damaged log."""
    lost: tuple[LostPart, ...]
    """What is damaged, changed or missing."""
    dropped: tuple[LostPart, ...] = ()
    """Undamaged lines that mean nothing without a lost one."""
    reopened: tuple[str, ...] = ()
    """Cases that may have lost a line: they have no verdict any more and are to be finished anew."""
