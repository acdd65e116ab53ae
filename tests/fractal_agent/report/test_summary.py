"""A run in a few numbers."""

from pathlib import Path

import msgspec

from events import LOG_NAME, Entry, LogReader, RunEnded
from fractal_agent.report.summary import Summary, summarize
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
