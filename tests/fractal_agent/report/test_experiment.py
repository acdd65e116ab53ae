"""An experiment's numbers, its page and its picture, all from the logs."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events import (
    CodeReviewed,
    Event,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    LogFile,
    ProblemPosed,
    Provenance,
    RunEnded,
    RunResumed,
    RunStarted,
    Settings,
)
from fractal_agent.report.experiment import ExperimentReport, MixedCells, experiment_report
from fractal_agent.report.experiment_page import page, write_report
from fractal_agent.report.picture import picture

TASKS = ("T/0", "T/1", "T/2", "T/3")


def write_cell(
    folder: Path,
    architecture: str,
    passing: Mapping[str, bool],
    *,
    seed: int = 0,
    ended: bool = True,
    plus: str = "",
    device: str = "cpu",
    resumed: Mapping[str, Any] | None = None,
    **other: object,
) -> None:
    """A log in which each case asked for 10 tokens and has its verdict."""
    settings = Settings(
        dataset="humaneval", tasks=TASKS, architecture=architecture, model="m|1", engine="scripted", seed=seed
    )
    made = Provenance(
        versions={"python": "3"},
        machine="x",
        model_origin=str(other.pop("origin", "script")),
        model_digest="",
        engine={"device": device},
        sandbox="instant",
        roles={"coder": str(other.pop("coder", "1"))},
        architecture="1",
    )
    log = LogFile.create(folder / f"{architecture}-{seed}")
    log.stage(
        "",
        RunStarted(run_id=architecture, settings=msgspec.structs.replace(settings, **other), provenance=made),
    )
    for task, passed in passing.items():
        problem = ProblemPosed(task_id=task, prompt="def f(): ...", entry_point="f")
        events: list[tuple[str, Event]] = [
            (task, problem),
            (f"{task}/coder.0/generate.0", GenerationRequested(messages=())),
            (
                f"{task}/coder.0/generate.0",
                GenerationCompleted(text="", finish_reason="stop", prompt_tokens=3, completion_tokens=10),
            ),
            (f"{task}/critic.0", CodeReviewed(problem=problem, code="", passed=task != "T/1")),
            (f"{task}/grade.0", GradingCompleted(outcome="passed" if passed else "timeout", plus=plus)),
        ]
        for path, event in events:
            log.stage(path, event)
    if resumed:
        log.stage("", RunResumed(provenance=msgspec.structs.replace(made, **resumed)))
    if ended:
        log.stage("", RunEnded(outcome="completed"))
    log.seal()
    log.close()


@pytest.fixture
def report(tmp_path: Path) -> ExperimentReport:
    """Baseline solves one of four; repair three, of which one in one of two seeds only; it loses one."""
    for seed in (0, 1):
        write_cell(tmp_path, "baseline", {"T/0": True, "T/1": False, "T/2": False, "T/3": False}, seed=seed)
    write_cell(tmp_path, "repair", {"T/0": False, "T/1": True, "T/2": True, "T/3": True}, seed=0)
    write_cell(tmp_path, "repair", {"T/0": False, "T/1": True, "T/2": True, "T/3": False}, seed=1)
    return experiment_report(tmp_path)


def test_rates_and_intervals_count_each_problem_once(report: ExperimentReport) -> None:
    """Five of eight graded cases are 62.5 %, and the interval is that of 2.5 of 4 problems."""
    repair = report.rows[1]

    assert (repair.pass_rate, repair.lowest, repair.highest) == (0.625, 0.5, 0.75)
    assert (repair.problems, repair.seeds) == (4, [0, 1])
    assert (repair.interval.low, repair.interval.high) == pytest.approx((0.2194, 0.9081), abs=2e-3)


def test_problems_are_paired_with_the_baselines(report: ExperimentReport) -> None:
    """A problem that one seed in two solves and the baseline never does is won; the lost one is counted."""
    pairs = report.rows[1].against_baseline

    assert pairs is not None
    assert (pairs.won, pairs.lost, pairs.both, pairs.p) == (3, 1, 4, 0.625)
    assert report.rows[0].against_baseline is None


def test_tokens_are_told_by_problem_and_by_solved_problem(report: ExperimentReport) -> None:
    """Ten tokens a case are 10 a problem, and 16 for each of the five of eight that were solved."""
    repair = report.rows[1]

    assert (repair.written_per_problem, repair.read_per_problem, repair.written_per_solved) == (10, 3, 16)


def test_stricter_tests_have_a_rate_of_their_own(tmp_path: Path) -> None:
    """What HumanEval+ says stands beside the pass rate, and is absent where nothing was graded by it."""
    write_cell(tmp_path, "baseline", {"T/0": True, "T/1": True}, plus="failed")
    write_cell(tmp_path, "repair", {"T/0": True, "T/1": True})

    strict, other = experiment_report(tmp_path).rows

    assert strict.plus is not None
    assert (strict.pass_rate, strict.plus.pass_rate, strict.plus.problems) == (1.0, 0.0, 2)
    assert other.plus is None


def test_failures_and_turned_cases_are_counted(report: ExperimentReport) -> None:
    """Three cases of eight timed out; the case whose first code failed its review passed in both seeds."""
    repair = report.rows[1]

    assert repair.failures == {"timeout": 3}
    assert (repair.first_failed, repair.turned) == (2, 2)


def test_page_shows_all_rows_with_the_study_beside(report: ExperimentReport) -> None:
    """Each architecture has its row, a bar in a model's name breaks no table, the study stands beside."""
    text = page(report)

    assert "| m/1 | repair | visible | 2 | 62.5% (50.0% to 75.0%) |" in text
    assert "| flat | 3/15 | 20.0% |" in text
    assert "Output pollution: 0 of 9 failures; the study puts it at 80 %." in text


