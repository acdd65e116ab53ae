"""Blame: which step of a failed case decides it."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from events import LOG_NAME
from fractal_agent.blaming import Blame, NothingToBlame, Step, blame_job, blame_of
from fractal_agent.catalog import UnknownName, load_catalog
from fractal_agent.cli import run
from fractal_agent.exits import Exit
from fractal_agent.forking import resume_fork_job
from fractal_agent.job import Unwatched
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run
from fractal_agent.report.blamed import render_blame
from fractal_agent.report.statistics import wilson
from fractal_agent.solving import resume, solve

CASE = "T/0"

SCRIPT = [
    # What the steps of a blaming run answer: only a new plan ever helps, every second time.
    {"path": "step-0/sample-[02]/*/planner.*", "text": " Add one."},
    {"path": "step-0/*/planner.*", "text": " Something else."},
    {"path": "step-1/*/coder.0/*", "text": "    return 7\n"},
    {"path": "*/coder.*", "contains": "Add one.", "text": "    return x + 1\n"},
    {"path": "*/coder.*", "text": "    return 5\n"},
    {"path": "*", "text": " Think.\n"},
]

TASKS = [
    {
        "task_id": f"T/{number}",
        "prompt": f'def f(x):\n    """Return x plus one.\n\n    >>> f(1)\n    {shown}\n    """\n',
        "entry_point": "f",
        "test": f"def check(candidate):\n    assert candidate(1) == {shown}\n",
        "canonical_solution": f"    return x + {shown - 1}\n",
    }
    for number, shown in enumerate([2, 5])
]


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A run of two cases, of which the first failed."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in TASKS))
    (folder / "script.jsonl").write_text("".join(json.dumps(line) + "\n" for line in SCRIPT))
    solving = ["solve", "--engine", "scripted", "--script", str(folder / "script.jsonl"), "--rounds", "1"]
    where = ["--dataset", str(folder / "tasks.jsonl"), "--runs-dir", str(folder), "--run-id", "parent"]
    assert run([*solving, *where]) == Exit.DONE
    return Recording(folder / "parent")


@pytest.fixture(scope="module")
def blaming(parent: Recording) -> Recording:
    """The run that draws every step of the failed case four times."""
    folder = parent.folder.with_name("blaming")
    solve(blame_job(parent, load_catalog(), folder=folder, case=CASE, samples=4), Unwatched())
    return Recording(folder)


def step(name: str, differing: int, passed: int) -> Step:
    return Step(
        path=f"T/0/{name}.0/generate.0",
        role=name,
        drawn=differing,
        differing=differing,
        distinct=differing,
        passed=passed,
        interval=wilson(passed, differing),
        example="",
    )


def test_step_that_decides_is_named(blaming: Recording, parent: Recording) -> None:
    """Of all steps of the model only another plan led to a pass, twice of four times, and it is blamed."""
    blame = blame_of(blaming, parent)

    assert [(one.role, one.drawn, one.differing, one.passed) for one in blame.steps] == [
        ("planner", 4, 4, 2),
        ("coder", 4, 4, 0),
        ("repairer", 4, 0, 0),
        ("coder", 4, 0, 0),
    ]
    assert blame.blamed is blame.steps[0]
    assert (blame.blamed.distinct, blame.blamed.example) == (2, f"step-0/sample-0/{CASE}")


def test_greedy_steps_are_drawn_warm(blaming: Recording) -> None:
    """A step recorded at temperature 0 is drawn at another; the steps after it are as the roles want them."""
    temperatures = {
        path: effect.request.temperature  # type: ignore[attr-defined]
        for path, effect in blaming.journal.effects.items()
        if path.startswith("step-0/sample-0/") and path.endswith("generate.0")
    }

    assert temperatures[f"step-0/sample-0/{CASE}/planner.0/generate.0"] == 0.8
    assert temperatures[f"step-0/sample-0/{CASE}/coder.0/generate.0"] == 0.0


def test_blaming_run_replays(blaming: Recording) -> None:
    """All samples of all steps are one run like any other, which a strict replay agrees with."""
    replayed = replay_run(blaming.folder, load_catalog())

    assert (replayed.cases, replayed.divergences) == (16, [])


def test_interrupted_blame_goes_on(blaming: Recording, parent: Recording, tmp_path: Path) -> None:
    """Cut off in the middle and taken up again, it comes to the same result."""
    lines = (blaming.folder / LOG_NAME).read_bytes().splitlines(keepends=True)
    folder = tmp_path / "blaming"
    folder.mkdir()
    (folder / LOG_NAME).write_bytes(b"".join(lines[: len(lines) // 2]))

    resume(resume_fork_job(Recording(folder), load_catalog()), Unwatched())

    assert blame_of(Recording(folder), parent).steps == blame_of(blaming, parent).steps


@pytest.mark.parametrize(
    ("steps", "blamed", "certain"),
    [
        ([step("planner", 4, 0), step("coder", 4, 0)], None, False),
        ([step("planner", 4, 1), step("coder", 4, 2)], 1, False),
        ([step("planner", 20, 0), step("coder", 20, 20)], 1, True),
        ([step("planner", 0, 0), step("coder", 4, 1)], 1, False),
        ([step("planner", 4, 1), step("coder", 4, 1)], 0, False),
        ([], None, False),
    ],
)
def test_blamed_step_has_the_highest_rate(steps: list[Step], blamed: int | None, certain: bool) -> None:
    """The highest rate of passes is blamed, the first of equals; surely only above all other intervals."""
    blame = Blame(run_id="b", log="runs/b/log.jsonl", parent="a", case="T/0", steps=steps)

    assert blame.blamed is (None if blamed is None else steps[blamed])
    assert blame.certain is certain
    assert render_blame(blame)


@pytest.mark.parametrize(("folder", "named"), [("runs", "why"), ("elsewhere", "elsewhere/why")])
def test_next_command_finds_the_run(folder: str, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to type next names the run's folder, and its id alone only where runs are looked for."""
    monkeypatch.delenv("FRACTAL_AGENT_RUNS_DIR", raising=False)
    blame = Blame(run_id="why", log=f"{folder}/why/log.jsonl", parent="a", case="T/0", steps=[])
    console = Console(width=200, record=True, file=StringIO())

    console.print(render_blame(blame))

    assert f"next: python -m fractal_agent show {named}\n" in console.export_text()


