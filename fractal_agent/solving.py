"""Solving a data set from beginning to end, and going on with what was interrupted."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from events import LOG_NAME, LogFile, LogReader, RunResumed, RunStarted
from fractal_agent.catalog import Catalog
from fractal_agent.engines.base import Engine
from fractal_agent.job import Job, Viewer
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run
from fractal_agent.session import Session
from replay.drift import Diverged
from replay.policy import Fork, Live, Resume
from replay.timeline import Timeline


class CodeChanged(Exception):
    """The code that a run would be resumed with is not the code that it was recorded with."""

    def __init__(
        self, run_id: str, names: list[str], first: Diverged | None, *, compared: bool = True
    ) -> None:
        same = "So far nothing that was recorded differs." if compared else _NOTHING_COMPARED
        shown = same if first is None else _shown(first)
        super().__init__(
            f"{run_id}: changed since it was recorded: {', '.join(names)}. {shown}\n"
            "Nothing was run. Undo the change, or go on with --accept-drift: unfinished cases then begin "
            "anew and reuse every answer to a request that is still the same."
        )
        self.names = names
        self.first = first
        """The first record of a half-done case that a replay does not agree with; None when all agree."""


_NOTHING_COMPARED = "No case is half done, so nothing was compared: what has a verdict stays as it is."


def _shown(first: Diverged) -> str:
    return "\n".join([f"The first difference is at {first}", *first.diff()])


def solve(job: Job, viewer: Viewer) -> Timeline:
    """Makes a new run, or a fork, and returns its timeline; how it ended stands in there and in the log.

    Interrupted by SIGINT or SIGTERM, it seals the log and returns with outcome `interrupted`.

    Raises:
        LogExists, LogLocked: the run id is taken, or being written by another process.
        EngineUnavailable, ModelError, SandboxError: before anything was logged.
        RunFailed: a case could not go on; the log is sealed and can be replayed.
        LogWriteFailed: the disk refused; what was recorded is safe.
    """
    with new_session(job, viewer) as session:
        return anyio.run(session.run)


@contextmanager
def new_session(job: Job, viewer: Viewer, *, engine: Engine | None = None) -> Iterator[Session]:
    """The session of a new run, ready to be run while the context is open; errors as `solve`.

    An `engine` that is given is used and left open; without one, the session opens its own.
    """
    log = LogFile.create(job.folder)
    try:
        yield Session(
            job,
            viewer,
            log,
            timeline=Timeline(),
            policy=Live(),
            opening=lambda made: RunStarted(
                run_id=job.run_id, settings=job.settings, provenance=made, origin=job.origin
            ),
            engine=engine,
        )
    finally:
        log.close()


def resume(job: Job, viewer: Viewer, *, accept_drift: bool = False) -> Timeline:
    """Takes up an interrupted run: recorded effects are reused, the rest is performed and appended.

    A run that has all its verdicts needs no engine; one that is also marked as completed is left as it is,
    unless the job takes up cases that were set aside and there are some.
    With `accept_drift`, unfinished cases begin anew under the present code, and reuse what it still asks for.

    Raises:
        CodeChanged: before anything runs, unless drift is accepted.
        Diverged: the code now asks or answers something else than it did.
        LogError, EngineUnavailable, ModelError, SandboxError: as `solve`.
    """
    timeline = Timeline.of(LogReader(job.folder / LOG_NAME))
    if timeline.completed and not (job.failed_too and timeline.set_aside):
        return timeline
    with resumed_session(job, viewer, accept_drift=accept_drift) as session:
        return anyio.run(session.run)


@contextmanager
def resumed_session(
    job: Job, viewer: Viewer, *, accept_drift: bool = False, engine: Engine | None = None
) -> Iterator[Session]:
    """The session that takes up an interrupted run, as `new_session`; errors as `resume`.

    Not to be entered on a running event loop: what has drifted is found by a replay.
    """
    log, reader = LogFile.reopen(job.folder)
    try:
        recording = Recording(job.folder)
        if not accept_drift:
            require_same_code(recording, job.catalog)
        drifted = recording.changed_sources(job.catalog)
        if unheard := recording.changed_before_they_act(job.catalog):
            viewer.say(f"Changed since, and not yet heard of in this run: {', '.join(unheard)}")
        yield Session(
            job,
            viewer,
            log,
            timeline=recording.timeline,
            policy=Fork(recording.journal) if accept_drift else Resume(recording.journal),
            opening=lambda made: RunResumed(
                provenance=made, torn_bytes=reader.torn, drifted=(*drifted, *unheard)
            ),
            engine=engine,
        )
    finally:
        log.close()


def require_same_code(recording: Recording, catalog: Catalog) -> None:
    """Returns when an interrupted run can go on with the code as it is now. Not for a running event loop.

    Raises:
        CodeChanged: it was recorded with other code, and may go on only on purpose.
    """
    if drifted := recording.changed_sources(catalog):
        half_done = recording.timeline.unfinished
        diverged = replay_run(recording, catalog, cases=half_done).divergences
        first = diverged[0] if diverged else None
        raise CodeChanged(recording.started.run_id, drifted, first, compared=bool(half_done))
