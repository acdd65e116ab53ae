"""Recordings with events of a plug-in: read with its classes, and a clear failure where that cannot be."""

import shutil
from contextlib import chdir
from pathlib import Path

import pytest

from fractal_agent.cli import run
from fractal_agent.exits import Exit
from tests.fractal_agent.installed import ROLES, install
from tests.fractal_agent.pytest_plugin.project import INI, Project

pytest_plugins = ["pytester"]


def with_own_event(project: Project, name: str) -> Path:
    """Records the project's tasks by roles with an event of that name, in the place of what is there."""
    shutil.rmtree(project.recordings / "additions")
    roles = project.folder / "roles.py"
    roles.write_text(ROLES.replace("Noted", name))
    scripted = ["--engine", "scripted", "--script", "answers.jsonl", "--plugin", "roles.py"]
    with chdir(project.folder):
        made = run(
            [
                *("solve", "--dataset", "tasks.jsonl", "--architecture", "noting", *scripted),
                *("--runs-dir", "tests/recordings", "--run-id", "additions"),
            ]
        )
    assert made == Exit.DONE
    return roles


def test_own_event_replays(project: Project) -> None:
    """A recording with an event of the project's own passes."""
    with_own_event(project, "NotedToReplay")

    project.pytest().assert_outcomes(passed=3)


def test_new_field_without_a_default(project: Project) -> None:
    """A class that no longer reads its old lines is a failure that says what to do, and no internal error."""
    roles = with_own_event(project, "NotedToChange")
    roles.write_text(
        roles.read_text().replace("    rating: int = 0\n", "    rating: int = 0\n    why: str\n")
    )
    roles.write_text(roles.read_text().replace("note=answer.text", 'note=answer.text, why=""'))

    result = project.pytest()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["*line *T/0/noter.0: NotedToChange has a new field 'why' without a default*"]
    )
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def f(:\n", "plug-in *roles.py, line 1: SyntaxError: invalid syntax*"),
        ("import events\nevents.nothing\n", "plug-in *roles.py, line 2: AttributeError: *"),
        ("raise SystemExit(3)\n", "plug-in *roles.py, line 1: SystemExit: 3*"),
        (
            'from events import Event\nclass Bad(Event, frozen=True, tag="CodeWritten"): ...\n',
            "plug-in *roles.py, line 2: event Bad has the tag 'CodeWritten'*",
        ),
    ],
    ids=["syntax", "raises", "exits", "tag"],
)
def test_plugin_that_fails(project: Project, source: str, told: str) -> None:
    """A plug-in that cannot be loaded is an error of each test with its line, and no internal error."""
    (project.folder / "roles.py").write_text(source)

    result = project.pytest()

    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines([told])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_plugin_of_the_run_that_has_moved(project: Project) -> None:
    """Without the setting, a plug-in that the run names is found beside the recordings."""
    (project.folder / "pytest.ini").write_text(INI.replace("fractal_agent_plugins = roles.py", ""))

    result = project.pytest()

    result.assert_outcomes(passed=3)


def test_broken_installed_plugin(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed plug-in that fails is told of once in the summary, and the recordings replay."""
    install(project.folder / "site", "1 / 0\n", name="broken_for_pytest")
    monkeypatch.syspath_prepend(project.folder / "site")

    result = project.pytest()

    result.assert_outcomes(passed=3)
    assert result.stdout.str().count("plug-in broken_for_pytest 1.2") == 1


def test_line_ends_of_another_system(project: Project) -> None:
    """A recording that was checked out with CRLF is an error of the collection, and no internal error."""
    project.log.write_bytes(project.log.read_bytes().replace(b"\n", b"\r\n"))

    result = project.pytest()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*ERROR collecting tests/recordings/additions/log.jsonl*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
    result.stdout.no_fnmatch_line("*Traceback*")
