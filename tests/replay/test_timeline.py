"""A run as a fold of its log."""

import pytest

from events import (
    AnswerSubmitted,
    CodeWritten,
    Entry,
    Event,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    PlanRevised,
    ProblemPosed,
    RunEnded,
    RunResumed,
    Unknown,
)
from events.fakes import header
from replay.timeline import Timeline


def problem(case: str) -> ProblemPosed:
    return ProblemPosed(task_id=case, prompt="def f(): ...", entry_point="f")


def timeline(*events: tuple[str, Event | Unknown] | tuple[str, Event | Unknown, int]) -> Timeline:
    """Each event with its path, one a second; a third part is the number of the line it follows from."""
    return Timeline.of(
        Entry(seq=seq, at=float(seq), path=told[0], cause=told[2] if len(told) == 3 else None, event=told[1])
        for seq, told in enumerate(events)
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


def code(case: str, text: str) -> CodeWritten:
    return CodeWritten(problem=problem(case), code=text)


def revised(answer: str, verdict: str) -> Timeline:
    """A case whose first code is `bad`, whose plan was revised, and whose second code is `good`."""
    return timeline(
        ("A", problem("A")),
        ("A/coder.0", code("A", "bad")),
        ("A/repairer.0", PlanRevised(problem=problem("A"), plan="2", previous="1")),
        ("A/coder.1", code("A", "good"), 2),
        ("A/answer", AnswerSubmitted(code=answer)),
        ("A/grade.0", GradingCompleted(outcome=verdict)),  # type: ignore[arg-type]  # from the table
    )


@pytest.mark.parametrize(
    ("answer", "verdict", "repaired"), [("good", "passed", 1), ("bad", "passed", 0), ("good", "failed", 0)]
)
def test_repaired_means_that_a_revised_plan_led_to_what_passed(
    answer: str, verdict: str, repaired: int
) -> None:
    """A case is repaired when its answer passed and came from a revised plan, and only then."""
    assert revised(answer, verdict).repaired == repaired


def test_case_without_verdict_is_unfinished() -> None:
    """A case that began and was not graded is listed as unfinished."""
    told = timeline(("A", problem("A")), ("B", problem("B")), ("B/grade.0", PASSED))

    assert told.unfinished == ["A"]


def test_unknown_event_is_counted_and_passed_over() -> None:
    """An event of a plug-in that is not here does not disturb the fold."""
    told = timeline(("A", problem("A")), ("A/x.0", Unknown(type="Mood", raw=b"{}")), ("A/grade.0", PASSED))

    assert (told.events, told.passed) == (3, 1)


def test_time_between_two_stretches_does_not_count() -> None:
    """A run of two seconds that is taken up a week later for one second took three."""
    told = Timeline()
    week = 7 * 24 * 3600.0
    ended, resumed = RunEnded(outcome="interrupted"), RunResumed(provenance=header().provenance)
    lines = [(10.0, header()), (12.0, ended), (week, resumed), (week + 1, ended)]
    for seq, (at, event) in enumerate(lines):
        told.add(Entry(seq=seq, at=at, path="", cause=None, event=event))

    assert told.seconds == 3.0


def test_nothing_took_no_time() -> None:
    """An empty timeline took no time."""
    assert Timeline().seconds == 0.0
