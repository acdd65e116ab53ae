"""Runs in which cases are set aside: the exit code, the numbers, and `resume --failed`."""

import json
from collections.abc import Callable

import pytest

from events import LogReader
from fractal_agent.exits import Exit
from replay.timeline import Timeline
from tests.fractal_agent.cli.place import PLUGIN, Place, Printed

FRAIL = PLUGIN.replace(
    "    answer = await",
    "    if problem.task_id == 'T/1' and not Path(__file__).with_name('mended').exists():\n"
    "        raise ValueError('a bad case')\n"
    "    answer = await",
)


@pytest.fixture
def frail(place: Place) -> Place:
    """A place whose role raises at the second problem, until there is a file named mended."""
    place.plugin.write_text(FRAIL)
    return place


def test_others_finish(frail: Place, call: Callable[..., Printed]) -> None:
    """The run completes with the other verdicts, exits with 1, and says what to do."""
    printed = call(*frail.solving("--run-id", "one", "--concurrency", "1"))

    assert printed.code == Exit.FAILED
    assert "2/2   100.0%" in printed.out
    assert "(2 of 3 graded)" in printed.out
    assert "1 case set aside" in printed.out
    assert "1 case, the first T/1: ValueError: a bad case" in printed.out
    assert "--failed" in printed.err


def test_json_counts_it(frail: Place, call: Callable[..., Printed]) -> None:
    """The counts stand in the summary's JSON, in that of `runs`, and at the case."""
    summary = call(*frail.solving("--run-id", "one", "--json")).document
    listed = call("runs", "--runs-dir", frail.runs, "--json").document

    assert summary["caveats"] == {"refused": 0, "cut": 0, "empty_plans": 0, "set_aside": 1, "uncounted": 0}
    assert summary["set_aside"] == "T/1: ValueError: a bad case"
    outcomes = {case["case"]: case["outcome"] for case in summary["cases"]}
    assert outcomes == {"T/0": "passed", "T/1": "set aside", "T/2": "passed"}
    assert listed[0]["caveats"]["set_aside"] == 1


def test_resume_leaves_it_and_failed_takes_it_up(frail: Place, call: Callable[..., Printed]) -> None:
    """A plain resume has nothing to do; with --failed exactly that case is tried again."""
    call(*frail.solving("--run-id", "one"))
    (frail.folder / "mended").touch()

    plain = call("resume", "one", "--runs-dir", frail.runs)
    before = len(list(LogReader(frail.log("one"))))
    again = call("resume", "one", "--failed", "--runs-dir", frail.runs)

    assert plain.code == Exit.FAILED
    assert "Set aside: 1; --failed tries again what was set aside." in plain.err
    assert again.code == Exit.DONE
    timeline = Timeline.of(LogReader(frail.log("one")))
    assert (len(timeline.graded), timeline.set_aside) == (3, [])
    added = list(LogReader(frail.log("one")))[before:]
    assert {entry.path.split("/")[1] for entry in added if entry.path} == {"1"}


def test_failing_again_is_recorded_again(frail: Place, call: Callable[..., Printed]) -> None:
    """A case that fails once more is set aside once more; the log verifies and replays."""
    call(*frail.solving("--run-id", "one"))

    again = call("resume", "one", "--failed", "--runs-dir", frail.runs)

    assert again.code == Exit.FAILED
    assert call("verify", "one", "--runs-dir", frail.runs).code == Exit.DONE
    replayed = call("replay", "one", "--runs-dir", frail.runs)
    assert replayed.code == Exit.DONE
    assert "2 cases agree (2 passed), 1 unfinished" in replayed.out


def test_commands_read_such_a_run(frail: Place, call: Callable[..., Printed]) -> None:
    """`show`, `diff` and `fork` of such a run know the case as set aside, and why."""
    call(*frail.solving("--run-id", "one"))
    shown = call("show", "one", "--runs-dir", frail.runs)
    story = call("show", "one", "T/1", "--runs-dir", frail.runs)
    diff = call("diff", "one", "one", "--runs-dir", frail.runs)
    (frail.folder / "mended").touch()
    forked = call("fork", "one", "--case", "T/1", "--runs-dir", frail.runs, "--json")

    assert "set aside" in shown.out
    assert "ValueError: a bad case" in shown.out
    assert "Set aside: ValueError" in story.out
    assert diff.code == Exit.DONE
    assert forked.code == Exit.DONE


def test_experiment_counts_it(frail: Place, call: Callable[..., Printed]) -> None:
    """An experiment with such a cell exits with 1; the page names the cell and its rate excludes the case."""
    printed = call(*frail.comparing("--json"))

    assert printed.code == Exit.FAILED
    row = printed.document["rows"][0]
    assert (row["problems"], row["pass_rate"], row["caveats"]["set_aside"]) == (2, 1.0, 1)
    page = (frail.cells / "report.md").read_text(encoding="utf-8")
    assert "Cases set aside with an error, and in no rate: 1 of " in page
    assert "1 set aside" in page


def test_tests_that_cannot_judge(place: Place, call: Callable[..., Printed]) -> None:
    """Hidden tests that cannot judge set their case aside; the run is not failed as a whole."""
    lines = place.dataset.read_text().splitlines()
    broken = json.loads(lines[1])
    broken["test"] = "def check(candidate):\n    assert candidate(lambda: 1) == 2\n"
    del broken["canonical_solution"]
    place.dataset.write_text("\n".join([lines[0], json.dumps(broken), lines[2]]) + "\n")

    printed = call(*place.solving("--run-id", "one", "--concurrency", "1", "--json"))

    assert printed.code == Exit.FAILED
    assert (printed.document["graded"], printed.document["caveats"]["set_aside"]) == (2, 1)
    assert "cannot be given to another process" in printed.document["set_aside"]
