"""The cells of an experiment: one run for each model, seed and architecture, in a folder of its own."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from events import LOG_NAME, LogReader, Settings
from fractal_agent.catalog import Catalog
from fractal_agent.datasets import Task
from fractal_agent.job import Job
from replay.timeline import Timeline

State: TypeAlias = Literal["new", "interrupted", "completed"]

_FREE = frozenset({"concurrency", "base_url"})
"""Settings in which a cell may differ from what is asked for: they do not show in what it produces."""


class CellMismatch(Exception):
    """A cell that is there was made with other settings than those asked for."""

    def __init__(self, folder: Path, name: str, found: object, expected: object) -> None:
        super().__init__(
            f"{folder}: this cell was made with {name}={found!r}, and {expected!r} is asked for. "
            "Give another --out, or ask for what is there."
        )


class FolderUnusable(Exception):
    """The cells cannot lie where they are to lie."""

    def __init__(self, folder: Path, cause: str) -> None:
        super().__init__(f"{folder}: no cells can be kept here ({cause}). Give another --out.")


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """All names already looked up."""

    settings: Settings
    """What all cells share: their architecture, model and seed are put in."""
    architectures: Sequence[str]
    models: Sequence[str]
    seeds: Sequence[int]
    tasks: Sequence[Task]
    catalog: Catalog
    folder: Path
    """Where the cells' folders lie."""
    unfit: Mapping[str, str] = {}
    """Ids of tasks that cannot be judged, with the reason."""
    share: bool = True
    """Whether a cell takes over what another was answered to the same request."""
    accept_drift: bool = False
    """Whether a cell that was interrupted is finished under code that has changed since."""
    unsafe_sandbox: bool = False
    """Whether programs run even where the machine cannot keep them from the user's files."""


def cell_jobs(experiment: Experiment) -> list[Job]:
    """The job of every cell: model by model, in each seed by seed, in each the architectures in order."""
    return [
        _job(experiment, model, seed, architecture)
        for model in experiment.models
        for seed in experiment.seeds
        for architecture in experiment.architectures
    ]


def state_of(job: Job) -> State:
    """How far the cell has come.

    Raises:
        FolderUnusable: it cannot be looked at.
        CellMismatch: it was made with other settings.
        LogError: its log is damaged, or is none.
    """
    log = job.folder / LOG_NAME
    try:
        if not log.exists() or not log.stat().st_size:
            return "new"
    except OSError as error:
        raise FolderUnusable(job.folder.parent, error.strerror or str(error)) from error
    timeline = Timeline.of(LogReader(log))
    assert timeline.started is not None
    for name, found, expected in _differences(timeline.started.settings, job.settings):
        raise CellMismatch(job.folder, name, found, expected)
    return "completed" if timeline.completed else "interrupted"


def slug(model: str) -> str:
    """A model's name as part of a folder's name: its last part, and a few digits that tell it from others."""
    last = re.sub(r"[^A-Za-z0-9.]+", "-", model.rstrip("/").rpartition("/")[2]).strip("-.")[:40]
    return f"{last or 'model'}-{hashlib.sha256(model.encode()).hexdigest()[:4]}"


def _job(experiment: Experiment, model: str, seed: int, architecture: str) -> Job:
    run_id = f"{slug(model)}-{architecture}-seed-{seed}"
    return Job(
        run_id=run_id,
        folder=experiment.folder / run_id,
        settings=msgspec.structs.replace(
            experiment.settings, model=model, seed=seed, architecture=architecture
        ),
        tasks=experiment.tasks,
        catalog=experiment.catalog,
        unsafe_sandbox=experiment.unsafe_sandbox,
        unfit=experiment.unfit,
    )


def _differences(found: Settings, expected: Settings) -> Iterator[tuple[str, object, object]]:
    for name in expected.__struct_fields__:
        if name not in _FREE and getattr(found, name) != getattr(expected, name):
            yield name, getattr(found, name), getattr(expected, name)
