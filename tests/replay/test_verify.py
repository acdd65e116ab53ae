"""Logs whose every line is good, and what a check of them finds all the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from events import (
    LOG_NAME,
    AnswerSubmitted,
    Event,
    ExecutionCompleted,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    GradingRequested,
    LogFile,
    LogForeign,
    LogMissing,
    LogSealed,
    RunEnded,
    RunResumed,
    Unknown,
)
from events.fakes import code, header, problem
from replay.verify import Verified, verify_log

Step = tuple[str, Event | Unknown, int | None]

CODE = code().code
ASKED = GenerationRequested(messages=())
SAID = GenerationCompleted(text="", finish_reason="stop")
GRADING = GradingRequested(code=CODE, entry_point="f", tests_digest="")
PASSED = GradingCompleted(outcome="passed")
RESUMED = RunResumed(provenance=header().provenance)
SUBMITTED = AnswerSubmitted(code=CODE)

GOOD: list[Step] = [
    ("", header(), None),
    ("T/0", problem(), None),
    ("T/0/coder.0/generate.0", ASKED, 1),
    ("T/0/coder.0/generate.0", SAID, 2),
    ("T/0/coder.0", code(), 1),
    ("T/0/answer", SUBMITTED, 4),
    ("T/0/grade.0", GRADING, 5),
    ("T/0/grade.0", PASSED, 6),
    ("", RunEnded(outcome="completed"), None),
]
"""A run of one case, whole."""

Verify = Callable[..., Verified]


@pytest.fixture
def verified(tmp_path: Path) -> Verify:
    """Writes a log of the steps and verifies it."""

    def verify(steps: list[Step], *, sealed: bool = True) -> Verified:
        log = LogFile.create(tmp_path)
        for path, event, cause in steps:
            log.stage(path, event, cause)  # type: ignore[arg-type]  # an unknown event is written as it is
        if sealed:
            log.seal()
        log.close()
        return verify_log(tmp_path / LOG_NAME)

    return verify


def failed(told: Verified) -> dict[str, str]:
    assert told.holds == (not any(check.outcome == "failed" for check in told.checks))
    return {check.name: check.says for check in told.checks if check.outcome == "failed"}


def notes(told: Verified) -> dict[str, str]:
    return {check.name: check.says for check in told.checks if check.outcome == "note"}


def with_step(place: int, step: Step) -> list[Step]:
    """The good run with another step at that place."""
    return [*GOOD[:place], step, *GOOD[place + 1 :]]


def test_good_run(verified: Verify) -> None:
    """A whole run passes every check and needs no note."""
    told = verified(GOOD)

    assert (told.holds, notes(told), told.run_id) == (True, {}, "run")
    assert [check.name for check in told.checks] == [
        *("lines", "causes", "cases", "effects", "roles", "answers", "run")
    ]


@pytest.mark.parametrize(
    ("steps", "check", "says"),
    [
        (with_step(4, ("T/0/coder.0", code(), 9)), "causes", "found cause 9, expected a line before 4"),
        (GOOD[:1] + GOOD[2:], "cases", "found GenerationRequested in a case that was not posed"),
        ([*GOOD[:2], GOOD[1]], "cases", "found the problem posed a second time"),
        ([*GOOD[:8], ("T/0/critic.0", code(), 4)], "cases", "found CodeWritten after the verdict"),
        ([*GOOD[:2], ("T/9/coder.0", code(), 1)], "cases", "T/9/coder.0: found a path in no case of the run"),
        ([*GOOD[:2], GOOD[3]], "effects", "found GenerationCompleted without its request"),
        (
            with_step(3, ("T/0/coder.0/generate.0", ExecutionCompleted(outcome="passed"), 2)),
            "effects",
            "found ExecutionCompleted without its request",
        ),
        (
            with_step(3, ("T/0/coder.0/generate.0", SAID, 1)),
            "effects",
            "found GenerationCompleted that names line 2 as its request, expected line 3",
        ),
        ([*GOOD[:4], GOOD[3]], "effects", "found a second GenerationCompleted here"),
        ([*GOOD[:3], GOOD[2]], "effects", "found a second GenerationRequested here, after line 3"),
        (
            with_step(4, ("T/0/coder.0", code(), None)),
            "roles",
            "found CodeWritten that follows from no line, expected the line of an event of this case",
        ),
        (
            with_step(4, ("T/0/coder.0", code(), 3)),
            "roles",
            "found CodeWritten that follows from line 4, expected the line of an event of this case",
        ),
        (
            [*GOOD[:5], ("T/0/coder.0/generate.1", ASKED, 1)],
            "roles",
            "found GenerationRequested after the role's answer",
        ),
        ([*GOOD[:5], GOOD[4]], "roles", "found a second answer here, CodeWritten"),
        ([*GOOD[:3], ("T/0/coder.0/given", problem(), None)], "roles", "found an event given after the role"),
        (
            with_step(5, ("T/0/answer", AnswerSubmitted(code="other"), 4)),
            "answers",
            "T/0/answer: found a code that is not the one in line 5",
        ),
        ([*GOOD[:5], ("T/0/grade.0", GRADING, 4)], "answers", "found GradingRequested without an answer"),
        (with_step(6, ("T/0/grade.0", GRADING, 4)), "answers", "found a grading that follows from line 5"),
        ([*GOOD[:4], GOOD[8]], "run", "found a completed run with no verdict on T/0"),
        (
            [*GOOD[:4], ("", RunEnded(outcome="failed"), None), GOOD[4]],
            "run",
            "found a line of a case after the run had ended",
        ),
        ([*GOOD, GOOD[0]], "run", "found a second RunStarted"),
        ([*GOOD, ("", LogSealed(events=3, head=""), None)], "run", "found a seal on 3 lines, expected on 9"),
    ],
    ids=range(22),
)
def test_broken_rule(verified: Verify, steps: list[Step], check: str, says: str) -> None:
    """Each rule that a line breaks is found, with what was expected, in the check of that name."""
    told = failed(verified(steps))

    assert says in told[check]


def test_role_has_one_cause(verified: Verify) -> None:
    """All that a role does in one answer follows from one event."""
    second = ("T/0/coder.1/generate.0", ASKED, 1)
    told = failed(verified([*GOOD[:5], second, ("T/0/coder.1", code(), 4)]))

    assert "follows from line 5, expected line 2, as all that this role does here" in told["roles"]


def test_problems_are_counted(verified: Verify) -> None:
    """A check that fails more than once tells the first place and how many there are."""
    wrong: Step = ("T/9/coder.0", code(), 1)
    [check] = [one for one in verified([*GOOD[:2], wrong, wrong]).checks if one.name == "cases"]

    assert check.problem is not None
    assert (check.problem.line, check.problem.path, check.problems) == (3, "T/9/coder.0", 2)
    assert "(2 such lines)" in check.says


def test_request_stands_again_after_a_resume(verified: Verify) -> None:
    """A request that had no result when the run stopped may stand there a second time."""
    again: list[Step] = [("", RESUMED, None), GOOD[2], ("T/0/coder.0/generate.0", SAID, 4)]

    told = verified([*GOOD[:3], *again])

    assert told.holds
    assert "resumed once" in told.checks[6].says


def test_case_begins_anew_after_a_resume(verified: Verify) -> None:
    """A case that is posed again after a resume has nothing to do with what it recorded before."""
    anew: list[Step] = [("", RESUMED, None), GOOD[1], ("T/0/coder.0", code(), 6)]

    assert verified([*GOOD[:5], *anew]).holds


def test_given_event_comes_before_its_role(verified: Verify) -> None:
    """What the architecture made itself is logged before the role that consumes it does anything."""
    steps: list[Step] = [
        *GOOD[:2],
        ("T/0/coder.0/given", problem("def g():\n"), None),
        ("T/0/coder.0/generate.0", ASKED, 2),
    ]

    assert verified(steps).holds


def test_answer_of_the_architectures_own(verified: Verify) -> None:
    """A code that no role wrote is said, and is no failure: an architecture may make it."""
    own: list[Step] = [("T/0/answer", AnswerSubmitted(code="own"), 1)]

    told = verified([*GOOD[:5], *own])

    assert told.holds
    assert "T/0" in notes(told)["own"]


def test_unsealed_run(verified: Verify) -> None:
    """A log without a seal is of a live or a killed run, and holds."""
    told = verified(GOOD[:5], sealed=False)

    assert told.holds
    assert "still going on, or was killed" in notes(told)["seal"]


def test_tasks_that_were_never_posed(verified: Verify) -> None:
    """Cases of the settings that no line poses are named."""
    assert "1 of 1 never posed: T/0" in notes(verified(GOOD[:1]))["tasks"]


def test_unknown_events_are_counted_by_type(verified: Verify) -> None:
    """Events of a plug-in that is not loaded are told by type and number, and may be what a role answered."""
    mood = Unknown(type="Mood", raw=b'{"type":"Mood","sunny":true}')
    steps: list[Step] = [*GOOD[:5], ("T/0/m.0", mood, 4), ("T/0/m.1", mood, 5), ("T/0/answer", SUBMITTED, 6)]

    told = verified(steps)

    assert told.holds
    assert "2 Mood" in notes(told)["unknown"]


def test_damage_is_told_with_its_place(verified: Verify, tmp_path: Path) -> None:
    """Of a damaged log the first bad line is told, and the checks are of the lines before it."""
    verified(GOOD)
    log = tmp_path / LOG_NAME
    lines = log.read_bytes().splitlines(keepends=True)
    lines[4] = lines[4].replace(b"return", b"retorn")
    log.write_bytes(b"".join(lines))

    told = verify_log(log)

    offset = sum(map(len, lines[:4]))
    assert failed(told).keys() == {"lines"}
    assert failed(told)["lines"].startswith(f"line 5 (byte {offset}) is damaged")
    assert notes(told) == {}


def test_torn_tail_is_a_note(verified: Verify, tmp_path: Path) -> None:
    """A last line that was cut short is told with its bytes, and the log holds."""
    verified(GOOD[:5], sealed=False)
    log = tmp_path / LOG_NAME
    end = log.stat().st_size
    log.write_bytes(log.read_bytes() + b'{"seq":5,"pr')

    told = verify_log(log)

    assert told.holds
    assert f"12 bytes of an unfinished line at byte {end}" in notes(told)["tail"]


def test_newer_format_is_refused(tmp_path: Path) -> None:
    """A log that only a later version can read is an error, not a failed check."""
    log = LogFile.create(tmp_path)
    log.stage("", header(format=99))
    log.close()

    with pytest.raises(LogForeign, match="format 99"):
        verify_log(log.path)


def test_no_log(tmp_path: Path) -> None:
    """A folder without a log is an error."""
    with pytest.raises(LogMissing):
        verify_log(tmp_path / LOG_NAME)
