"""A plug-in's own event in every command that reads a run: by --plugin, by its header, or installed."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fractal_agent.catalog import load_catalog
from fractal_agent.cli import run
from fractal_agent.exits import Exit
from fractal_agent.opening import load_for, open_recording
from tests.fractal_agent.cli.place import right, task
from tests.fractal_agent.installed import ROLES, install, ours

pytestmark = pytest.mark.slow

AT = "T/1/noter.0"


def prepared(folder: Path) -> Path:
    (folder / "tasks.jsonl").write_text(json.dumps(task(1)) + "\n")
    wrong = {"path": "T/1/*", "text": "def f1(x):\n    return x\n"}
    (folder / "answers.jsonl").write_text(json.dumps(wrong))
    (folder / "site").mkdir()
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a data set of one problem, an answer that is wrong, and a folder to install into."""
    return prepared(tmp_path)


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose architecture an installed package brings; `site` above it is where. Tests only read it."""
    folder = prepared(tmp_path_factory.mktemp("packaged"))
    install(folder / "site")
    return recorded(folder)


def recorded(place: Path, *options: object) -> Path:
    """A run of `noting`, made in a process of its own."""
    scripted = ["--engine", "scripted", "--script", place / "answers.jsonl", "--architecture", "noting"]
    made = ours(
        *("solve", "--dataset", place / "tasks.jsonl", *scripted),
        *("--runs-dir", place / "runs", "--run-id", "one", *options),
        site=place / "site",
    )
    assert made.returncode == Exit.DONE, made.stderr
    return place / "runs" / "one"


def named(place: Path) -> list[object]:
    (place / "mine.py").write_text(ROLES)
    return ["--plugin", place / "mine.py"]


def installed(place: Path) -> list[object]:
    install(place / "site")
    return []


def moved(place: Path) -> list[object]:
    """The plug-in lies elsewhere now than the run says, and --plugin names it."""
    (place / "moved.py").write_text((place / "mine.py").read_text())
    (place / "mine.py").unlink()
    return ["--plugin", place / "moved.py"]


@pytest.mark.parametrize(
    ("solved_with", "forked_with"),
    [(named, named), (named, lambda place: []), (installed, installed), (named, moved)],
    ids=["named", "the_run's_own", "installed", "moved"],
)
def test_own_event_is_forked(
    place: Path, solved_with: Callable[[Path], list[object]], forked_with: Callable[[Path], list[object]]
) -> None:
    """`fork --at` edits a field of a plug-in's event, however the plug-in comes to be loaded."""
    made = recorded(place, *solved_with(place))
    edit = ["--at", AT, "--set", f"note={right(1)}", "--runs-dir", place / "runs", "--json"]

    forked = ours("fork", made, *edit, *forked_with(place), site=place / "site")

    assert forked.returncode == Exit.DONE, forked.stderr
    document = json.loads(forked.stdout)
    assert [(case["before"], case["passed"]) for case in document["cases"]] == [("failed", 1)]
    assert ours("replay", place / "runs" / "one-fork", site=place / "site").returncode == Exit.DONE


def test_plugin_found_beside_the_run(place: Path) -> None:
    """A folder that is moved with its runs and its plug-in is read as before, and that is said on stderr."""
    project = place / "project"
    project.mkdir()
    for name in ("tasks.jsonl", "answers.jsonl"):
        (place / name).rename(project / name)
    (project / "site").mkdir()
    recorded(project, *named(project))
    project.rename(place / "elsewhere")
    replayed = ours("replay", place / "elsewhere" / "runs" / "one", site=place / "site")

    assert replayed.returncode == Exit.DONE, replayed.stderr
    assert f"{place / 'elsewhere' / 'mine.py'} is used in its place" in replayed.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["show", "RUN"],
        ["show", "RUN", "T/1"],
        ["verify", "RUN"],
        ["diff", "RUN", "RUN"],
        ["export", "RUN", "--to", "otel-json", "--output", "OUT"],
        ["resume", "RUN"],
        ["salvage", "RUN"],
    ],
)
def test_reading_without_the_package(packaged: Path, tmp_path: Path, command: list[str]) -> None:
    """A run whose package is not installed is read, and what it was made with is said on stderr."""
    arguments = [{"RUN": packaged, "OUT": tmp_path / "out.jsonl"}.get(part, part) for part in command]

    printed = ours(*arguments, "--json", site=tmp_path)

    assert printed.returncode == Exit.DONE
    assert json.loads(printed.stdout) is not None or command[0] == "salvage"
    assert (
        "this run used my_roles 1.2 (entry point my_roles.roles), which is not installed; "
        "events of type Noted are shown as data." in printed.stderr
    )


