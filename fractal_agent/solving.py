"""Solving a data set from beginning to end: the log, the sandbox, the engine, the cases, the seal."""

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

import anyio
import anyio.abc
import anyio.to_thread
import msgspec

from events import (
    LOG_NAME,
    Entry,
    Event,
    GradingCompleted,
    LogFile,
    LogReader,
    Provenance,
    RunEnded,
    RunResumed,
    RunStarted,
    Settings,
)
from fractal_agent.catalog import Catalog
from fractal_agent.datasets import Task
from fractal_agent.engines import EngineChoice, open_engine
from fractal_agent.logs import operator_log
from fractal_agent.provenance import provenance
from fractal_agent.recorder import LogRecorder
from fractal_agent.run import RunFailed, run_cases
from fractal_agent.sandbox import open_sandbox
from fractal_agent.scope import World
from replay.drift import Diverged
from replay.journal import Journal
from replay.policy import Live, Policy, Resume
from replay.signals import gravest
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


def solve(job: Job, viewer: Viewer) -> Timeline:
    """Makes a new run and returns its timeline; how it ended stands in there and in the log.

    Interrupted by SIGINT or SIGTERM, it seals the log and returns with outcome `interrupted`.

    Raises:
        LogExists, LogLocked: the run id is taken, or being written by another process.
        EngineUnavailable, ModelError, SandboxError: before anything was logged.
        RunFailed: a case could not go on; the log is sealed and can be replayed.
        LogWriteFailed: the disk refused; what was recorded is safe.
    """
    log = LogFile.create(job.folder)
    try:
        return anyio.run(_Session(job, viewer, log, Timeline(), Live(), None).run)
    finally:
        log.close()


def resume(job: Job, viewer: Viewer) -> Timeline:
    """Takes up an interrupted run: recorded effects are reused, the rest is performed and appended.

    A run that has all its verdicts needs no engine; one that is also marked as completed is left as it is.

    Raises:
        Diverged: the code now asks or answers something else than it did.
        LogError, EngineUnavailable, ModelError, SandboxError: as `solve`.
    """
    timeline = Timeline.of(LogReader(job.folder / LOG_NAME))
    if is_completed(timeline):
        return timeline
    log, reader = LogFile.reopen(job.folder)
    try:
        entries = list(LogReader(job.folder / LOG_NAME))
        session = _Session(
            job, viewer, log, Timeline.of(entries), Resume(Journal(entries)), torn_bytes=reader.torn
        )
        return anyio.run(session.run)
    finally:
        log.close()


def is_completed(timeline: Timeline) -> bool:
    """True when nothing is left to do in the run."""
    return timeline.ended is not None and timeline.ended.outcome == "completed"


class _Session:
    """One process's stretch of a run."""

    def __init__(
        self,
        job: Job,
        viewer: Viewer,
        log: LogFile,
        timeline: Timeline,
        policy: Policy,
        torn_bytes: int | None,
    ) -> None:
        self._job = job
        self._viewer = viewer
        self._log = log
        self._timeline = timeline
        self._policy = policy
        self._torn_bytes = torn_bytes
        """None for a new run."""
        self._logged = False
        """True once this session has given the log a line."""
        self._told = operator_log("run").bind(run=job.run_id)

    async def run(self) -> Timeline:
        try:
            async with anyio.create_task_group() as tasks:
                await tasks.start(self._watch_signals, tasks.cancel_scope)
                await self._work()
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            first = gravest([group])
            raise first from first.__cause__
        return Timeline.of(LogReader(self._log.path)) if self._logged else self._timeline

    async def _watch_signals(
        self, scope: anyio.CancelScope, *, task_status: anyio.abc.TaskStatus[None]
    ) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for number in signals:
                if not scope.cancel_called:
                    self._viewer.say("Stopping: sealing the log")
                    self._told.info("stopping", signal=signal.Signals(number).name)
                scope.cancel()

    async def _work(self) -> None:
        done = {case.id for case in self._timeline.graded}
        left = [task for task in self._job.tasks if task.problem.task_id not in done]
        if left or self._timeline.started is None:
            await self._open_world(left)
        else:
            self._log.stage("", self._opening(self._timeline.started.provenance))
            self._seal(RunEnded(outcome="completed"))

    async def _open_world(self, left: Sequence[Task]) -> None:
        job = self._job
        async with open_sandbox() as sandbox:
            if sandbox.notice:
                self._viewer.say(sandbox.notice)
            choice = _choice(job, in_flight=min(job.settings.concurrency or len(left), len(left)))
            opening = await anyio.to_thread.run_sync(
                open_engine, choice, self._viewer.say, abandon_on_cancel=True
            )
            self._viewer.say(f"Starting the {job.settings.engine} engine, model {job.settings.model}")
            began = time.monotonic()
            async with opening as engine:
                seconds = round(time.monotonic() - began, 1)
                self._told.info(
                    "engine started", seconds=seconds, sandbox=sandbox.level, **engine.info.settings
                )
                made = provenance(job.catalog, job.settings, engine=engine.info, sandbox=sandbox.level)
                with self._viewer.watch(self._timeline, len(job.tasks)) as show:
                    recorder = LogRecorder(self._log, [self._timeline.add, show, self._tell_verdict])
                    world = World(
                        engine=engine,
                        sandbox=sandbox,
                        recorder=recorder,
                        policy=self._policy,
                        seed=job.settings.seed,
                    )
                    await self._run_cases(left, recorder, world, made)
            self._told.info("engine stopped")

    async def _run_cases(
        self, left: Sequence[Task], recorder: LogRecorder, world: World, made: Provenance
    ) -> None:
        """Runs what has no verdict yet and seals the log, however it ends."""
        job = self._job
        ended = RunEnded(outcome="interrupted")
        self._logged = True
        try:
            await recorder.record("", self._opening(made))
            await run_cases(
                left,
                settings=job.settings,
                architecture=job.catalog.architecture(job.settings.architecture),
                cast=job.catalog.cast(job.settings.cast),
                world=world,
            )
            ended = RunEnded(outcome="completed")
        except (RunFailed, Diverged) as error:
            ended = RunEnded(outcome="failed", error=_writable(str(error)))
            raise
        finally:
            self._seal(ended)

    def _opening(self, made: Provenance) -> Event:
        if self._torn_bytes is None:
            return RunStarted(run_id=self._job.run_id, settings=self._job.settings, provenance=made)
        return RunResumed(provenance=made, torn_bytes=self._torn_bytes)

    def _seal(self, ended: RunEnded) -> None:
        self._logged = True
        self._log.stage("", ended)
        self._log.seal()
        self._told.info("log sealed", outcome=ended.outcome)

    def _tell_verdict(self, entry: Entry[Event]) -> None:
        if isinstance(entry.event, GradingCompleted):
            self._told.info("case graded", path=entry.path, outcome=entry.event.outcome)


def _writable(text: str) -> str:
    """The text with what UTF-8 cannot carry (lone surrogates) spelt out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _choice(job: Job, *, in_flight: int) -> EngineChoice:
    settings = job.settings
    return EngineChoice(
        engine=settings.engine,
        model=settings.model,
        base_url=settings.base_url or None,
        script=Path(settings.script) if settings.script else None,
        log=job.folder / "engine.log",
        cases=in_flight,
    )