def test_study_stands_beside_no_other_data_set(tmp_path: Path) -> None:
    """The study is of HumanEval, so neither page nor picture of other problems names it."""
    write_cell(tmp_path, "baseline", {"T/0": True, "T/1": False}, dataset="mbpp+")
    report = experiment_report(tmp_path)

    assert "the study" not in page(report)
    assert "study:" not in picture(report)


def test_oracle_is_labelled_on_page_and_picture(tmp_path: Path) -> None:
    """A reader of either cannot miss that the Critic ran the hidden tests."""
    write_cell(tmp_path, "repair", {"T/0": True}, feedback="oracle")
    report = experiment_report(tmp_path)

    assert "no rate here is an honest pass@1" in page(report)
    assert "oracle feedback" in picture(report)


def test_picture_has_a_point_a_row(report: ExperimentReport) -> None:
    """The picture is XML with one circle for each row and one dashed line for each rate of the study."""
    root = ET.fromstring(picture(report))
    space = "{http://www.w3.org/2000/svg}"

    assert len(root.findall(f"{space}circle")) == 2
    assert len([line for line in root.findall(f"{space}line") if line.get("stroke-dasharray") != "none"]) == 3


def test_report_is_written_and_is_json(report: ExperimentReport, tmp_path: Path) -> None:
    """The data file decodes into the same report, and no half-written file is left beside."""
    files = write_report(report, tmp_path / "out")

    assert [file.name for file in files] == ["report.md", "report.json", "picture.svg"]
    assert msgspec.json.decode(files[1].read_bytes(), type=ExperimentReport) == report
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(file.name for file in files)


def test_unfinished_and_differing_cells_are_named(tmp_path: Path) -> None:
    """The page says which cells are not completed, and which roles differ between cells."""
    write_cell(tmp_path, "baseline", {"T/0": True}, ended=False)
    write_cell(tmp_path, "repair", {"T/0": True}, coder="2")

    text = page(experiment_report(tmp_path))

    assert "Not completed, and counted as far as they go: baseline." in text
    assert "made with differing code of coder" in text


def test_page_names_the_models_that_were_asked(tmp_path: Path) -> None:
    """A cell that asked its model for nothing is told only where no other cell asked that model."""
    write_cell(tmp_path, "baseline", {"T/0": True}, origin="packages")
    write_cell(tmp_path, "resample", {}, origin="none")
    write_cell(tmp_path, "repair", {}, origin="none", model="other")

    made = {(one.model, one.model_origin) for one in experiment_report(tmp_path).made}
    assert made == {("m|1", "packages"), ("other", "none")}


def test_page_names_each_device_that_a_cell_ran_on(tmp_path: Path) -> None:
    """A cell that was begun on one device and finished on another is told with both."""
    second = {"device": "second card", "dtype": "float32"}
    write_cell(tmp_path, "baseline", {"T/0": True}, device="first card", resumed={"engine": second})

    text = page(experiment_report(tmp_path))

    assert "on scripted, first card; x" in text
    assert "on scripted, second card, float32; x" in text


def test_page_names_no_engine_that_was_not_started(tmp_path: Path) -> None:
    """A cell that was taken up again to run programs alone is told with what it asked its model on."""
    write_cell(tmp_path, "baseline", {"T/0": True}, origin="packages", resumed={"model_origin": "none"})

    assert [one.model_origin for one in experiment_report(tmp_path).made] == ["packages"]


def test_code_that_changed_within_a_cell_is_named(tmp_path: Path) -> None:
    """A cell that was finished under another role than it was begun with may not compare."""
    write_cell(tmp_path, "baseline", {"T/0": True}, coder="1", resumed={"roles": {"coder": "2"}})

    assert "made with differing code of coder" in page(experiment_report(tmp_path))


def test_cells_of_two_protocols_are_not_mixed(tmp_path: Path) -> None:
    """Visible and oracle feedback do not come into one table."""
    write_cell(tmp_path, "baseline", {"T/0": True})
    write_cell(tmp_path, "repair", {"T/0": True}, feedback="oracle")

    with pytest.raises(MixedCells, match="feedback is 'oracle', and that of a cell beside it is 'visible'"):
        experiment_report(tmp_path)


def test_nothing_is_an_empty_table(tmp_path: Path) -> None:
    """A folder without cells has a report without rows."""
    report = experiment_report(tmp_path)

    assert report.rows == []
    assert "0 problems" in page(report)
    ET.fromstring(picture(report))
