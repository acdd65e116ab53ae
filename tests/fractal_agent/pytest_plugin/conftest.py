"""A project for each test, copied from one that was recorded once."""

import json
from contextlib import chdir
from pathlib import Path

import pytest

from fractal_agent.cli import run
from fractal_agent.exits import Exit
from fractal_agent.pytest_plugin import recordings  # noqa: F401 - loaded here, it is not by each inner run
from tests.fractal_agent.pytest_plugin.project import INI, LONG, ROLES, Project, task, write_script


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plug-in and one recorded run of three cases, of which T/1 fails."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "roles.py").write_text(ROLES)
    (folder / "tasks.jsonl").write_text("".join(json.dumps(task(number)) + "\n" for number in range(3)))
    (folder / "pytest.ini").write_text(INI)
    write_script(folder, more=LONG.format(2))
    names = ["--dataset", "tasks.jsonl", "--script", "answers.jsonl", "--plugin", "roles.py"]
    with chdir(folder):
        made = run(
            [
                *("solve", "--runs-dir", "tests/recordings", "--run-id", "additions", "--engine", "scripted"),
                *("--architecture", "direct", *names),
            ]
        )
    assert made == Exit.DONE
    (folder / "tests" / "recordings" / "additions" / "lock").unlink(missing_ok=True)
    return folder


@pytest.fixture
def project(pytester: pytest.Pytester, recorded: Path) -> Project:
    return Project(pytester, recorded)
