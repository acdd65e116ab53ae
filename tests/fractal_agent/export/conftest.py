"""Runs to export, written by the real writer with a clock that ticks."""

import itertools
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from events import (
    AnswerSubmitted,
    Event,
    ExampleResult,
    ExecutionCompleted,
    ExecutionRequested,
    GradingCompleted,
    GradingRequested,
    LogFile,
    Origin,
    RunEnded,
)
from events.fakes import code, header, small_run
from events.lifecycle import Branch
from events.work import Example

Facts = list[tuple[str, Event, int | None]]
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes events to a log and gives its folder; each line is a second after the one before."""

    def run(facts: Facts, *, seal: bool = True, name: str = "run") -> Path:
        ticks = itertools.count(1_764_000_000)
        log = LogFile.create(tmp_path / name, clock=lambda: float(next(ticks)))
        for path, event, cause in facts:
            log.stage(path, event, cause)
        if seal:
            log.seal()
        log.close()
        return tmp_path / name

    return run


@pytest.fixture
def facts() -> Facts:
    """A case that fails the hidden tests: a generation, the code, a failing execution, the verdict."""
    shown = Example(call="f()", expected="2")
    causes = [None, None, 1, 2, 1]
    begun = [(path, event, cause) for (path, event), cause in zip(small_run(), causes, strict=True)]
    result = ExampleResult(example=shown, outcome="failed", actual="1")
    return [
        *begun,
        (
            "T/0/critic.0/execute.0",
            ExecutionRequested(program="SECRET", entry_point="f", examples=(shown,)),
            4,
        ),
        (
            "T/0/critic.0/execute.0",
            ExecutionCompleted(outcome="failed", results=(result,), error="SECRET"),
            5,
        ),
        ("T/0/critic.0", code(), 4),
        ("T/0/answer", AnswerSubmitted(code="SECRET"), 4),
        ("T/0/grade.0", GradingRequested(code="SECRET", entry_point="f", tests_digest="d"), 8),
        ("T/0/grade.0", GradingCompleted(outcome="failed", error="SECRET"), 9),
        ("", RunEnded(outcome="completed"), None),
    ]


@pytest.fixture
def forked() -> Facts:
    """A fork that runs the parent's case in a branch of its own."""
    origin = Origin(run_id="parent", log="parent/log.jsonl", head="", branches=(Branch(name="sample-0"),))
    started = msgspec.structs.replace(header(), origin=origin)
    moved = [(f"sample-0/{path}", event, None) for path, event in small_run()[1:]]
    return [("", started, None), *moved]
