"""Experiments: one run a cell, one engine a model, and nothing done twice."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from events import LOG_NAME, Entry, Event, LogReader
from fractal_agent.catalog import load_catalog
from fractal_agent.engines import EngineChoice, open_engine
from fractal_agent.experiment import CellMismatch, Experiment, cell_jobs, run_experiment
from fractal_agent.experiment import running as module
from fractal_agent.job import Unwatched
from fractal_agent.run import RunFailed
from fractal_agent.solving import CodeChanged
from replay.timeline import Timeline

PLUGIN = '''
from agents import Context, role
from events import CodeWritten, Message, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture


@role
async def twister(problem: ProblemPosed, ctx: Context) -> CodeWritten:
    """Writes."""
    answer = await ctx.generate([Message(role="user", content="Write it.")], prefill=problem.prompt)
    return CodeWritten(problem=problem, code=answer.text)


@architecture
async def twist(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Write."""
    return await stage.ask(twister, problem)
'''


class Impatient(Unwatched):
    """Sends this process an interrupt once the cell of that architecture has so many lines."""

    def __init__(self, architecture: str, lines: int) -> None:
        self._architecture, self._lines = architecture, lines

    @contextmanager
    def watch(self, timeline: Timeline, total: int) -> Iterator[Callable[[Entry[Event]], None]]:
        def seen(entry: Entry[Event]) -> None:
            started = timeline.started
            if started and started.settings.architecture == self._architecture and entry.seq == self._lines:
                os.kill(os.getpid(), signal.SIGINT)

        yield seen


def timelines(experiment: Experiment) -> dict[str, Timeline]:
    """By architecture, of the cells that have begun."""
    logs = {job.settings.architecture: job.folder / LOG_NAME for job in cell_jobs(experiment)}
    return {name: Timeline.of(LogReader(log)) for name, log in logs.items() if log.exists()}


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models whose engines were opened, as they are."""
    opened: list[str] = []

    def watched(choice: EngineChoice, say: Callable[[str], None]) -> object:
        opened.append(choice.model)
        return open_engine(choice, say)

    monkeypatch.setattr(module, "open_engine", watched)
    return opened


def test_each_cell_is_a_run_of_its_own(make: Callable[..., Experiment]) -> None:
    """Two models, two seeds and three architectures leave twelve completed logs."""
    experiment = make(models=("none", "other/none"), seeds=(0, 1))

    assert run_experiment(experiment, Unwatched())

    logs = sorted(experiment.folder.glob(f"*/{LOG_NAME}"))
    assert len(logs) == 12
    assert all(Timeline.of(LogReader(log)).completed for log in logs)


def test_one_engine_serves_all_cells_of_a_model(make: Callable[..., Experiment], starts: list[str]) -> None:
    """The engine is started once a model, not once a cell."""
    run_experiment(make(models=("none", "other/none"), seeds=(0, 1)), Unwatched())

    assert starts == ["none", "other/none"]


def test_completed_cells_are_not_run_again(make: Callable[..., Experiment], starts: list[str]) -> None:
    """A second call changes no log and starts no engine."""
    experiment = make()
    run_experiment(experiment, Unwatched())
    before = {log: log.read_bytes() for log in experiment.folder.glob(f"*/{LOG_NAME}")}

    assert run_experiment(experiment, Unwatched())

    assert {log: log.read_bytes() for log in experiment.folder.glob(f"*/{LOG_NAME}")} == before
    assert starts == ["none"]


def test_new_architecture_joins_what_is_there(make: Callable[..., Experiment]) -> None:
    """An experiment that asks for more runs only what is new."""
    run_experiment(make(architectures=("baseline",)), Unwatched())

    more = make(architectures=("baseline", "flat"))
    run_experiment(more, Unwatched())

    assert {name: told.resumed for name, told in timelines(more).items()} == {"baseline": 0, "flat": 0}


def test_interrupt_leaves_it_resumable(make: Callable[..., Experiment]) -> None:
    """Ctrl-C in the second cell leaves the first whole and the third unbegun; the same call goes on."""
    experiment = make()

    assert not run_experiment(experiment, Impatient("flat", 6))

    stopped = timelines(experiment)
    assert stopped["baseline"].completed
    assert stopped["flat"].ended is not None
    assert stopped["flat"].ended.outcome == "interrupted"
    assert "resample" not in stopped
    assert run_experiment(experiment, Unwatched())
    assert {name: told.resumed for name, told in timelines(experiment).items()} == {
        "baseline": 0,
        "flat": 1,
        "resample": 0,
    }


def test_failed_engine_leaves_it_resumable(make: Callable[..., Experiment], script: Path) -> None:
    """A cell whose engine failed is taken up when the same experiment is run again."""
    whole = script.read_text()
    script.write_text("".join(line for line in whole.splitlines(keepends=True) if "sampler" not in line))
    with pytest.raises(RunFailed, match="no line of the script matches"):
        run_experiment(make(), Unwatched())
    script.write_text(whole)

    assert run_experiment(make(), Unwatched())

    assert timelines(make())["resample"].passed == 2


def test_changed_code_needs_consent(make: Callable[..., Experiment], script: Path, tmp_path: Path) -> None:
    """An interrupted cell whose role has changed is left as it is, and finished when that is accepted."""
    plugin = tmp_path / "twist.py"
    plugin.write_text(PLUGIN)
    script.write_text("")
    with pytest.raises(RunFailed):
        run_experiment(make(architectures=("twist",), catalog=load_catalog([str(plugin)])), Unwatched())
    script.write_text(json.dumps({"path": "*", "text": "    return x + 1\n"}) + "\n")
    plugin.write_text(PLUGIN.replace("Write", "Please write"))
    changed = make(architectures=("baseline", "twist"), catalog=load_catalog([str(plugin)]))

    with pytest.raises(CodeChanged, match="changed since it was recorded: twister, twist"):
        run_experiment(changed, Unwatched())
    assert not timelines(changed)["twist"].resumed
    assert "baseline" not in timelines(changed)

    assert run_experiment(msgspec.structs.replace(changed, accept_drift=True), Unwatched())
    assert timelines(changed)["twist"].passed == 3


def test_cell_of_other_settings_is_refused_before_anything_runs(make: Callable[..., Experiment]) -> None:
    """What was made with other settings is not taken for what is asked; the message says which one."""
    run_experiment(make(architectures=("baseline",)), Unwatched())
    other = make(architectures=("guided", "baseline"), rounds=3)

    with pytest.raises(CellMismatch, match=r"rounds=2, and 3 is asked for\. Give another --out"):
        run_experiment(other, Unwatched())
    assert "guided" not in timelines(other)


def test_concurrency_may_differ(make: Callable[..., Experiment]) -> None:
    """How many problems are in flight does not show in a cell, so it may change."""
    run_experiment(make(), Unwatched())

    assert run_experiment(make(concurrency=1), Unwatched())
