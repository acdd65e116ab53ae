"""How a run begins and ends, and what a case submits."""

from typing import Literal

import msgspec

from events.base import Event

FORMAT = 1
"""The version of the line format and of the events' meaning that this package writes."""


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


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What the run was made with, so that a reader can tell why two runs differ."""

    versions: dict[str, str]
    """Package name to version, `python` among them."""
    machine: str
    model_origin: str
    """`hub`, `packages`, `folder` or `server`: where the weights came from."""
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


class RunStarted(Event, frozen=True, kw_only=True):
    """The header: always the first line of a log."""

    format: int = FORMAT
    run_id: str
    settings: Settings
    provenance: Provenance


class RunResumed(Event, frozen=True, kw_only=True):
    """The run goes on after it had stopped."""

    provenance: Provenance
    torn_bytes: int = 0
    """How much of an unfinished last line was set aside."""


class AnswerSubmitted(Event, frozen=True, kw_only=True):
    """The architecture returned this code as the case's answer."""

    code: str


class RunEnded(Event, frozen=True, kw_only=True):
    outcome: Literal["completed", "failed", "interrupted"]
    error: str = ""


class LogSealed(Event, frozen=True, kw_only=True):
    """The last line of a log that was closed in order."""

    events: int
    """How many lines stand before this one."""
    head: str
    """The hash of the line before this one."""
