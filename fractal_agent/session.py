"""One process's stretch of a run: the sandbox, the engine, the cases that are left, the seal."""

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import anyio.abc
import anyio.to_thread

from events import (
    CaseSetAside,
    Entry,
    Event,
    ExecutionCompleted,
    ExecutionRequested,
    GradingCompleted,
    LogFile,
    LogReader,
    Provenance,
    RunEnded,
    encode_event,
)
from events.path import child
from fractal_agent.case import Case, HiddenTests
from fractal_agent.engines import EngineChoice, open_engine
from fractal_agent.engines.base import Engine, EngineUnavailable
from fractal_agent.engines.unneeded import ModelNeeded, NoEngine
from fractal_agent.job import Job, Viewer
from fractal_agent.logs import operator_log
from fractal_agent.oracle import oracle_for
from fractal_agent.provenance import provenance
from fractal_agent.recorder import LogRecorder, MemoryRecorder, Recorder
from fractal_agent.run import RunFailed, run_cases
from fractal_agent.sandbox import Judged, Sandbox, open_sandbox
from fractal_agent.scope import World
from replay.drift import Diverged
from replay.edit import Edits, edits_of
from replay.policy import Fork, Policy
from replay.signals import Signal, gravest
from replay.timeline import Timeline


class Session:
    """Brings a job to its end, or as far as it comes, and leaves its log sealed."""

    def __init__(
        self,
        job: Job,
        viewer: Viewer,
        log: LogFile,
        *,
        timeline: Timeline,
        policy: Policy,
        opening: Callable[[Provenance], Event],
        engine: Engine | None = None,
    ) -> None:
        self._job = job
        self._viewer = viewer
        self._log = log
        self._timeline = timeline
        self._policy = policy
        self._opening = opening
        """The first event of this stretch."""
        self._engine = engine
        """One that is open already and stays so; None to open what the settings name."""
        self._logged = False
        """True once this session has given the log a line."""
        self._told = operator_log("run").bind(run=job.run_id)

    async def run(self) -> Timeline:
        """The run's timeline when this stretch has ended.

        Raises:
            Exception, Signal: the gravest of what stopped it.
        """
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
        with anyio.open_signal_receiver(*_stopping()) as signals:
            task_status.started()
            async for number in signals:
                if not scope.cancel_called:
                    self._viewer.say("Stopping: sealing the log")
                    self._told.info("stopping", signal=signal.Signals(number).name)
                scope.cancel()

    async def _work(self) -> None:
        if self._left or self._timeline.provenance is None:
            await self._open_world()
        else:
            self._log.stage("", self._opening(self._timeline.provenance))
            self._seal(RunEnded(outcome="completed"))

    @property
    def _left(self) -> list[str]:
        """The paths of the cases without a verdict; those set aside only if the job takes them up again."""
        done = {case.id for case in self._timeline.graded}
        done |= set() if self._job.failed_too else {case.id for case in self._timeline.set_aside}
        paths = [
            child(branch.name, task.problem.task_id)
            for branch in self._job.branches
            for task in self._job.tasks
        ]
        return [path for path in paths if path not in done]

    async def _open_world(self) -> None:
        async with open_sandbox(unsafe=self._job.unsafe_sandbox) as sandbox:
            if sandbox.notice:
                self._viewer.say(sandbox.notice)
            if not await self._needs_model(sandbox):
                await self._run_cases(NoEngine(), sandbox)
                return
            if self._engine is not None:
                await self._run_cases(self._engine, sandbox)
                return
            settings = self._job.settings
            opening = await anyio.to_thread.run_sync(
                open_engine, self._choice(), self._viewer.say, abandon_on_cancel=True
            )
            self._viewer.say(f"Starting the {settings.engine} engine, model {settings.model}")
            began = time.monotonic()
            async with opening as engine:
                seconds = round(time.monotonic() - began, 1)
                self._told.info(
                    "engine started", seconds=seconds, sandbox=sandbox.level, **engine.info.settings
                )
                await self._run_cases(engine, sandbox)
            self._told.info("engine stopped")

    def _choice(self) -> EngineChoice:
        settings, left = self._job.settings, len(self._left)
        return EngineChoice(
            engine=settings.engine,
            model=settings.model,
            base_url=settings.base_url or None,
            script=Path(settings.script) if settings.script else None,
            log=self._job.folder / "engine.log",
            cases=min(settings.concurrency or left, left),
            max_tokens=max(settings.max_tokens.values(), default=0),
        )

    async def _needs_model(self, sandbox: Sandbox) -> bool:
        """False when a fork's parent has every answer, which a rehearsal in memory tells.

        It runs programs that are on no record, and grades nothing.
        """
        if self._job.parent is None:
            return True
        try:
            await self._solve(self._cases(NoEngine(), Rehearsing(sandbox), MemoryRecorder()))
        except ModelNeeded:
            return True
        except (RunFailed, Diverged):  # will be met again, and told, when the cases are run
            return False
        return False

    async def _run_cases(self, engine: Engine, sandbox: Sandbox) -> None:
        """Runs what has no verdict yet and seals the log, however it ends."""
        made = provenance(self._job.catalog, self._job.settings, engine=engine.info, sandbox=sandbox.level)
        ended = RunEnded(outcome="interrupted")
        total = len(self._job.branches) * len(self._job.tasks)
        with self._viewer.watch(self._timeline, total) as show:
            recorder = LogRecorder(self._log, [self._timeline.add, show, self._tell])
            cases = self._cases(engine, sandbox, recorder)
            opening = self._opening(made)
            encode_event(opening)  # a log never begins with anything but its header
            self._logged = True
            try:
                await recorder.record("", opening)
                await self._solve(cases)
                ended = RunEnded(outcome="completed")
            except ModelNeeded as needed:  # a program did otherwise than in the rehearsal
                ended = RunEnded(outcome="failed", error=f"{needed}; resume to ask the model")
                raise RunFailed(needed.path, EngineUnavailable(str(ended.error))) from needed
            except (Exception, Signal) as error:
                ended = RunEnded(outcome="failed", error=_writable(str(error) or type(error).__name__))
                raise
            finally:
                self._seal(ended)

    async def _solve(self, cases: Sequence[Case]) -> None:
        job = self._job
        await run_cases(
            cases,
            settings=job.settings,
            architecture=job.catalog.architecture(job.settings.architecture),
            cast=job.catalog.cast(job.settings.cast),
        )

    def _cases(self, engine: Engine, sandbox: Sandbox, recorder: Recorder) -> list[Case]:
        job, left = self._job, set(self._left)
        cases = []
        for branch in job.branches:
            edits = Edits(edits_of(job.origin, branch))
            for task in job.tasks:
                path = child(branch.name, task.problem.task_id)
                tests = HiddenTests.of(task.hidden_tests, task.plus_tests)
                world = World(
                    engine=engine,
                    sandbox=sandbox,
                    recorder=recorder,
                    policy=self._policy_for(branch.name, branch.anew, task.problem.task_id),
                    seed=job.settings.seed,
                    edits=edits,
                    branch=branch.name,
                    oracle=oracle_for(job.settings, tests.digest, tests.source),
                )
                unfit = job.unfit.get(task.problem.task_id, "")
                cases.append(Case(path=path, problem=task.problem, tests=tests, world=world, unfit=unfit))
        return [case for case in cases if case.path in left]

    def _policy_for(self, branch: str, anew: str, task: str) -> Policy:
        parent = self._job.parent
        if parent is None:
            return self._policy
        source = parent.before(task, anew) if anew else parent
        return Fork(source, branch=branch, first=self._policy)

    def _seal(self, ended: RunEnded) -> None:
        self._logged = True
        self._log.stage("", ended)
        self._log.seal()
        self._told.info("log sealed", outcome=ended.outcome)

    def _tell(self, entry: Entry[Event]) -> None:
        match entry.event:
            case GradingCompleted(outcome=outcome):
                self._told.info("case graded", path=entry.path, outcome=outcome)
            case CaseSetAside(kind=kind, error=error):
                self._viewer.say(f"Set aside {entry.path.removesuffix('/set-aside')}: {kind}: {error}")
                self._told.info("case set aside", path=entry.path, kind=kind, error=error)


class Rehearsing:
    """A sandbox that runs programs and keeps the hidden tests for when it counts."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.level = sandbox.level
        self.notice = sandbox.notice

    async def execute(self, request: ExecutionRequested) -> ExecutionCompleted:
        return await self._sandbox.execute(request)

    async def grade(self, code: str, entry_point: str, tests: str, prompt: str = "") -> GradingCompleted:
        return GradingCompleted(outcome="passed")

    async def judge(
        self, code: str, entry_point: str, tests: str, prompt: str = "", *, trace: bool = False
    ) -> Judged:
        return Judged(outcome="passed")


def _stopping() -> list[signal.Signals]:
    """The signals that end a run in order. `nohup` has a closed terminal ignored, and so it stays."""
    stopping = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        stopping.append(signal.SIGHUP)
    return stopping


def _writable(text: str) -> str:
    """The text with what UTF-8 cannot carry (lone surrogates) spelt out."""
    return text.encode("utf-8", "backslashreplace").decode()
