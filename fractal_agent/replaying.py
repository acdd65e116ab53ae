"""Strict replay: every role again, every answer from the record, no engine, no sandbox, no model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import anyio
import msgspec

from agents.role import Role
from events import (
    ExecutionCompleted,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
)
from events.path import child
from fractal_agent.architectures.base import Architecture
from fractal_agent.bus import Bus, open_bus
from fractal_agent.case import Case, run_case
from fractal_agent.catalog import Catalog, UnknownName
from fractal_agent.engines.base import EngineInfo
from fractal_agent.oracle import oracle_for
from fractal_agent.recorder import MemoryRecorder
from fractal_agent.recording import Recording
from fractal_agent.sandbox.base import Judged
from fractal_agent.scope import World
from fractal_agent.stage import LiveStage
from replay.drift import Diverged
from replay.edit import Edits
from replay.policy import RecordingEnded, Strict


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
        agree = "case agrees" if self.cases == 1 else "cases agree"
        agreed = f"{self.cases} {agree} ({self.passed} passed)"
        partial = f", {self.partial} unfinished ones as far as they go" if self.partial else ""
        diverged = f", {len(self.divergences)} diverge" if self.divergences else ""
        return f"{agreed}{partial}{diverged}: {self.effects} effects and {self.events} events are as recorded"


def replay_run(run: Path | Recording, catalog: Catalog, *, cases: Sequence[str] | None = None) -> Replayed:
    """Re-executes a run, given by its folder or read already, or only these cases, against what it recorded.

    Raises:
        LogError: the log is missing or damaged.
        UnknownName: the run used a role or an architecture that is not here, or has no such case.
    """
    if isinstance(cases, str):
        raise TypeError(f"cases is the string {cases!r}; expected a sequence of case ids")
    recording = Recording(run) if isinstance(run, Path) else run
    for case in cases or ():
        if case not in recording.timeline.cases:
            raise UnknownName("case", case, recording.timeline.cases)
    chosen = list(recording.timeline.cases if cases is None else dict.fromkeys(cases))
    return anyio.run(_replay_cases, recording, catalog, chosen)


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
                await replay_case(recording, case, architecture, cast, policy, bus)
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
        changed_roles=recording.changed_sources(catalog),
        divergences=divergences,
    )


async def replay_case(
    recording: Recording,
    path: str,
    architecture: Architecture,
    cast: Mapping[str, Role[Any, Any]],
    policy: Strict,
    bus: Bus,
) -> None:
    """Re-executes the case at that path; returns when all of it agreed.

    Raises:
        Diverged: something is not as recorded.
        RecordingEnded: the run had not finished the case, and it agreed as far as it goes.
    """
    settings, silent = recording.started.settings, Unreachable()
    branch = recording.branch_of(path)
    tests = recording.tests_of(path)
    world = World(
        engine=silent,
        sandbox=silent,
        recorder=MemoryRecorder(),
        policy=policy,
        seed=settings.seed,
        edits=Edits(recording.edits_of(branch)),
        branch=branch.name,
        oracle=oracle_for(settings, tests.digest),
    )
    stage = LiveStage(world, bus, path=path, settings=settings, cast=cast)
    problem = recording.timeline.cases[path].problem
    case = Case(path=path, problem=problem, tests=tests, world=world)
    try:
        await run_case(case, architecture=architecture, stage=stage)
    except RecordingEnded:
        policy.finish(path)
        raise
    except Exception as error:  # a role's own error may be what ended the case when it was recorded
        answer = recording.journal.facts.get(child(path, "answer"))
        if answer is not None:
            raise Diverged(path, recorded=answer.event, now=None, error=error) from error
        policy.finish(path)
        raise RecordingEnded(path) from error


class Unreachable:
    """Stands where the world was. A strict replay never asks it; if it did, that is our bug."""

    info = EngineInfo(model_origin="none")
    level = "none"
    notice = ""

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        self._refuse()

    async def execute(self, request: ExecutionRequested) -> ExecutionCompleted:
        self._refuse()

    async def grade(self, code: str, entry_point: str, tests: str, prompt: str = "") -> GradingCompleted:
        self._refuse()

    async def judge(
        self, code: str, entry_point: str, tests: str, prompt: str = "", *, trace: bool = False
    ) -> Judged:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise AssertionError("a replay reached for the world")
