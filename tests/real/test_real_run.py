"""The main job as a user runs it: the real model, the real sandbox, the real command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from events import LOG_NAME, GenerationCompleted, LogReader
from replay.timeline import Timeline

pytestmark = pytest.mark.real

TASKS = ("HumanEval/23", "HumanEval/53", "HumanEval/109")
"""Two that the default model solves at once, and one that needs the repair loop."""


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fractal_agent", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def solved(runs: Path) -> subprocess.CompletedProcess[str]:
    """One run of the repair architecture on three problems."""
    tasks = [part for task in TASKS for part in ("--task", task)]
    return command("solve", *tasks, "--rounds", "1", "--run-id", "real", "--runs-dir", str(runs), "--json")


def test_run_is_completed_without_noise(solved: subprocess.CompletedProcess[str]) -> None:
    """The run exits 0, prints one JSON document, and nothing of vLLM reaches the terminal."""
    assert solved.returncode == 0, solved.stderr
    summary = json.loads(solved.stdout)
    assert (summary["state"], summary["graded"]) == ("completed", 3)
    assert "HumanEval/53" in [case["case"] for case in summary["cases"] if case["outcome"] == "passed"]
    assert not {"WARNING", "ERROR", "Traceback"} & set(solved.stderr.split())


def test_log_says_which_weights_wrote_it(solved: subprocess.CompletedProcess[str], runs: Path) -> None:
    """The header names the weights' origin and digest, and each answer has its tokens' digest."""
    timeline = Timeline.of(LogReader(runs / "real" / LOG_NAME))

    assert timeline.sealed
    assert timeline.started is not None
    made = timeline.started.provenance
    assert made.model_origin in ("hub", "packages", "folder")
    assert len(made.model_digest) == 64
    answers = [
        entry.event
        for case in timeline.cases.values()
        for entry in case.entries
        if isinstance(entry.event, GenerationCompleted)
    ]
    assert all(len(answer.tokens_digest) == 64 and answer.completion_tokens > 0 for answer in answers)


def test_run_replays_without_the_model(solved: subprocess.CompletedProcess[str], runs: Path) -> None:
    """Every role agrees with the record of the real model's answers."""
    replayed = command("replay", "real", "--runs-dir", str(runs), "--json")

    assert replayed.returncode == 0, replayed.stdout
    assert json.loads(replayed.stdout)["cases"] == 3
