"""A run in a few numbers."""

import io
import shlex
from pathlib import Path

import msgspec
import pytest

from events import LOG_NAME, Entry, LogReader, RunEnded
from events.lock import Holder
from fractal_agent.report.summary import Summary, next_command, render_summary, summarize
from fractal_agent.terminal import Terminal
from replay.timeline import Timeline

GOLDEN = Path(__file__).parents[2] / "golden" / "v1" / "agrees" / LOG_NAME


def summary(*, without_end: bool = False, ended: str = "") -> Summary:
    timeline = Timeline.of(LogReader(GOLDEN))
    if without_end:
        timeline.ended = None
    if ended:
        event = RunEnded(outcome="failed", error=ended)
        timeline.add(Entry(seq=0, at=timeline.last, path="", cause=None, event=event))
    return summarize(timeline, "somewhere/log.jsonl")


def test_numbers_are_those_of_the_log() -> None:
    """Passed, graded, repaired and the rate agree with what the log says."""
    told = summary()

    assert (told.state, told.total, told.graded, told.passed, told.repaired) == ("completed", 3, 3, 2, 1)
    assert told.pass_at_1 == 2 / 3
    assert told.interval.low < 2 / 3 < told.interval.high


def test_failures_are_counted_by_kind() -> None:
    """The one case that did not pass stands in its kind, in the counts and in its own line."""
    told = summary()

    assert told.failures == {"wrong_answer": 1}
    assert sorted(line.failure for line in told.cases) == ["", "", "wrong_answer"]


def test_killed_run_is_unfinished() -> None:
    """A log without an end is not shown as completed."""
    assert summary(without_end=True).state == "unfinished"


def test_failed_run_says_why() -> None:
    """The error that stopped a run stands in its summary."""
    told = summary(ended="HumanEval/53: the engine died")

    assert (told.state, told.error) == ("failed", "HumanEval/53: the engine died")


def test_summary_is_json() -> None:
    """What `--json` prints decodes into the same summary."""
    told = summary()

    assert msgspec.json.decode(msgspec.json.encode(told), type=Summary) == told


@pytest.mark.parametrize("name", ["plain", "it's", "two words", "$HOME", 'a"b', "-dash", "日本", "a;b"])
def test_commands_are_quoted(name: str) -> None:
    """A shell takes the run and the case of the next command for one word each."""
    told = summarize(Timeline.of(LogReader(GOLDEN)), f"somewhere/{name}/log.jsonl")
    lines = [msgspec.structs.replace(line, case=f"{name}/0") for line in told.cases]
    words = shlex.split(next_command(msgspec.structs.replace(told, cases=lines)))

    assert words[:4] == ["python", "-m", "fractal_agent", "show"]
    assert words[-2:] == [f"somewhere/{name}", f"{name}/0"]
    assert ("--" in words) == name.startswith("-")


def test_run_that_is_going_on() -> None:
    """While a process writes the log, the run is running, whatever the log says of an earlier end."""
    timeline = Timeline.of(LogReader(GOLDEN))
    timeline.ended = RunEnded(outcome="interrupted")

    told = summarize(timeline, "somewhere/log.jsonl", Holder(process=7))

    assert (told.state, told.process) == ("running", 7)
    assert next_command(told) == "watch -n 5 python -m fractal_agent show somewhere"
    assert summarize(timeline, "somewhere/log.jsonl").state == "interrupted"


@pytest.mark.parametrize("width", [20, 60, 80])
def test_commands_are_in_one_line(width: int) -> None:
    """However narrow the terminal, the log's path and the next command are not broken into lines."""
    folder = "a/folder/with/a/rather/long/path/so/that/it/takes/more/than/eighty/columns/in/all"
    told = summarize(Timeline.of(LogReader(GOLDEN)), f"{folder}/log.jsonl")
    stream = io.StringIO()
    Terminal(file=stream, width=width).print(render_summary(told), crop=False)

    assert f"{folder}/log.jsonl" in stream.getvalue()
    assert f"python -m fractal_agent show {folder} HumanEval/" in stream.getvalue()
