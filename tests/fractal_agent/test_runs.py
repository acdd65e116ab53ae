"""Which run a user means, and what a run may be called."""

from datetime import datetime
from pathlib import Path

import pytest

from events import LOG_NAME
from fractal_agent.runs import BadRunId, RunNotFound, check_run_id, find_run, new_run_id, run_folders

NOON = datetime(2026, 11, 24, 12, 0, 5)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder with two runs and one that holds no log."""
    for name in ("20261124-repair", "20261125-guided"):
        (tmp_path / name).mkdir()
        (tmp_path / name / LOG_NAME).write_text("{}\n")
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_new_id() -> None:
    """An id tells when the run began and what it ran."""
    assert new_run_id("repair", NOON, Path("none")) == "20261124-120005-repair"


def test_new_id_in_the_same_second(tmp_path: Path) -> None:
    """Two runs that begin in the same second have two ids."""
    (tmp_path / "20261124-120005-repair").mkdir()
    (tmp_path / "20261124-120005-repair-2").mkdir()

    assert new_run_id("repair", NOON, tmp_path) == "20261124-120005-repair-3"


@pytest.mark.parametrize("run_id", ["a", "2026.1_x-Y", "a" * 100])
def test_good_id(run_id: str) -> None:
    """Letters, digits, dots, dashes and underscores make an id."""
    assert check_run_id(run_id) == run_id


@pytest.mark.parametrize("run_id", ["", ".hidden", "-x", "a/b", "a b", "a\n", "a" * 101, "latest", "é"])
def test_bad_id(run_id: str) -> None:
    """What cannot be a folder's name everywhere, or means something else, is no id."""
    with pytest.raises(BadRunId):
        check_run_id(run_id)


def test_folders(runs: Path) -> None:
    """Only folders with a log are runs."""
    assert [folder.name for folder in run_folders(runs)] == ["20261124-repair", "20261125-guided"]


def test_log_without_a_line_is_no_run(runs: Path) -> None:
    """What a process leaves that was killed before its first line is not listed, nor found when asked for."""
    (runs / "empty" / LOG_NAME).touch()

    assert "empty" not in [folder.name for folder in run_folders(runs)]
    with pytest.raises(RunNotFound, match="there is no run in this folder"):
        find_run(str(runs / "empty"), runs)


def test_id_before_path(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is both an id and a path here means the id."""
    here = runs / "empty"
    (here / "20261124-repair").mkdir()
    (here / "20261124-repair" / LOG_NAME).write_text("{}\n")
    monkeypatch.chdir(here)

    assert find_run("20261124-repair", runs) == runs / "20261124-repair"


def test_near_name(runs: Path) -> None:
    """A name that is nearly that of a run is answered with that run."""
    with pytest.raises(RunNotFound, match=r"no run '20261124-repiar'.*Did you mean 20261124-repair"):
        find_run("20261124-repiar", runs)


def test_far_name(runs: Path) -> None:
    """A name that is like none is answered with the latest runs and how to list all."""
    with pytest.raises(RunNotFound, match=r"The latest there: 20261124-repair, 20261125-guided; `runs`"):
        find_run("xyz", runs)
