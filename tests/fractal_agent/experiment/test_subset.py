"""Subsets: read from lists, files and ids, and chosen from recorded runs."""

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from fractal_agent.datasets import load
from fractal_agent.experiment import (
    Experiment,
    SubsetError,
    cell_jobs,
    chosen_ids,
    hardest,
    run_experiment,
    subset_ids,
)
from fractal_agent.experiment.subset import Measured
from fractal_agent.job import Unwatched
from fractal_agent.recording import Recording


@pytest.fixture
def runs(make: Callable[..., Experiment]) -> list[Recording]:
    """Two runs: both solve T/0, one solves T/1, none solves T/2."""
    experiment = make(architectures=("baseline", "resample"))
    run_experiment(experiment, Unwatched())
    return [Recording(job.folder) for job in cell_jobs(experiment)]


def shares(*values: float | Fraction) -> list[Measured]:
    return [Measured(task_id=f"T/{number}", share=Fraction(share)) for number, share in enumerate(values)]


def test_ids_and_files_name_the_same_problems(tmp_path: Path) -> None:
    """Ids with commas between them, and a file with remarks, are read in their order."""
    file = tmp_path / "few.txt"
    file.write_text("# two\nT/7  # 0.5\n\nT/3\n")

    assert subset_ids("T/7, T/3") == subset_ids(str(file)) == ("T/7", "T/3")


@pytest.mark.parametrize("name", ["hard15", "spread15"])
def test_lists_of_the_package_name_fifteen_problems(name: str) -> None:
    """Each list that comes with the package names fifteen problems, and HumanEval has them all."""
    ids = subset_ids(name)

    assert len(set(ids)) == len(ids) == 15
    assert set(ids) <= {task.problem.task_id for task in load("humaneval")}


def test_spread15_is_every_eleventh_problem() -> None:
    """The neutral list is a systematic sample: it begins with the first and takes every eleventh."""
    assert subset_ids("spread15") == tuple(task.problem.task_id for task in load("humaneval")[::11])


@pytest.mark.parametrize("name", ["hard16", "", "no/such/file.txt,"])
def test_unknown_list_is_refused(name: str) -> None:
    """A name that stands for nothing is an error that says what a subset may be."""
    if "/" in name:
        assert subset_ids(name) == ("no/such/file.txt",)
        return
    with pytest.raises(SubsetError, match="a file with one id a line, or ids with commas"):
        subset_ids(name)


def test_empty_file_is_refused(tmp_path: Path) -> None:
    """A file of remarks alone names no problems."""
    file = tmp_path / "none.txt"
    file.write_text("# nothing\n")

    with pytest.raises(SubsetError, match="holds no ids"):
        subset_ids(str(file))


def test_nearest_to_the_boundary_come_first() -> None:
    """Half solved is nearest; of equals the harder, then the earlier; the order is the data set's."""
    chosen = hardest(shares(1.0, 0.75, 0.5, 0.25, 0.0, 0.25), 3)

    assert [one.task_id for one in chosen] == ["T/2", "T/3", "T/5"]


def test_shares_of_three_runs_are_told_exactly() -> None:
    """One pass of three is as near to one half as two of three, so the harder comes first."""
    chosen = hardest(shares(Fraction(2, 3), Fraction(1, 3)), 1)

    assert [one.task_id for one in chosen] == ["T/1"]


def test_too_few_problems_are_refused() -> None:
    """More cannot be chosen than there are."""
    with pytest.raises(SubsetError, match="15 problems are to be chosen, and the runs have 2 in common"):
        hardest(shares(0.0, 1.0), 15)


def test_list_says_what_it_was_chosen_from(runs: list[Recording], tmp_path: Path) -> None:
    """The file names each run with its log's head, and reads back as the chosen ids."""
    file = tmp_path / "hard2.txt"
    file.write_text(chosen_ids(runs, 2))

    assert subset_ids(str(file)) == ("T/1", "T/2")
    assert all(run.head in file.read_text() for run in runs)


def test_command_prints_the_list(runs: list[Recording]) -> None:
    """From the shell the same list comes on stdout, and an error in one line on stderr."""
    command = [sys.executable, "-m", "fractal_agent.experiment", *(str(run.folder) for run in runs)]

    told = subprocess.run([*command, "--count", "2"], capture_output=True, text=True, check=False)
    refused = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (told.returncode, told.stdout) == (0, chosen_ids(runs, 2))
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