def test_case_that_passed_is_refused(parent: Recording, tmp_path: Path) -> None:
    """There is nothing to blame in a case that passed, nor in one that the run does not have."""
    with pytest.raises(NothingToBlame, match="T/1 passed in parent"):
        blame_job(parent, load_catalog(), folder=tmp_path / "b", case="T/1", samples=1)
    with pytest.raises(UnknownName, match="unknown case 'T/7'"):
        blame_job(parent, load_catalog(), folder=tmp_path / "b", case="T/7", samples=1)


def test_command_says_which_step(parent: Recording, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints a table and a sentence, and given the same run id again it goes on from there."""
    command = ["blame", str(parent.folder), CASE, "--samples", "2", "--runs-dir", str(parent.folder.parent)]
    assert run([*command, "--run-id", "said"]) == Exit.DONE
    first = capsys.readouterr()
    assert run([*command, "--run-id", "said"]) == Exit.DONE
    second = capsys.readouterr()

    assert "a different answer of the planner most often led to a pass (1 of 2)" in first.out
    assert "The intervals overlap" in first.out
    assert second.out == first.out


def test_other_number_of_samples_is_refused(
    blaming: Recording, parent: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    """A blaming run is taken up with as many samples as it was begun with, and that number is told."""
    command = ["blame", str(parent.folder), CASE, "--runs-dir", str(parent.folder.parent)]

    assert run([*command, "--run-id", "blaming", "--samples", "3"]) == Exit.USAGE
    assert "blaming draws each step 4 times, not 3; give --samples 4" in capsys.readouterr().err


def test_other_temperature_is_refused(
    blaming: Recording, parent: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    """Going on with a blame at another temperature would mix two measurements."""
    command = ["blame", str(parent.folder), CASE, "--runs-dir", str(parent.folder.parent)]
    options = ["--run-id", "blaming", "--samples", "4", "--temperature", "1.5"]

    assert run([*command, *options]) == Exit.USAGE
    assert "draws at temperature 0.8, not 1.5; give that --temperature" in capsys.readouterr().err


def test_other_run_is_not_taken_for_a_blame(parent: Recording, capsys: pytest.CaptureFixture[str]) -> None:
    """A run id that belongs to a run of another kind is refused, and that run is left as it is."""
    before = (parent.folder / LOG_NAME).read_bytes()
    command = ["blame", str(parent.folder), CASE, "--runs-dir", str(parent.folder.parent)]

    assert run([*command, "--run-id", "parent"]) == Exit.USAGE
    assert "parent is no blame of T/0" in capsys.readouterr().err
    assert (parent.folder / LOG_NAME).read_bytes() == before
