"""Running an experiment: cell after cell, with one engine for all cells of a model."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import groupby
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from fractal_agent.engines import EngineChoice, open_engine
from fractal_agent.engines.base import Engine
from fractal_agent.experiment.cells import Experiment, State, cell_jobs, slug, state_of
from fractal_agent.experiment.sharing import shared
from fractal_agent.forking import resume_fork_job
from fractal_agent.job import Job, Viewer
from fractal_agent.recording import Recording
from fractal_agent.session import Session
from fractal_agent.solving import new_session, resumed_session


class _Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that is not completed."""

    job: Job
    state: State

    def session(
        self, viewer: Viewer, engine: Engine, completed: Sequence[Recording]
    ) -> AbstractContextManager[Session]:
        """What brings the cell to its end; a new one takes over what it can from completed ones."""
        if self.state == "new":
            return new_session(shared(self.job, completed), viewer, engine=engine)
        recording = Recording(self.job.folder)
        forked = recording.started.origin is not None
        job = resume_fork_job(recording, self.job.catalog) if forked else self.job
        return resumed_session(job, viewer, engine=engine)


def run_experiment(experiment: Experiment, viewer: Viewer) -> bool:
    """Runs what is left of all cells; False when it was interrupted, and the same call then goes on.

    All cells are looked at before any is run. When none is left, no engine is started.

    Raises:
        CellMismatch: a cell that is there was made with other settings.
        CodeChanged: a cell was interrupted, and the code has changed since.
        RunFailed, EngineUnavailable, ModelError, SandboxError, LogError: as for a single run.
    """
    cells = [_Cell(job=job, state=state_of(job)) for job in cell_jobs(experiment)]
    left = [cell for cell in cells if cell.state != "completed"]
    viewer.say(f"{len(cells) - len(left)} of {len(cells)} cells are completed")
    experiment.folder.mkdir(parents=True, exist_ok=True)
    return all(
        anyio.run(_run_cells, list(of_model), experiment, viewer)
        for _, of_model in groupby(left, key=lambda cell: cell.job.settings.model)
    )


async def _run_cells(cells: Sequence[_Cell], experiment: Experiment, viewer: Viewer) -> bool:
    """Runs the cells of one model with one engine; False when one was interrupted."""
    settings = cells[0].job.settings
    opening = await anyio.to_thread.run_sync(
        open_engine, _choice(cells, experiment.folder), viewer.say, abandon_on_cancel=True
    )
    viewer.say(f"Starting the {settings.engine} engine, model {settings.model}")
    async with opening as engine:
        for number, cell in enumerate(cells, 1):
            viewer.say(f"Cell {number} of {len(cells)}: {cell.job.run_id}")
            with ExitStack() as stack:
                # In a thread, for taking up a run may need a replay, and that a loop of its own.
                session = await anyio.to_thread.run_sync(_begin, stack, cell, experiment, viewer, engine)
                timeline = await session.run()
            if not timeline.completed:
                return False
    return True


def _begin(stack: ExitStack, cell: _Cell, experiment: Experiment, viewer: Viewer, engine: Engine) -> Session:
    return stack.enter_context(cell.session(viewer, engine, list(_completed(experiment, cell.job))))


def _completed(experiment: Experiment, job: Job) -> Iterator[Recording]:
    """The completed cells of the job's model, those of its seed first, if cells are to share."""
    settings = job.settings
    others = [other for other in cell_jobs(experiment) if other.settings.model == settings.model]
    for other in sorted(others, key=lambda other: other.settings.seed != settings.seed):
        if experiment.share and state_of(other) == "completed":
            yield Recording(other.folder)


def _choice(cells: Iterable[_Cell], folder: Path) -> EngineChoice:
    jobs = [cell.job for cell in cells]
    settings = jobs[0].settings
    return EngineChoice(
        engine=settings.engine,
        model=settings.model,
        base_url=settings.base_url or None,
        script=Path(settings.script) if settings.script else None,
        log=folder / f"engine-{slug(settings.model)}.log",
        cases=max(min(job.settings.concurrency or len(job.tasks), len(job.tasks)) for job in jobs),
    )
