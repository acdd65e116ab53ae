"""What the cells of an experiment share: what one of them was answered, another need not ask.

Cells of one model often begin alike: `resample` asks first what `baseline` asks, and `redraft` goes on as
`resample` does. So a cell is made as a fork of one that is completed and begins as it does. Then both have
the same answers as long as they ask the same, and differ by what their architectures do and not by how
requests were batched. Of another seed, only greedy answers are taken: where an architecture draws nothing,
further seeds repeat the first.
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
    """The job as a fork of one of these runs that has its first answer; itself, where none has.

    Of several that have it the best is one of the same architecture that drew nothing: all that it asked will
    be asked again. Then comes one of the same seed, and then the one with most effects.
    """
    seed, first = job.settings.seed, first_request(job)

    def worth(recording: Recording) -> tuple[bool, bool, int]:
        made = recording.started.settings
        repeats = made.architecture == job.settings.architecture and _all_greedy(recording)
        return repeats, made.seed == seed, len(recording.journal.effects)

    fitting = (
        recording
        for recording in completed
        if first
        and (first.request.temperature == 0 or recording.started.settings.seed == seed)
        and recording.journal.answer(*first)
    )
    best = max(fitting, key=worth, default=None)
    return job if best is None else sharing_job(job, best)


def _all_greedy(recording: Recording) -> bool:
    requests = (effect.request for effect in recording.journal.effects.values())
    return all(one.temperature == 0 for one in requests if isinstance(one, GenerationRequested))


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
