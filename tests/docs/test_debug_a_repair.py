"""The tutorial on the run that ships: what it shows is what its commands print."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from shown import blocks, missing

from events import LOG_NAME
from fractal_agent.recording import Recording

ROOT = Path(__file__).parents[2]
COMMANDS = blocks((ROOT / "docs" / "debug-a-repair.md").read_text())
WITH_MODEL = ("fork", "blame")


def is_with_model(command: str) -> bool:
    return command.split()[3] in WITH_MODEL


def run(command: str, *more: str) -> str:
    """What the command prints, in the repository's own folder."""
    arguments = [*shlex.split(command)[1:], *more]
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("command", "shown"), [one for one in COMMANDS if not is_with_model(one[0])])
def test_page_shows_what_is_printed(command: str, shown: str) -> None:
    """Each command that needs no model prints what stands under it."""
    assert missing(run(command), shown) == []


def test_shipped_fork_is_the_one_that_is_shown() -> None:
    """The fork on the page, its edit and its verdict are those of the log that ships."""
    [(_, shown)] = [one for one in COMMANDS if one[0].split()[3] == "fork"]
    fork = Recording(ROOT / "examples" / "repair-fork")
    parent = Recording(ROOT / "examples" / "repair")

    assert fork.started.origin is not None
    assert fork.started.origin.head == parent.head
    assert (ROOT / "examples" / "repair-fork" / fork.started.origin.log).resolve() == parent.folder / LOG_NAME
    assert [edit.value for edit in fork.started.origin.edits] == [
        (ROOT / "examples" / "plan.txt").read_text().removesuffix("\n")
    ]
    assert fork.timeline.cases["HumanEval/80"].passed
    assert f"effects  {fork.timeline.reused} reused, {fork.timeline.performed} performed" in shown
    assert f"{fork.timeline.completion_tokens:,} written, {fork.timeline.prompt_tokens:,} read" in shown


@pytest.mark.real
def test_fork_runs_with_the_model(tmp_path: Path) -> None:
    """The fork on the page runs as shown with a real model, and reuses as much; what it writes may differ."""
    [(command, _)] = [one for one in COMMANDS if one[0].split()[3] == "fork"]

    printed = run(command.replace("--runs-dir examples", f"--runs-dir {tmp_path}"))

    shipped = Recording(ROOT / "examples" / "repair-fork")
    fork = Recording(tmp_path / "repair-fork")
    assert fork.timeline.reused >= shipped.timeline.reused
    assert fork.timeline.performed > 0
    assert "case     HumanEval/80: failed -> " in printed


@pytest.mark.real
def test_blame_runs_with_the_model(tmp_path: Path) -> None:
    """The blame that the page shows names the same steps with a real model, here with one sample of each."""
    [(command, shown)] = [one for one in COMMANDS if one[0].split()[3] == "blame"]
    once = command.replace("--samples 8", "--samples 1")
    assert once != command

    printed = run(once, "--runs-dir", str(tmp_path))

    steps = [line.split()[0] for line in shown.splitlines() if line.startswith("  HumanEval")]
    assert [line.split()[0] for line in printed.splitlines() if line.startswith("  HumanEval")] == steps


def test_lines_that_a_page_leaves_out_may_be_anything() -> None:
    """The comparison finds a line that is not there, one in the wrong order, and one too many."""
    printed = "one\ntwo  \nthree\nfour\n"

    assert missing(printed, "one\n...\nthree\nfour") == []
    assert missing(printed, "...\ntw...\n...") == []
    assert missing(printed, "...\nthree\n...\ntwo\n...") == ["two"]
    assert missing(printed, "one\ntwo\nfour") == ["one", "two", "four"]
    assert missing(printed, "two\n...") == ["two"]
    assert missing(printed, "one\n...\nthree") == ["three"]
