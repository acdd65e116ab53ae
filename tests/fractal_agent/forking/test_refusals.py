"""What cannot be forked, or would mislead, is refused by name and leaves nothing behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from events import LOG_NAME, Edit, EventUnencodable
from fractal_agent.catalog import UnknownName, load_catalog
from fractal_agent.exits import Exit
from fractal_agent.forking import edits_at, fork_job
from fractal_agent.job import Unwatched
from fractal_agent.recording import Recording
from fractal_agent.solving import solve
from replay.edit import BadEdit, edit_settings
from tests.fractal_agent.forking.forks import CASE, REPAIRER


@pytest.mark.parametrize(
    ("at", "changes", "message"),
    [
        (
            f"{CASE}/repairer.7",
            {"plan": ""},
            r"nothing was recorded at 'T/0/repairer\.7'\. Near ones: T/0/rep",
        ),
        ("T/9", {"prompt": ""}, "nothing was recorded at 'T/9'"),
        (REPAIRER, {"plam": ""}, "PlanRevised has no field 'plam' to edit; expected plan, previous"),
        (REPAIRER, {"problem": "{}"}, "has no field 'problem' to edit"),
        (f"{REPAIRER}/generate.0", {"temperature": "hot"}, "temperature is float and is set as JSON"),
        (f"{REPAIRER}/generate.0", {"temperature": '"hot"'}, "Expected `float`, got `str`"),
        (f"{REPAIRER}/generate.0", {"finish_reason": "never"}, "Invalid enum value 'never'"),
        (f"{REPAIRER}/generate.0", {"seed": "3"}, "has no field 'seed' to edit; expected prompt, messages"),
        (f"{CASE}/grade.0", {"outcome": "passed"}, "a verdict is the hidden tests' and cannot be edited"),
        (REPAIRER, {}, r"no generation was recorded .* Near ones: T/0/repairer\.0/generate\.0"),
        (f"{CASE}/critic.0/execute.0", {}, "without --set only a generation can be drawn anew"),
    ],
)
def test_bad_edit_is_refused(parent: Recording, at: str, changes: dict[str, str], message: str) -> None:
    """An edit of what is not there, or that does not fit, says what is there and what would fit."""
    with pytest.raises(BadEdit, match=message):
        edits_at(parent, at, changes)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("tasks", "[]", "no setting 'tasks' to edit; expected architecture, model"),
        ("candidates", "-5", "candidates is from 0 to 1,000, and -5 is not"),
        ("rounds", "many", "setting rounds is int and is set as JSON"),
        ("rounds", '"3"', "setting rounds is int, and '\"3\"' does not fit"),
    ],
)
def test_bad_setting_is_refused(parent: Recording, key: str, value: str, message: str) -> None:
    """A setting that a fork cannot change, or a value of another type, is refused by name."""
    with pytest.raises(BadEdit, match=message):
        edit_settings(parent.started.settings, key, value)


def test_unknown_case_is_refused(parent: Recording, tmp_path: Path) -> None:
    """A case that the run does not have is named, with a near one, and no folder is made."""
    with pytest.raises(UnknownName, match="unknown case 'T/3'"):
        fork_job(parent, load_catalog(), folder=tmp_path / "fork", cases=["T/3"])
    assert not (tmp_path / "fork").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": "-1"}, "temperature is from 0 to 2, and -1 is not"),
        ({"top_p": "1.5"}, "top_p is from 0 to 1, and 1.5 is not"),
        ({"max_tokens": "0"}, "max_tokens is from 1 to 1,000,000, and 0 is not"),
    ],
)
def test_number_that_makes_no_sense_is_refused(
    parent: Recording, change: dict[str, str], message: str
) -> None:
    """A number outside what an engine takes is refused before anything is started."""
    with pytest.raises(BadEdit, match=message):
        edits_at(parent, f"{REPAIRER}/generate.0", change)


def test_text_that_cannot_be_logged_is_refused(
    parent: Recording, command: Callable[..., int], tmp_path: Path
) -> None:
    """An edit that UTF-8 cannot carry is a usage error, and no log is left that begins without a header."""
    assert (
        command("fork", str(parent.folder), "--at", REPAIRER, "--set", "plan=\udcff", "--run-id", "bad")
        == Exit.USAGE
    )
    assert not (tmp_path / "bad" / LOG_NAME).exists()


def test_header_that_cannot_be_written_leaves_no_log(parent: Recording, tmp_path: Path) -> None:
    """When the header itself is refused, the log holds nothing, rather than an end without a beginning."""
    edit = Edit(path=REPAIRER, field="plan", value="\udcff")
    job = fork_job(parent, load_catalog(), folder=tmp_path / "bad", cases=[CASE], edits=[edit])

    with pytest.raises(EventUnencodable):
        solve(job, Unwatched())
    assert not (tmp_path / "bad" / LOG_NAME).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--case", CASE, "--samples", "3"],
        ["--at", REPAIRER, "--at", CASE, "--set", "plan=x"],
        ["--at", f"{REPAIRER}/generate.0", "--cast", "repairer=repairer"],
        ["--set", "engine=nope"],
        ["--at", f"{REPAIRER}/generate.0", "--set", "messages=[]"],
    ],
)
def test_request_that_would_mislead_is_refused(
    parent: Recording, command: Callable[..., int], tmp_path: Path, arguments: list[str]
) -> None:
    """What would copy one verdict, drop an option or start nothing is a usage error; nothing is written."""
    assert command("fork", str(parent.folder), *arguments) == Exit.USAGE
    assert list(tmp_path.iterdir()) == []
