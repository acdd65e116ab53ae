"""Recording a run again under the present code, in the place of its old log."""

import shutil
import tempfile
from pathlib import Path

import msgspec

from events import LOG_NAME
from events.disk import DISK
from fractal_agent.catalog import Catalog
from fractal_agent.engines import EngineError
from fractal_agent.forking import rerecord_job
from fractal_agent.job import Unwatched, Viewer
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run
from fractal_agent.run import RunFailed
from fractal_agent.solving import solve
from replay.timeline import Timeline


class NotRepeatable(Exception):
    """The run cannot be recorded again as what it was."""


class Rerecorded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a run that was recorded again."""

    cases: int
    passed: int
    reused: int
    """Effects that are asked for as before, and kept their answers."""
    performed: int
    """Effects that the world was asked for."""

    @property
    def sentence(self) -> str:
        """`3 cases (2 passed): 7 answers reused, 2 performed`."""
        answers = f"{self.reused} answers reused, {self.performed} performed"
        return f"{self.cases} cases ({self.passed} passed): {answers}"


def rerecord(folder: Path, catalog: Catalog, viewer: Viewer | None = None) -> Rerecorded:
    """Puts a new log in the place of the one in `folder`: the same run, by the code as it is now.

    Id, settings and origin stay, and so does each recorded answer to a request that is still the same.
    The new log is made in a folder beside, `.<name>-<random>`, and takes the old one's place in one step
    when it is complete and replays; on any error the old one stays. The folder beside is then removed,
    unless an engine has left its own account of the failure there.

    Raises:
        NotRepeatable: a fork in named branches; or the new log does not replay.
        KeyboardInterrupt: stopped by SIGINT or SIGTERM.
        UnknownName, CastMismatch: the run used a role or an architecture that is not here.
        DatasetError: the hidden tests cannot be had any more.
        LogError, EngineUnavailable, ModelError, SandboxError, RunFailed: as `solve`.
        OSError: nothing can be written beside `folder`.
    """
    recording = Recording(folder)
    if recording.started.origin and any(branch.name for branch in recording.started.origin.branches):
        raise NotRepeatable(
            f"{recording.started.run_id} is a fork in branches: fork its parent again instead"
        )
    attempt = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
    kept = False
    try:
        timeline = _record(recording, catalog, attempt, viewer or Unwatched())
        (attempt / LOG_NAME).replace(folder / LOG_NAME)
        DISK.sync_folder(folder)
    except (EngineError, RunFailed):
        kept = (attempt / "engine.log").exists()
        raise
    finally:
        if not kept:
            shutil.rmtree(attempt)
    return Rerecorded(
        cases=len(timeline.graded),
        passed=timeline.passed,
        reused=timeline.reused,
        performed=timeline.performed,
    )


def _record(recording: Recording, catalog: Catalog, attempt: Path, viewer: Viewer) -> Timeline:
    """The timeline of the whole run, recorded in `attempt` and replayed from there."""
    timeline = solve(rerecord_job(recording, catalog, folder=attempt), viewer)
    if not timeline.completed:
        raise KeyboardInterrupt
    for diverged in replay_run(attempt, catalog).divergences:
        raise NotRepeatable(
            f"what was recorded just now diverges at once, at {diverged}: a role or the architecture uses "
            "more than its event and its context"
        )
    return timeline
