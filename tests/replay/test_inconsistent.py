"""Whole lines that do not follow from each other are a damaged log, and no bug."""

import pytest

from events import CodeWritten, Entry, Event, ExecutionCompleted, LogInconsistent, ProblemPosed
from replay.journal import Journal
from replay.timeline import Timeline

PROBLEM = ProblemPosed(task_id="T/0", prompt="", entry_point="f")


def entry(path: str, event: Event) -> Entry[Event]:
    return Entry(seq=0, at=0.0, path=path, cause=None, event=event)


def test_line_outside_of_every_case() -> None:
    """A timeline names the event and the path that lie in no case."""
    with pytest.raises(LogInconsistent, match=r"a CodeWritten at 'T/9/coder\.0' which is in no case"):
        Timeline.of([entry("T/9/coder.0", CodeWritten(problem=PROBLEM, code=""))])


def test_answer_without_a_request() -> None:
    """A journal names the answer that nobody had asked for."""
    with pytest.raises(
        LogInconsistent, match=r"ExecutionCompleted at 'T/0/critic\.0/execute\.0' that nobody"
    ):
        Journal([entry("T/0/critic.0/execute.0", ExecutionCompleted(outcome="passed"))])
