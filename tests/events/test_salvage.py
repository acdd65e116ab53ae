"""The log that is made of what a damaged one still holds."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from events import (
    LOG_NAME,
    AnswerSubmitted,
    Event,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    GradingRequested,
    LogExists,
    LogFile,
    LogReader,
    LogSalvaged,
    RunEnded,
    RunResumed,
    Unknown,
)
from events.envelope import Line
from events.fakes import code, header, problem
from events.salvage import remains_of, write_remains
from events.wreck import read_wreck

Step = tuple[str, Event | Unknown, int | None]

ASKED = GenerationRequested(messages=())
SAID = GenerationCompleted(text="", finish_reason="stop")
RESUMED = RunResumed(provenance=header().provenance)
ENDED = RunEnded(outcome="completed")
MOOD = Unknown(type="Mood", raw=b'{"type": "Mood",  "sunny":true}')

CASE: list[Step] = [
    ("", header(), None),
    ("T/0", problem(), None),
    ("T/0/coder.0/generate.0", ASKED, 1),
    ("T/0/coder.0/generate.0", SAID, 2),
    ("T/0/coder.0", code(), 1),
    ("T/0/answer", AnswerSubmitted(code=code().code), 4),
    ("T/0/grade.0", GradingRequested(code=code().code, entry_point="f", tests_digest=""), 5),
    ("T/0/grade.0", GradingCompleted(outcome="passed"), 6),
    ("", ENDED, None),
]


def salvaged(
    place: Path, steps: Sequence[Step], *, lost: Sequence[int], reached: Sequence[str] = ()
) -> list[Line]:
    """The new log, without its header and its seal, of a log of these steps that lacks some lines."""
    log = LogFile.create(place / "old", clock=lambda: 5.0)
    for path, event, cause in steps:
        log.stage(path, event, cause)  # type: ignore[arg-type]  # an unknown event is written as it is
    log.seal()
    log.close()
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(line for seq, line in enumerate(lines) if seq not in lost))
    wreck = read_wreck(log.path)
    remains = remains_of(wreck).narrowed({"T/0": reached})
    write_remains(remains, wreck, source=log.path, folder=place / "new", run_id="new", clock=lambda: 9.0)
    return list(LogReader(place / "new" / LOG_NAME))[1:-1]


def told(lines: Sequence[Line]) -> list[str]:
    """The path or, of the run's own lines, the type of each line behind the account."""
    return [line.path or type(line.event).__name__ for line in lines[1:]]


def account(lines: Sequence[Line]) -> LogSalvaged:
    assert isinstance(lines[0].event, LogSalvaged)
    return lines[0].event


def test_account_stands_behind_the_header(tmp_path: Path) -> None:
    """The second line says from where, what was lost, what was left out, and which cases are open again."""
    lines = salvaged(tmp_path, CASE, lost=[4])

    said = account(lines)
    assert (lines[0].path, lines[0].at) == ("", 9.0)
    assert said.source == str(tmp_path / "old" / LOG_NAME)
    assert [part.line for part in said.lost] == [5]
    assert [part.problem for part in said.dropped] == ["is of the verdict of a reopened case"] * 3
    assert said.reopened == ("T/0",)


def test_header_has_the_new_name(tmp_path: Path) -> None:
    """The header is the old one but for the run's id, with fields that are not known here."""
    salvaged(tmp_path, CASE, lost=[4])

    old, new = (
        msgspec.json.decode((tmp_path / name / LOG_NAME).read_bytes().splitlines()[0])["event"]
        for name in ("old", "new")
    )
    assert new == {**old, "run_id": "new"}


def test_causes_name_the_same_lines(tmp_path: Path) -> None:
    """Lines are numbered anew, and each cause still names the line that it named."""
    lines = salvaged(tmp_path, CASE, lost=[8])

    assert [line.cause for line in lines[2:]] == [2, 3, 2, 5, 6, 7]
    assert {line.at for line in lines[1:]} == {5.0}


@pytest.mark.parametrize(
    ("lost", "kept"),
    [
        ([1], []),
        ([2], ["T/0", "T/0/coder.0"]),
        ([3], ["T/0", "T/0/coder.0/generate.0", "T/0/coder.0"]),
        ([4], ["T/0", "T/0/coder.0/generate.0", "T/0/coder.0/generate.0"]),
        ([7], ["T/0", "T/0/coder.0/generate.0", "T/0/coder.0/generate.0", "T/0/coder.0"]),
        ([8], [path or "RunEnded" for path, _, _ in CASE[1:8]]),
    ],
    ids=["problem", "request", "result", "answer", "verdict", "end"],
)
def test_lost_line(tmp_path: Path, lost: list[int], kept: list[str]) -> None:
    """Whichever line is lost, only what needs it goes too, and always the verdict of a case around it."""
    assert told(salvaged(tmp_path, CASE, lost=lost, reached=[path for path, _, _ in CASE])) == kept


