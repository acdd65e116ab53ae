"""What replays, shows and lists what there is, and how a run that is meant is found."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import PLUGIN, Place, Printed, started

OLD_EVENT = Path(__file__).parents[2] / "golden" / "old_event"
"""A log that ships, with the plug-in that it needs beside it."""

# Replaying.


def test_replay(solved: Place, call: Callable[..., Printed]) -> None:
    """A replay that agrees says so in one sentence and ends with 0."""
    printed = call("replay", solved.runs / "done")

    assert printed.code == Exit.DONE
    assert printed.out.startswith("done: 3 cases agree (2 passed)")
    assert printed.err == ""


def test_replay_as_json(solved: Place, call: Callable[..., Printed]) -> None:
    """With --json a replay is one document; with --case it is of that case alone."""
    whole = call("replay", solved.runs / "done", "--json").document
    one = call("replay", solved.runs / "done", "--case", "T/0", "--json").document

    assert (whole["agreed"], whole["cases"], whole["divergences"]) == (True, 3, [])
    assert one["cases"] == 1


def test_replay_that_diverges(place: Place, call: Callable[..., Printed]) -> None:
    """A replay of changed code ends with 3, names the place and shows both sides."""
    call(*place.solving("--run-id", "one"))
    place.plugin.write_text(PLUGIN.replace("Write it.", "Write it well."))

    printed = call("replay", place.runs / "one")
    document = call("replay", place.runs / "one", "--json").document

    assert printed.code == Exit.DIVERGED
    assert "changed since it was recorded: writer" in printed.out
    assert "first divergence T/0/writer.0/generate.0" in printed.out
    assert re.search(r"^-.*Write it\.\s*$", printed.out, re.MULTILINE)
    assert re.search(r"^\+.*Write it well\.\s*$", printed.out, re.MULTILINE)
    assert document["divergences"][0]["path"] == "T/0/writer.0/generate.0"


# The run that is meant.


@pytest.mark.parametrize("command", ["replay", "show", "resume"])
def test_forms_of_run(
    solved: Place, call: Callable[..., Printed], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """A run is found by its id, by `latest`, and by the path of its folder or its log."""
    monkeypatch.setenv("FRACTAL_AGENT_RUNS_DIR", str(solved.runs))

    for form in ("done", "latest", solved.runs / "done", solved.log("done")):
        assert call(command, form).code == Exit.DONE


@pytest.mark.parametrize("command", ["replay", "show", "resume"])
def test_run_that_is_not_there(solved: Place, call: Callable[..., Printed], command: str) -> None:
    """A run that is not there is a usage error that names one that is meant."""
    printed = call(command, "dome", "--runs-dir", solved.runs)

    assert printed.code == Exit.USAGE
    assert "Did you mean done?" in printed.err


def test_latest_where_there_is_none(place: Place, call: Callable[..., Printed]) -> None:
    """Where there are no runs, `latest` says how to make one."""
    printed = call("show", "latest", "--runs-dir", place.runs)

    assert printed.code == Exit.USAGE
    assert "make one with `solve`" in printed.err


@pytest.mark.parametrize("arguments", [["show", "RUN", "T/7"], ["replay", "RUN", "--case", "T/7"]])
def test_case_that_is_not_there(solved: Place, call: Callable[..., Printed], arguments: list[str]) -> None:
    """A case that is not in the run is a usage error that names those that are."""
    printed = call(*(solved.runs / "done" if part == "RUN" else part for part in arguments))

    assert printed.code == Exit.USAGE
    assert "valid are T/0, T/1, T/2" in printed.err


@pytest.mark.parametrize("command", ["replay", "show", "resume"])
def test_damaged_log(place: Place, call: Callable[..., Printed], command: str) -> None:
    """A damaged log ends with 4, with the line and the offset of the damage; it is not touched."""
    call(*place.solving("--run-id", "one", "--limit", "1"))
    log = place.log("one")
    damaged = log.read_bytes().replace(b"Adds 0", b"Adds 7", 1)
    log.write_bytes(damaged)

    printed = call(command, place.runs / "one")

    assert printed.code == Exit.CORRUPT
    assert re.search(r"line 2 \(byte \d+\) is damaged", printed.err)
    assert log.read_bytes() == damaged


@pytest.mark.parametrize("command", ["replay", "show", "resume"])
def test_file_that_is_no_log(place: Place, call: Callable[..., Printed], command: str) -> None:
    """A file that is no log ends with 4 and says what was expected."""
    place.log("one").parent.mkdir(parents=True)
    place.log("one").write_text("hello\n")

    printed = call(command, place.runs / "one")

    assert printed.code == Exit.CORRUPT
    assert "expected a log that begins with a RunStarted line" in printed.err


# Showing and listing.


def test_show(solved: Place, call: Callable[..., Printed]) -> None:
    """A run is shown case by case, then as a whole."""
    printed = call("show", solved.runs / "done")

    assert re.search(r"T/1 +failed", printed.out)
    assert "2/3" in printed.out
    assert call("show", solved.runs / "done", "--json").document["passed"] == 2


def test_story(solved: Place, call: Callable[..., Printed]) -> None:
    """A case is shown as its story, from the problem to the verdict."""
    printed = call("show", solved.runs / "done", "T/1")
    document = call("show", solved.runs / "done", "T/1", "--json").document

    assert printed.out.index("Problem") < printed.out.index("Code") < printed.out.index("Hidden tests")
    assert (document["case"], document["passed"]) == ("T/1", False)


@pytest.mark.parametrize("what", ["HumanEval/2", "HumanEval/2/sketch.0"])
def test_show_with_a_plugin(what: str) -> None:
    """A process that never saw a run's plug-in reads its events, here of an older version, by --plugin."""
    plugin = OLD_EVENT / "sketching.py"

    with started("show", OLD_EVENT, what, "--plugin", plugin, "--json") as process:
        out, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (Exit.DONE, "")
    assert "Sketched:2" in out
    assert "of a plug-in that is not here" not in out


