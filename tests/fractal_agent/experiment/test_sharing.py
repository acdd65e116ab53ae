"""Cells share what one of them was answered, and say so."""

from collections.abc import Callable

from events import LOG_NAME, GenerationCompleted, GenerationRequested, LogReader
from fractal_agent.catalog import load_catalog
from fractal_agent.experiment import Experiment, cell_jobs, run_experiment
from fractal_agent.experiment.sharing import first_request
from fractal_agent.job import Unwatched
from fractal_agent.replaying import replay_run
from fractal_agent.report.experiment import experiment_report
from replay.timeline import Timeline


def cells(experiment: Experiment) -> dict[tuple[str, int], Timeline]:
    """By architecture and seed."""
    return {
        (job.settings.architecture, job.settings.seed): Timeline.of(LogReader(job.folder / LOG_NAME))
        for job in cell_jobs(experiment)
    }


def test_first_answers_are_shared(make: Callable[..., Experiment]) -> None:
    """The control takes the baseline's answers for its first ones, and asks for the others itself."""
    experiment = make(architectures=("baseline", "resample"))

    run_experiment(experiment, Unwatched())

    made = cells(experiment)
    first, control = made["baseline", 0].started, made["resample", 0]
    origin = control.started.origin if control.started else None
    assert origin
    assert first
    assert origin.run_id == first.run_id
    answered = [
        entry.path
        for case in control.cases.values()
        for entry in case.entries
        if isinstance(entry.event, GenerationCompleted)
    ]
    assert control.generations == len([path for path in answered if "/draw-" in path]) > 0
    assert len(answered) == control.generations + 3


def test_more_is_taken_from_the_cell_that_has_more(make: Callable[..., Experiment]) -> None:
    """The waves take the control's draws, not the baseline's answers alone, and ask for those beyond."""
    experiment = make(architectures=("baseline", "resample", "redraft"))

    run_experiment(experiment, Unwatched())

    made = cells(experiment)
    control, waves = made["resample", 0].started, made["redraft", 0].started
    origin = waves.origin if waves else None
    assert control
    assert origin
    assert origin.run_id == control.run_id
    asked = {
        entry.path.partition("/")[2].split("/")[1]
        for case in made["redraft", 0].cases.values()
        for entry in case.entries
        if isinstance(entry.event, GenerationRequested) and not entry.event.reused
    }
    assert asked == {"draw-2", "draw-3"}


def test_shared_cell_replays(make: Callable[..., Experiment]) -> None:
    """A cell that took answers over replays like any run."""
    experiment = make(architectures=("baseline", "resample"))
    run_experiment(experiment, Unwatched())

    for job in cell_jobs(experiment):
        assert replay_run(job.folder, load_catalog()).divergences == []


def test_of_another_seed_greedy_answers_alone(make: Callable[..., Experiment]) -> None:
    """A second seed asks for no greedy answer again, and for every sample."""
    experiment = make(architectures=("baseline", "resample"), seeds=(0, 1))

    run_experiment(experiment, Unwatched())

    made = cells(experiment)
    assert made["baseline", 1].generations == 0
    assert made["resample", 1].generations == made["resample", 0].generations > 0


def test_second_seed_of_what_draws_nothing_asks_for_nothing(make: Callable[..., Experiment]) -> None:
    """Such a cell takes over the first seed's own answers, though another cell that begins alike has more."""
    experiment = make(architectures=("flat", "tree"), seeds=(0, 1))

    run_experiment(experiment, Unwatched())

    made = cells(experiment)
    assert made["tree", 0].generations > made["flat", 0].generations
    assert made["flat", 1].generations == made["tree", 1].generations == 0


def test_tokens_of_shared_answers_count(make: Callable[..., Experiment]) -> None:
    """What an architecture costs does not depend on whether another has paid for it."""
    together, apart = (
        make(architectures=("baseline", "resample"), share=share, folder=make().folder / name)
        for share, name in ((True, "together"), (False, "apart"))
    )

    for experiment in (together, apart):
        run_experiment(experiment, Unwatched())

    written = [[cell.written for cell in experiment_report(one.folder).cells] for one in (together, apart)]
    assert written[0] == written[1]


def test_cells_that_begin_otherwise_share_nothing(make: Callable[..., Experiment]) -> None:
    """An architecture that begins with a plan is a run of its own."""
    experiment = make(architectures=("baseline", "flat"))

    run_experiment(experiment, Unwatched())

    started = cells(experiment)["flat", 0].started
    assert started
    assert started.origin is None


def test_first_request(make: Callable[..., Experiment]) -> None:
    """What a job asks first is known without a model."""
    first = first_request(cell_jobs(make(architectures=("resample",)))[0])

    assert first is not None
    assert first.path == "T/0/coder.0/generate.0"