@pytest.mark.parametrize(
    ("version", "environment", "told"),
    [
        (None, {}, "which is not installed"),
        ("2.0", {}, "and my_roles 2.0 (entry point my_roles.roles) is installed"),
        ("1.2", {"FRACTAL_AGENT_PLUGINS": "off"}, "which FRACTAL_AGENT_PLUGINS=off leaves out"),
    ],
)
def test_replay_without_what_the_run_used(
    packaged: Path, tmp_path: Path, version: str | None, environment: dict[str, str], told: str
) -> None:
    """A replay that lacks the run's architecture says with which package and version it was made."""
    if version:
        install(tmp_path, ROLES.replace("noting", "noting_now"), version=version)

    printed = ours("replay", packaged, "--json", site=tmp_path, **environment)

    assert printed.returncode == Exit.USAGE
    assert f"this run used my_roles 1.2 (entry point my_roles.roles), {told}" in printed.stderr
    assert "unknown architecture 'noting'" in printed.stderr


def test_fork_of_an_event_that_is_not_known(packaged: Path, tmp_path: Path) -> None:
    """`fork --at` an event of a plug-in that is not here says so, instead of `nothing was recorded`."""
    printed = ours("fork", packaged, "--at", AT, "--set", "note=x", site=tmp_path)

    assert printed.returncode == Exit.USAGE
    assert f"at {AT} is an event Noted of a plug-in that is not here; install it, or name" in printed.stderr


def test_package_that_the_run_does_not_need(place: Path) -> None:
    """A package that was installed when a run was made, and had no part in it, is not missed."""
    install(place / "site")
    made = recorded(place, "--architecture", "baseline")

    assert ours("show", made, site=place / "nothing").stderr == ""


def test_header_says_what_was_loaded(place: Path) -> None:
    """The header has each entry point's distribution, version and module, and the digest of a file."""
    install(place / "site", ROLES.replace("Noted", "Other").replace("noter", "one").replace("noting", "two"))
    (place / "mine.py").write_text(ROLES.replace("typist", "other_typist"))
    made = recorded(place, "--plugin", place / "mine.py")
    plugins = open_recording(made).recording.started.provenance.plugins

    assert plugins["roles"] == "my_roles 1.2 (my_roles.roles)"
    assert re.fullmatch("[0-9a-f]{16}", plugins[str(place / "mine.py")])


def test_file_is_recorded_by_its_full_path(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is named from the working folder is recorded, and missed, as the settings have it."""
    (place / "mine.py").write_text(ROLES.replace("Noted", "NotedByPath"))
    monkeypatch.chdir(place)
    started = load_catalog(["mine.py"])

    assert list(started.plugins) == [str(place / "mine.py")]


def test_own_plugin_that_is_gone_is_lacking(place: Path) -> None:
    """A run's own plug-in that is nowhere does not keep the run from being read, only from being executed."""
    one = recorded(place, *named(place))
    (place / "mine.py").unlink()

    loaded = load_for([one])

    assert [str(failed).partition(":")[0] for failed in loaded.catalog.lacking] == [
        f"plug-in {place}/mine.py"
    ]
    replayed = ours("replay", one, site=place / "site")
    assert replayed.returncode == Exit.USAGE
    assert "this run used" not in replayed.stderr
    assert "error: plug-in" in replayed.stderr
    assert "--plugin" in replayed.stderr


@pytest.mark.parametrize(
    "command", ["show", "replay", "resume", "verify", "export", "salvage", "fork", "blame"]
)
def test_given_plugin_must_load(packaged: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """Every command that reads a run takes --plugin, and refuses one that is not there."""
    more = {"export": ["--to", "otel-json"], "blame": ["T/1"], "diff": [str(packaged)]}.get(command, [])

    assert run([command, str(packaged), *more, "--plugin", "nowhere.py"]) == Exit.USAGE
    assert "error: plug-in nowhere.py: FileNotFoundError" in capsys.readouterr().err


def test_class_that_has_changed_since(packaged: Path, tmp_path: Path) -> None:
    """A newer package whose event has changed is told with both versions and the field."""
    changed = ROLES.replace("    rating: int = 0\n", "    mood: str\n").replace(
        "answer.text", 'answer.text, mood=""'
    )
    install(tmp_path, changed, version="2.0")

    printed = ours("replay", packaged, "--json", site=tmp_path)

    assert (printed.returncode, printed.stdout) == (Exit.USAGE, "")
    assert "this run used my_roles 1.2 (entry point my_roles.roles), and my_roles 2.0 " in printed.stderr
    assert "Noted has a field 'mood' without a default, and the line holds 'rating' instead" in printed.stderr
    assert "python -m fractal_agent salvage" not in printed.stderr
