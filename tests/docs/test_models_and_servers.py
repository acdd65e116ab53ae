"""The page on models and servers shows commands that exist."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fractal_agent.cli import app

PAGE = (Path(__file__).parents[2] / "docs" / "models-and-servers.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    python -m fractal_agent ([a-z]+) ([^#\n]*)", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("command", "rest"), COMMANDS)
def test_commands_exist(command: str, rest: str) -> None:
    """Each option that a command is shown with is an option of it."""
    help_text = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output

    assert [option for option in re.findall(r"--[a-z-]+", rest) if option not in help_text] == []


def test_there_are_commands() -> None:
    """The page is read as it is written: it has commands to try."""
    assert len(COMMANDS) >= 4
