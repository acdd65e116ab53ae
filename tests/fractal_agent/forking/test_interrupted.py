"""Forks that were cut off, and forks of runs that were."""

from collections.abc import Callable
from pathlib import Path

import pytest

from events import LOG_NAME
from fractal_agent.catalog import load_catalog
from fractal_agent.forking import resume_fork_job
from fractal_agent.job import Unwatched
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run
from fractal_agent.solving import resume
from tests.fractal_agent.forking.forks import CASE, GOOD_PLAN, REPAIRER, requests


def cut(folder: Path, lines: int) -> None:
    """Leaves the first lines of a log, as a kill would."""
    log = folder / LOG_NAME
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:lines]))


@pytest.mark.parametrize("lines", [1, 4, 9, 14])
def test_interrupted_fork_goes_on(fork: Callable[..., Recording], lines: int) -> None:
    """A fork cut off anywhere ends as it would have: it takes from its own log, then from its parent's."""
    run = fork(REPAIRER, {"plan": GOOD_PLAN})
    whole = {path: effect.result for path, effect in run.journal.effects.items()}
    cut(run.folder, lines)

    timeline = resume(resume_fork_job(Recording(run.folder), load_catalog()), Unwatched())

    again = Recording(run.folder)
    assert timeline.completed
    assert {path: effect.result for path, effect in again.journal.effects.items()} == whole
    assert [path for path, reused in requests(again).items() if not reused] == [f"{CASE}/coder.1/generate.0"]
    assert replay_run(run.folder, load_catalog()).divergences == []


def test_fork_goes_on_without_its_parent(fork: Callable[..., Recording], parent: Recording) -> None:
    """Where the parent is gone, what the fork had not copied yet is performed."""
    run = fork(REPAIRER, {"plan": GOOD_PLAN})
    cut(run.folder, 1)
    begun = Recording(run.folder)
    (parent.folder / LOG_NAME).rename(parent.folder / "elsewhere")
    try:
        job = resume_fork_job(begun, load_catalog())
    finally:
        (parent.folder / "elsewhere").rename(parent.folder / LOG_NAME)

    assert job.parent is None
    assert resume(job, Unwatched()).reused == 0


@pytest.mark.parametrize("lines", [1, 2])
def test_fork_of_an_interrupted_run_has_all_its_cases(
    parent: Recording, fork: Callable[..., Recording], tmp_path: Path, lines: int
) -> None:
    """A fork takes all the cases that its parent was to solve, also those that had not begun."""
    folder = tmp_path / "parent-cut"
    folder.mkdir()
    (folder / LOG_NAME).write_bytes((parent.folder / LOG_NAME).read_bytes())
    cut(folder, lines)

    assert len(fork(of=Recording(folder)).timeline.graded) == 2


def test_counts_of_an_interrupted_fork_are_those_of_a_whole_one(fork: Callable[..., Recording]) -> None:
    """An answer that is copied again after a kill counts once."""
    whole = fork(REPAIRER, {"plan": GOOD_PLAN})
    counts = whole.timeline.reused, whole.timeline.performed
    cut(whole.folder, 3)

    timeline = resume(resume_fork_job(Recording(whole.folder), load_catalog()), Unwatched())

    assert (timeline.reused, timeline.performed) == counts