def test_only_what_was_reached_is_kept_behind_a_lost_line(tmp_path: Path) -> None:
    """Of a reopened case, a record behind the loss stays when a replay comes by it, and else does not."""
    assert told(salvaged(tmp_path, CASE, lost=[3])) == ["T/0", "T/0/coder.0/generate.0"]


def test_case_whose_life_spans_no_loss_keeps_its_verdict(tmp_path: Path) -> None:
    """What is lost behind the verdict costs a case nothing."""
    lines = salvaged(tmp_path, [*CASE[:8], ("", RESUMED, None), ("", ENDED, None)], lost=[8])

    assert account(lines).reopened == ()
    assert told(lines)[-1] == "RunEnded"


def test_completed_end_of_a_reopened_run_is_left_out(tmp_path: Path) -> None:
    """A run with an open case has not ended, whatever its last line said."""
    assert "RunEnded" not in told(salvaged(tmp_path, CASE, lost=[7]))


def test_end_stays_where_the_run_was_resumed(tmp_path: Path) -> None:
    """An end that a resume followed was one, and stays; one that lost its resume does not."""
    stopped: Step = ("", RunEnded(outcome="interrupted"), None)
    steps = [*CASE[:4], stopped, ("", RESUMED, None), *((path, event, None) for path, event, _ in CASE[4:5])]

    assert told(salvaged(tmp_path / "a", steps, lost=[2]))[-2:] == ["RunEnded", "RunResumed"]
    assert "RunEnded" not in told(salvaged(tmp_path / "b", steps, lost=[5], reached=["T/0/coder.0"]))


def test_request_that_was_asked_again_stays_once(tmp_path: Path) -> None:
    """A request that stands twice because of a resume that is lost is kept the second time only."""
    again: list[Step] = [("", RESUMED, None), CASE[2], ("T/0/coder.0/generate.0", SAID, 4)]

    lines = salvaged(tmp_path, [*CASE[:3], *again], lost=[3], reached=["T/0/coder.0/generate.0"])

    assert told(lines) == ["T/0", "T/0/coder.0/generate.0", "T/0/coder.0/generate.0"]
    assert "was asked again later" in [part.problem for part in account(lines).dropped]


def test_beginning_that_was_given_up_is_left_out_when_it_is_not_whole(tmp_path: Path) -> None:
    """What a case recorded before it began anew is kept whole or not at all, and reopens nothing."""
    anew = [("", RESUMED, None), *((path, event, cause and cause + 4) for path, event, cause in CASE[1:])]

    whole = salvaged(tmp_path / "a", [*CASE[:4], *anew], lost=[12])
    broken = salvaged(tmp_path / "b", [*CASE[:4], *anew], lost=[2])

    assert told(whole)[:3] == ["T/0", "T/0/coder.0/generate.0", "T/0/coder.0/generate.0"]
    assert told(broken)[0] == "RunResumed"
    assert account(broken).reopened == ()


def test_lost_new_beginning(tmp_path: Path) -> None:
    """Where two beginnings run together because the second problem is lost, only the first is believed."""
    anew = [("", RESUMED, None), *((path, event, None) for path, event, _ in CASE[1:5])]

    lines = salvaged(tmp_path, [*CASE[:5], *anew], lost=[6], reached=[path for path, _, _ in CASE])

    assert told(lines) == [*(path for path, _, _ in CASE[1:5]), "RunResumed"]


def test_unknown_events_are_kept_byte_for_byte(tmp_path: Path) -> None:
    """An event of a plug-in that is not loaded is written as it was read."""
    salvaged(tmp_path, [*CASE[:5], ("T/0/m.0", MOOD, 4), *CASE[8:]], lost=[6])

    assert MOOD.raw in (tmp_path / "new" / LOG_NAME).read_bytes()


def test_line_in_no_case_is_left_out(tmp_path: Path) -> None:
    """A line whose path lies in no case of the run means nothing to any reader."""
    lines = salvaged(tmp_path, [*CASE[:2], ("T/9/coder.0", code(), 1), *CASE[8:]], lost=[3])

    assert told(lines) == ["T/0"]
    assert [part.problem for part in account(lines).dropped] == ["lies in no case of the run"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Where a log lies already, none is written."""
    salvaged(tmp_path, CASE, lost=[4])
    before = (tmp_path / "new" / LOG_NAME).read_bytes()
    wreck = read_wreck(tmp_path / "old" / LOG_NAME)

    with pytest.raises(LogExists):
        write_remains(remains_of(wreck), wreck, source=tmp_path, folder=tmp_path / "new", run_id="new")

    assert (tmp_path / "new" / LOG_NAME).read_bytes() == before
