"""Roles and architectures by name, and a fifth role in one file."""

import sys
from pathlib import Path

import pytest

from events import CodeReviewed
from fractal_agent.catalog import CastMismatch, PluginFailed, UnknownName, load_catalog
from fractal_agent.cli import run
from fractal_agent.commands.running import parts
from fractal_agent.datasets import load, select
from fractal_agent.exits import Exit
from fractal_agent.job import Job, Unwatched
from fractal_agent.replaying import replay_run
from fractal_agent.solving import solve
from fractal_agent.testing import make_settings

SKEPTIC = '''
"""The Skeptic trusts no program."""

from agents import Context, role
from events import CodeReviewed, CodeWritten


@role
async def skeptic(written: CodeWritten, ctx: Context) -> CodeReviewed:
    """Doubts everything."""
    return CodeReviewed(
        problem=written.problem, code=written.code, plan=written.plan, passed=False, error="I doubt it."
    )
'''


@pytest.fixture
def skeptic(tmp_path: Path) -> str:
    path = tmp_path / "skeptic.py"
    path.write_text(SKEPTIC)
    return str(path)


def test_fifth_role_is_one_file(skeptic: str, tmp_path: Path) -> None:
    """A role in a file of its own plays the critic's part in a shipped architecture, and replays."""
    catalog = load_catalog([skeptic])
    tasks = select(load("humaneval"), ["HumanEval/53"])
    settings = make_settings(tasks, "repair", cast={"critic": "skeptic"}, plugins=(skeptic,), rounds=1)
    job = Job(run_id="r", folder=tmp_path / "r", settings=settings, tasks=tasks, catalog=catalog)

    timeline = solve(job, Unwatched())

    reviews = [
        entry.event
        for entry in timeline.cases["HumanEval/53"].entries
        if isinstance(entry.event, CodeReviewed)
    ]
    assert [review.error for review in reviews] == ["I doubt it.", "I doubt it."]
    assert replay_run(tmp_path / "r", load_catalog([skeptic])).divergences == []


def test_plugin_brings_its_role(skeptic: str) -> None:
    """The catalog lists the plug-in's role beside the built-in ones."""
    assert {"skeptic", "critic"} <= set(load_catalog([skeptic]).roles)


def test_plugin_module_in_the_current_folder(
    skeptic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that is named without a path is found in the current folder, behind all that is installed."""
    (tmp_path / "skeptic_here.py").write_text(Path(skeptic).read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])

    assert "skeptic" in load_catalog(["skeptic_here"]).roles
    assert sys.path[-1] == str(tmp_path)


def test_missing_plugin_is_named() -> None:
    """A plug-in that is not there is named, with what was expected."""
    with pytest.raises(PluginFailed, match=r"plug-in nowhere\.py: FileNotFoundError.*expected a Python file"):
        load_catalog(["nowhere.py"])


def test_plugin_that_raises_is_named(tmp_path: Path) -> None:
    """A plug-in that fails on import is named with its own error."""
    path = tmp_path / "broken.py"
    path.write_text("1 / 0\n")

    with pytest.raises(PluginFailed, match=r"broken\.py, line 1: ZeroDivisionError"):
        load_catalog([str(path)])


def test_unknown_role_names_the_near_one() -> None:
    """A misspelt role is answered with the one that was likely meant, and with all there are."""
    expected = r"unknown role 'critc': did you mean critic.* valid are assembler, .*coder, critic"
    with pytest.raises(UnknownName, match=expected):
        load_catalog().role("critc")


def test_role_with_other_events_cannot_be_cast() -> None:
    """Casting the planner as critic is refused with both shapes."""
    with pytest.raises(CastMismatch, match="planner: ProblemPosed -> PlanDrafted cannot play critic"):
        load_catalog().cast({"critic": "planner"})


def test_parts_are_read_from_the_command_line() -> None:
    """`critic=skeptic` casts the skeptic as critic."""
    assert parts(["critic=skeptic", "coder=poet"]) == {"critic": "skeptic", "coder": "poet"}


def test_taken_name_is_refused(tmp_path: Path) -> None:
    """A plug-in that calls its role `critic` is told to choose another name and cast it."""
    path = tmp_path / "mine.py"
    path.write_text(SKEPTIC.replace("def skeptic", "def critic"))

    with pytest.raises(
        PluginFailed, match=r"mine\.py: there is a built-in role 'critic'; choose another name, and cast"
    ):
        load_catalog([str(path)])


def test_plugins_of_one_file_name_are_two(tmp_path: Path) -> None:
    """Two plug-ins in files of the same name keep their own source."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "plug.py").write_text(SKEPTIC.replace("def skeptic", f"def skeptic_{folder}"))

    roles = load_catalog([str(tmp_path / folder / "plug.py") for folder in ("one", "two")]).roles

    assert "skeptic_one" in roles["skeptic_one"].source
    assert "skeptic_two" in roles["skeptic_two"].source


def test_moved_plugin_can_be_named_anew(skeptic: str, tmp_path: Path) -> None:
    """A run whose plug-in lies elsewhere today replays when it is told where."""
    tasks = select(load("humaneval"), ["HumanEval/53"])
    settings = make_settings(tasks, "repair", cast={"critic": "skeptic"}, plugins=(skeptic,), rounds=0)
    job = Job(
        run_id="r", folder=tmp_path / "r", settings=settings, tasks=tasks, catalog=load_catalog([skeptic])
    )
    solve(job, Unwatched())
    moved = Path(skeptic).rename(tmp_path / "moved.py")

    assert run(["replay", str(tmp_path / "r")]) == Exit.USAGE
    assert run(["replay", str(tmp_path / "r"), "--plugin", str(moved)]) == Exit.DONE
