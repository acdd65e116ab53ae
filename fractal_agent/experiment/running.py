"""Running an experiment: cell after cell, with one engine for all cells of a model."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile

import anyio
import anyio.to_thread
import msgspec

from fractal_agent.engines import EngineChoice, open_engine
from fractal_agent.engines.base import Engine
from fractal_agent.experiment.cells import Experiment, FolderUnusable, State, cell_jobs, slug, state_of
from fractal_agent.experiment.sharing import shared
from fractal_agent.forking import resume_fork_job
from fractal_agent.job import Job, Viewer
from fractal_agent.recording import Recording
from fractal_agent.session import Session
from fractal_agent.solving import new_session, require_same_code, resumed_session


class _Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that is not completed."""

    job: Job
    state: State

    @contextmanager
    def session(
        self, experiment: Experiment, viewer: Viewer, engine: Engine, done: Sequence[Job]
    ) -> Iterator[Session]:
        """What brings the cell to its end; a new one takes over what it can from those that are done."""
        if self.state == "new":
            job = shared(self.job, _recorded(self.job, done)) if experiment.share else self.job
            beginning = new_session(job, viewer, engine=engine)
        else:
            recording = Recording(self.job.folder)
            forked = recording.started.origin is not None
            job = resume_fork_job(recording, self.job.catalog) if forked else self.job
            job = msgspec.structs.replace(job, unsafe_sandbox=self.job.unsafe_sandbox)
            beginning = resumed_session(job, viewer, accept_drift=experiment.accept_drift, engine=engine)
        with beginning as session:
            yield session


def run_experiment(experiment: Experiment, viewer: Viewer) -> bool:
    """Runs what is left of all cells; False when it was interrupted, and the same call then goes on.

    All cells are looked at before any is run. When none is left, no engine is started.

    Raises:
        FolderUnusable: the cells cannot be read or written where they are to lie.
        CellMismatch: a cell that is there was made with other settings.
        CodeChanged: a cell was interrupted, and the code has changed since, which is not accepted.
        RunFailed, EngineUnavailable, ModelError, SandboxError, LogError: as for a single run.
    """
    cells = [_Cell(job=job, state=state_of(job)) for job in cell_jobs(experiment)]
    left = [cell for cell in cells if cell.state != "completed"]
    done = [cell.job for cell in cells if cell.state == "completed"]
    viewer.say(f"{len(done)} of {len(cells)} cells are completed")
    for cell in left if not experiment.accept_drift else ():
        if cell.state == "interrupted":
            require_same_code(Recording(cell.job.folder), cell.job.catalog)
    with _writable(experiment.folder):
        return all(
            anyio.run(_run_cells, list(of_model), done, experiment, viewer)
            for _, of_model in groupby(left, key=lambda cell: cell.job.settings.model)
        )


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Has the folder inside the block; one that was made for it and stays empty is removed again."""
    try:
        made = [place for place in (folder, *folder.parents) if not place.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()  # told before an engine is started
    except OSError as error:
        raise FolderUnusable(folder, error.strerror or str(error)) from error
    try:
        yield
    finally:
        with suppress(OSError):
            for place in made:
                place.rmdir()


async def _run_cells(cells: Sequence[_Cell], done: list[Job], experiment: Experiment, viewer: Viewer) -> bool:
    """Runs the cells of one model with one engine, and counts each done; False when one was interrupted."""
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
                made = cell.session(experiment, viewer, engine, done)
                session = await anyio.to_thread.run_sync(stack.enter_context, made)
                timeline = await session.run()
            if not timeline.completed:
                return False
            done.append(cell.job)
    return True


def _recorded(job: Job, done: Iterable[Job]) -> Iterator[Recording]:
    """Those of the job's model, each read when it is looked at."""
    return (Recording(other.folder) for other in done if other.settings.model == job.settings.model)


def _choice(cells: Iterable[_Cell], folder: Path) -> EngineChoice:
    jobs = [cell.job for cell in cells]
    settings = jobs[0].settings
    return EngineChoice(
        engine=settings.engine,
        model=settings.model,
        base_url=settings.base_url or None,
        script=Path(settings.script) if settings.script else None,
        log=folder / f"engine-{slug(settings.model)}.log",
        max_tokens=max(settings.max_tokens.values(), default=0),
        cases=max(min(job.settings.concurrency or len(job.tasks), len(job.tasks)) for job in jobs),
    )
