"""What is recorded at one path, in full."""

from pathlib import Path

import pytest

from fractal_agent.cli import run
from fractal_agent.exits import Exit
from fractal_agent.recording import Recording
from fractal_agent.report.record import record_at, record_chapters

EXAMPLE = Path(__file__).parents[3] / "examples" / "repair"
GENERATION = "HumanEval/80/repairer.0/generate.0"


@pytest.fixture(scope="module")
def recording() -> Recording:
    return Recording(EXAMPLE)


def told(recording: Recording, path: str) -> dict[str, str]:
    record = record_at(recording.journal, path)
    assert record is not None
    return {chapter.title: chapter.body for chapter in record_chapters(record)}


def test_generation_shows_what_the_model_read_and_wrote(recording: Recording) -> None:
    """At a generation stand the whole prompt, the sampling, and the whole answer."""
    parts = told(recording, GENERATION)

    assert "is_happy('xyy') should return False, but it returns True." in parts["Prompt, user"]
    assert "temperature: 0.8" in parts["GenerationRequested"]
    assert parts["Answer, 94 tokens, stop"].startswith("1. Check if the string is empty")


def test_role_shows_what_it_returned(recording: Recording) -> None:
    """At a role's answer stand its own fields; the problem, which stands at the case, is left out."""
    parts = told(recording, "HumanEval/80/critic.0")

    assert set(parts) == {"CodeReviewed, code", "CodeReviewed, plan", "CodeReviewed"}
    assert parts["CodeReviewed"].startswith('results: \n  {"example":{"call":"is_happy(\'a\')"')


def test_execution_shows_program_and_outcome(recording: Recording) -> None:
    """At an execution stand the program as it ran, and what came of each example."""
    parts = told(recording, "HumanEval/80/critic.0/execute.0")

    assert parts["ExecutionRequested, program"].startswith("def is_happy(s):")
    assert "outcome: failed" in parts["ExecutionCompleted"]


def test_path_without_a_record_is_refused(recording: Recording, capsys: pytest.CaptureFixture[str]) -> None:
    """A path at which nothing was recorded is a usage error that names near ones of the same case."""
    assert record_at(recording.journal, "HumanEval/80/repairer.7") is None

    assert run(["show", str(EXAMPLE), "HumanEval/80/repairer.7"]) == Exit.USAGE
    assert "did you mean HumanEval/80/repairer.1?" in capsys.readouterr().err


def test_command_prints_it_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the records at a path are one document with request and result."""
    assert run(["show", str(EXAMPLE), GENERATION, "--json"]) == Exit.DONE

    printed = capsys.readouterr().out
    assert '"type": "GenerationRequested"' in printed
    assert '"finish_reason": "stop"' in printed
