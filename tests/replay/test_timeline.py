"""A run as a fold of its log."""

import pytest

from events import (
    AnswerSubmitted,
    CodeReviewed,
    Entry,
    Event,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    ProblemPosed,
    RunEnded,
    Unknown,
)
from replay.timeline import Timeline


def problem(case: str) -> ProblemPosed:
    return ProblemPosed(task_id=case, prompt="def f(): ...", entry_point="f")


def review(case: str, *, passed: bool) -> CodeReviewed:
    return CodeReviewed(problem=problem(case), code="", passed=passed)


def timeline(*events: tuple[str, Event | Unknown]) -> Timeline:
    return Timeline.of(
        Entry(seq=seq, at=float(seq), path=path, cause=None, event=event)
        for seq, (path, event) in enumerate(events)
    )


PASSED = GradingCompleted(outcome="passed")
ASKED = GenerationRequested(messages=())
ANSWERED = GenerationCompleted(text="", finish_reason="stop", prompt_tokens=10, completion_tokens=5)


def test_case_ids_may_share_a_front() -> None:
    """`A/1` and `A/12` are two cases, and each gets its own events."""
    told = timeline(
        ("A/1", problem("A/1")),
        ("A/12", problem("A/12")),
        ("A/12/answer", AnswerSubmitted(code="twelve")),
        ("A/1/answer", AnswerSubmitted(code="one")),
    )

    assert (told.cases["A/1"].answer, told.cases["A/12"].answer) == ("one", "twelve")


def test_case_inside_another_id_is_its_own() -> None:
    """A case whose id begins with another case's id and a slash is not mixed up with it."""
    told = timeline(("A", problem("A")), ("A/1", problem("A/1")), ("A/1/grade.0", PASSED))

    assert (told.cases["A"].passed, told.cases["A/1"].passed) == (False, True)


def test_requests_in_flight_are_counted() -> None:
    """What was asked and not answered is in flight; tokens add up."""
    told = timeline(
        ("A", problem("A")), ("A/x.0/generate.0", ASKED), ("A/x.0/generate.0", ANSWERED), ("A/y", ASKED)
    )

    assert (told.in_flight, told.generations) == (1, 1)
    assert (told.prompt_tokens, told.completion_tokens) == (10, 5)


@pytest.mark.parametrize(
    ("first", "verdict", "repaired"),
    [(False, "passed", True), (True, "passed", False), (False, "failed", False)],
)
def test_repaired_means_failed_first_and_passed_at_last(first: bool, verdict: str, repaired: bool) -> None:
    """A case is repaired when its first review failed and its answer passed, and only then."""
    told = timeline(
        ("A", problem("A")),
        ("A/critic.0", review("A", passed=first)),
        ("A/critic.1", review("A", passed=True)),
        ("A/grade.0", GradingCompleted(outcome=verdict)),  # type: ignore[arg-type]  # from the table
    )

    assert told.repaired == int(repaired)


def test_case_without_verdict_is_unfinished() -> None:
    """A case that began and was not graded is listed as unfinished."""
    told = timeline(("A", problem("A")), ("B", problem("B")), ("B/grade.0", PASSED))

    assert told.unfinished == ["A"]


def test_unknown_event_is_counted_and_passed_over() -> None:
    """An event of a plug-in that is not here does not disturb the fold."""
    told = timeline(("A", problem("A")), ("A/x.0", Unknown(type="Mood", raw=b"{}")), ("A/grade.0", PASSED))

    assert (told.events, told.passed) == (3, 1)


def test_seconds_run_from_the_header_to_the_last_line() -> None:
    """An empty timeline took no time, and one with lines as long as between first and last."""
    assert Timeline().seconds == 0.0
    assert timeline(("A", problem("A")), ("", RunEnded(outcome="completed"))).ended is not None
