"""`--update`, by what pytest says of it and by what becomes of the logs."""

from pathlib import Path
from typing import Any

import pytest

from events import LOG_NAME
from fractal_agent.cli import run
from fractal_agent.exits import Exit
from fractal_agent.pytest_plugin import recordings
from fractal_agent.recording import Recording
from tests.fractal_agent.pytest_plugin.project import AGAIN, ANOTHER, BETTER, Project, write_script

pytest_plugins = ["pytester"]


def test_update(project: Project) -> None:
    """--update records anew what diverges: only what changed is asked for, and the next run passes."""
    project.change(AGAIN, ANOTHER)
    write_script(project.folder, much=BETTER)
    result = project.pytest("--update")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["*/additions/*::T/1: recorded anew: 3 cases (3 passed): 5 answers reused, 2 performed"]
    )
    project.pytest().assert_outcomes(passed=3)


def test_updated_run_is_the_same_run(project: Project) -> None:
    """A run that was recorded anew keeps its id and settings, is no fork, and leaves nothing beside it."""
    before = Recording(project.log.parent).started
    project.change(AGAIN, ANOTHER)
    write_script(project.folder, much=BETTER)
    project.pytest("--update")

    after = Recording(project.log.parent).started
    assert (after.run_id, after.settings, after.origin) == (before.run_id, before.settings, None)
    assert [path.name for path in project.recordings.rglob("*")] == ["additions", LOG_NAME]
    assert run(["verify", str(project.log.parent)]) == Exit.DONE


def test_update_leaves_what_agrees(project: Project) -> None:
    """--update does not touch a run that replays, nor one of which no chosen case diverges."""
    before = project.log.read_bytes()
    project.pytest("--update").assert_outcomes(passed=3)
    project.change(AGAIN, ANOTHER)
    project.pytest("--update", "-k", "T/0").assert_outcomes(passed=1, deselected=2)

    assert project.log.read_bytes() == before


def test_update_without_a_model(project: Project) -> None:
    """Where only what a role makes of an answer has changed, no engine is needed to record it anew."""
    project.change("code=answer.text", "code=answer.text.rstrip()")
    (project.folder / "answers.jsonl").unlink()
    result = project.pytest("--update")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*: recorded anew: 3 cases (2 passed): 4 answers reused, 3 performed"])


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda folder: (folder / "answers.jsonl").unlink(), "*answers.jsonl: cannot be read as a script*"),
        (write_script, "*no line of the script matches*"),
        (lambda folder: (folder / "tasks.jsonl").unlink(), "*tasks.jsonl*"),
    ],
    ids=["no engine", "engine fails", "no hidden tests"],
)
def test_failed_update(project: Project, broken: object, said: str) -> None:
    """An update that fails says why beside the diff, and the old log stays, alone in its folder."""
    assert callable(broken)
    before = project.log.read_bytes()
    project.change(AGAIN, ANOTHER)
    broken(project.folder)
    result = project.pytest("--update")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "+  content: Write much more.",
            "It could not be recorded anew*",
        ]
    )
    result.stdout.fnmatch_lines([said])
    assert project.log.read_bytes() == before
    assert [path.name for path in project.recordings.rglob("*")] == ["additions", LOG_NAME]


def test_update_of_a_role_that_never_replays(project: Project) -> None:
    """A role that asks something else each time is not recorded anew: that would diverge at once again."""
    before = project.log.read_bytes()
    project.change("from agents.context", "from itertools import count\nfrom agents.context")
    project.change("@role", "numbers = count()\n\n\n@role")
    project.change(AGAIN, 'f"Write {next(numbers)}."')
    write_script(project.folder, Write=BETTER)
    result = project.pytest("--update")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*what was recorded just now diverges at once, at T/1/writer.0/generate.1*"])
    assert project.log.read_bytes() == before


def test_update_is_tried_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that cannot be recorded anew is not tried again for its next case."""
    tried: list[Path] = []

    def rerecord(folder: Path, *others: Any) -> object:
        tried.append(folder)
        return really(folder, *others)

    really = recordings.rerecord
    monkeypatch.setattr(recordings, "rerecord", rerecord)
    project.change("{problem.entry_point}.", "{problem.entry_point}!")
    (project.folder / "answers.jsonl").unlink()
    result = project.pytest("--update")

    result.assert_outcomes(failed=3)
    assert tried == [project.log.parent]


def test_another_has_the_option(project: Project) -> None:
    """Where --update is another's, the long name records anew, and is the one that is named."""
    project.change(AGAIN, ANOTHER)
    write_script(project.folder, much=BETTER)
    project.pytester.makeconftest("def pytest_addoption(parser): parser.addoption('--update', type=int)")

    project.pytest("--update", "3").stdout.fnmatch_lines(
        ["*pytest --fractal-update tests/recordings/additions/*"]
    )
    project.pytest("--fractal-update").assert_outcomes(passed=3)
