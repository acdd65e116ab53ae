"""What the cells of an experiment share: what one of them was answered, another need not ask.

Cells of one model often begin alike: `resample` asks first what `baseline` asks. So a cell is made as a fork
of one that is completed and begins as it does. Then both have the same first answers, and differ by what
their architectures do and not by how requests were batched. Of another seed, only greedy answers are taken.
"""

from collections.abc import Iterable
from typing import NamedTuple

import anyio

from events import GenerationCompleted, GenerationRequested
from fractal_agent.case import Case, HiddenTests
from fractal_agent.engines.base import EngineInfo
from fractal_agent.engines.unneeded import ModelNeeded
from fractal_agent.forking import sharing_job
from fractal_agent.job import Job
from fractal_agent.recorder import MemoryRecorder
from fractal_agent.recording import Recording
from fractal_agent.run import run_cases
from fractal_agent.sandbox import InstantSandbox
from fractal_agent.scope import World
from replay.policy import Live


def shared(job: Job, completed: Iterable[Recording]) -> Job:
    """The job as a fork of the first of these runs that has its first answer; itself, where none has."""
    first = first_request(job)
    for recording in completed:
        same_seed = recording.started.settings.seed == job.settings.seed
        if first and (same_seed or first.request.temperature == 0) and recording.journal.answer(*first):
            return sharing_job(job, recording)
    return job


class First(NamedTuple):
    """What a job asks of the model before anything else."""

    path: str
    request: GenerationRequested


def first_request(job: Job) -> First | None:
    """What the job's first problem is begun with; None if no model is asked."""
    listener = _Listener()
    settings, task = job.settings, job.tasks[0]
    world = World(
        engine=listener,
        sandbox=InstantSandbox(),
        recorder=MemoryRecorder(),
        policy=Live(),
        seed=settings.seed,
    )
    case = Case(
        path=task.problem.task_id, problem=task.problem, tests=HiddenTests.of(task.hidden_tests), world=world
    )
    catalog = job.catalog

    async def begin() -> None:
        await run_cases(
            [case],
            settings=settings,
            architecture=catalog.architecture(settings.architecture),
            cast=catalog.cast(settings.cast),
        )

    try:
        anyio.run(begin)
    except ModelNeeded:
        pass
    except Exception:  # noqa: BLE001  # it is met again, and told, when the cell is run
        return None
    return listener.heard


class _Listener:
    """An engine that hears the first request and answers none."""

    info = EngineInfo(model_origin="none")

    def __init__(self) -> None:
        self.heard: First | None = None

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        self.heard = self.heard or First(path, request)
        raise ModelNeeded(path)