def test_show_of_an_event_whose_plugin_is_not_here() -> None:
    """Asked for such an event, `show` says of which type it is and how to name its plug-in."""
    with started("show", OLD_EVENT, "HumanEval/2/sketch.0") as process:
        _, err = process.communicate(timeout=60)

    assert process.returncode == Exit.USAGE
    assert "at HumanEval/2/sketch.0 is an event Sketched of a plug-in" in " ".join(err.split())
    assert "--plugin" in err


def test_show_when_a_plugin_is_gone(place: Place, call: Callable[..., Printed]) -> None:
    """A run whose own plug-in is gone is shown all the same; one that --plugin names must be there."""
    call(*place.solving("--run-id", "one", "--limit", "1"))
    place.plugin.unlink()

    own = call("show", place.runs / "one", "T/0")
    named = call("show", place.runs / "one", "T/0", "--plugin", place.plugin)

    assert own.code == Exit.DONE
    assert (named.code, named.out) == (Exit.USAGE, "")
    assert f"plug-in {place.plugin}: FileNotFoundError" in named.err


def test_runs(solved: Place, call: Callable[..., Printed], tmp_path: Path) -> None:
    """Runs are listed with their state; an empty place says how to make one."""
    listed = call("runs", "--runs-dir", solved.runs)

    assert re.search(r"done .* 3/3 .* completed", listed.out)
    assert call("runs", "--runs-dir", solved.runs, "--json").document[0]["run_id"] == "done"
    assert "Make one" in call("runs", "--runs-dir", tmp_path).out
    assert call("runs", "--runs-dir", tmp_path, "--json").document == []


def test_damaged_run_in_the_list(place: Place, call: Callable[..., Printed]) -> None:
    """A damaged run is listed with its problem and does not hide the others."""
    call(*place.solving("--run-id", "one", "--limit", "1"))
    place.log("two").parent.mkdir()
    place.log("two").write_text("hello\n")

    listed = call("runs", "--runs-dir", place.runs, "--json").document

    assert {line["run_id"]: line["state"] for line in listed} == {"one": "completed", "two": "damaged"}


@pytest.mark.parametrize(
    ("command", "expected", "others"),
    [("roles", {"writer", "coder"}, {"direct"}), ("architectures", {"direct", "baseline"}, {"writer"})],
)
def test_catalog(
    place: Place, call: Callable[..., Printed], command: str, expected: set[str], others: set[str]
) -> None:
    """What there is to choose from is listed, plug-ins included."""
    printed = call(command, "--plugin", place.plugin)
    document = call(command, "--plugin", place.plugin, "--json").document

    names = {row["name"] for row in document}
    assert expected <= names
    assert not others & names
    assert all(name in printed.out for name in names)


def test_examples(place: Place, call: Callable[..., Printed]) -> None:
    """The examples of a dataset are listed by problem."""
    printed = call("examples", "--dataset", place.dataset, "--task", "T/1")
    document = call("examples", "--dataset", place.dataset, "--json").document

    assert printed.out == "T/1\n  f1(1)  ->  2\n"
    assert document["T/0"] == [{"call": "f0(1)", "expected": "1"}]


def test_examples_of_unknown_dataset(call: Callable[..., Printed]) -> None:
    """A dataset that is not there is a usage error here too."""
    assert call("examples", "--dataset", "humanevil").code == Exit.USAGE
