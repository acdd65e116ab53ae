"""Strict replay: every role again, every answer from the record, no engine, no sandbox, no model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import anyio
import msgspec

from agents.role import Role
from events import (
    LOG_NAME,
    ExecutionCompleted,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    GradingRequested,
    LogReader,
    RunStarted,
    Settings,
)
from events.path import child, nth
from fractal_agent.architectures.base import Architecture
from fractal_agent.bus import Bus, open_bus
from fractal_agent.case import HiddenTests, run_case
from fractal_agent.catalog import Catalog, UnknownName
from fractal_agent.engines.base import EngineInfo
from fractal_agent.provenance import fingerprints
from fractal_agent.recorder import MemoryRecorder
from fractal_agent.scope import World
from fractal_agent.stage import LiveStage
from replay.drift import Diverged
from replay.fingerprint import changed
from replay.journal import Journal
from replay.policy import RecordingEnded, Strict
from replay.timeline import Timeline


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a strict replay found."""

    run_id: str
    cases: int
    """Cases whose every record agreed."""
    partial: int
    """Cases that the run had not finished and that agreed as far as they went."""
    effects: int
    """Requests that were the same as recorded."""
    events: int
    """Returned events that were the same as recorded."""
    passed: int
    """Cases with a recorded pass, among those that agreed."""
    changed_roles: list[str]
    """Roles and the architecture whose source is no longer what it was: a warning, not a failure."""
    divergences: list[Diverged]
    """The first divergence of each case that has one, in the order of the cases."""

    @property
    def sentence(self) -> str:
        """`10 cases agree (7 passed): 42 effects and 61 events are as recorded`, and what does not."""
        agreed = f"{self.cases} cases agree ({self.passed} passed)"
        partial = f", {self.partial} unfinished ones as far as they go" if self.partial else ""
        diverged = f", {len(self.divergences)} diverge" if self.divergences else ""
        return f"{agreed}{partial}{diverged}: {self.effects} effects and {self.events} events are as recorded"


class Recording:
    """A log, read and folded once for replays."""

    def __init__(self, folder: Path) -> None:
        entries = list(LogReader(folder / LOG_NAME))
        self.timeline = Timeline.of(entries)
        self.journal = Journal(entries)
        assert isinstance(self.timeline.started, RunStarted)
        self.started = self.timeline.started

    def tests_of(self, case: str) -> HiddenTests:
        grading = self.journal.effects.get(nth(case, "grade", 0))
        request = grading.request if grading else None
        return HiddenTests(digest=request.tests_digest if isinstance(request, GradingRequested) else "")


def replay_run(folder: Path, catalog: Catalog, *, case: str | None = None) -> Replayed:
    """Re-executes the run in `folder`, or one of its cases, against what it recorded.

    Raises:
        LogError: the log is missing or damaged.
        UnknownName: the run used a role or an architecture that is not here.
            Or the run has no such case.
    """
    recording = Recording(folder)
    if case and case not in recording.timeline.cases:
        raise UnknownName("case", case, recording.timeline.cases)
    cases = [case] if case else list(recording.timeline.cases)
    return anyio.run(_replay_cases, recording, catalog, cases)


async def _replay_cases(recording: Recording, catalog: Catalog, cases: list[str]) -> Replayed:
    settings = recording.started.settings
    architecture = catalog.architecture(settings.architecture)
    cast = catalog.cast(settings.cast)
    policy = Strict(recording.journal, recording.timeline.unfinished)
    counts = {"whole": 0, "partial": 0, "passed": 0}
    divergences: list[Diverged] = []
    async with open_bus() as bus:
        for case in cases:
            try:
                await _replay_case(recording, case, settings, architecture, cast, policy, bus)
                counts["whole"] += 1
                counts["passed"] += recording.timeline.cases[case].passed
            except RecordingEnded:
                counts["partial"] += 1
            except Diverged as diverged:
                divergences.append(diverged)
    return Replayed(
        run_id=recording.started.run_id,
        cases=counts["whole"],
        partial=counts["partial"],
        effects=len(policy.effects),
        events=len(policy.facts),
        passed=counts["passed"],
        changed_roles=changed_sources(recording, catalog),
        divergences=divergences,
    )


async def _replay_case(
    recording: Recording,
    case: str,
    settings: Settings,
    architecture: Architecture,
    cast: Mapping[str, Role[Any, Any]],
    policy: Strict,
    bus: Bus,
) -> None:
    silent = Unreachable()
    world = World(engine=silent, sandbox=silent, recorder=MemoryRecorder(), policy=policy, seed=settings.seed)
    stage = LiveStage(world, bus, path=case, settings=settings, cast=cast)
    problem = recording.timeline.cases[case].problem
    tests = recording.tests_of(case)
    try:
        await run_case(problem, tests, architecture=architecture, stage=stage, world=world)
    except RecordingEnded:
        policy.finish(case)
        raise
    except Exception as error:  # a role's own error may be what ended the case when it was recorded
        answer = recording.journal.facts.get(child(case, "answer"))
        if answer is not None:
            raise Diverged(case, recorded=answer.event, now=None, error=error) from error
        policy.finish(case)
        raise RecordingEnded(case) from error


def changed_sources(recording: Recording, catalog: Catalog) -> list[str]:
    """Names of the architecture and of the roles that played, whose source changed since the run began."""
    settings, made = recording.started.settings, recording.started.provenance
    roles, architecture = fingerprints(catalog, settings)
    parts = {path.rpartition("/")[2].partition(".")[0] for path in recording.journal.facts}
    players = {settings.cast.get(part, part) for part in parts}
    names = [name for name in changed(made.roles, roles) if name in players]
    return names if made.architecture == architecture else [*names, settings.architecture]


class Unreachable:
    """Stands where the world was. A strict replay never asks it; if it did, that is our bug."""

    info = EngineInfo(model_origin="none")
    level = "none"
    notice = ""

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        self._refuse()

    async def execute(self, request: ExecutionRequested) -> ExecutionCompleted:
        self._refuse()

    async def grade(self, code: str, entry_point: str, tests: str) -> GradingCompleted:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise AssertionError("a replay reached for the world")
