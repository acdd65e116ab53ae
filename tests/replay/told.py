"""Logs to compare, told in a few words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from events import (
    Branch,
    CodeWritten,
    Entry,
    Event,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    Message,
    Origin,
    PlanDrafted,
    ProblemPosed,
    RunStarted,
    Unknown,
)
from events.fakes import header
from replay.compare import Comparison
from replay.course import Pair

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"

Told = tuple[str, Event | Unknown] | tuple[str, Event | Unknown, int]
Run = list[Entry[Event | Unknown]]


def started(
    tasks: Sequence[str] = ("A",),
    branches: Sequence[str] = (),
    made: Mapping[str, object] | None = None,
    **changes: object,
) -> RunStarted:
    """A header; keywords change the settings."""
    usual = header()
    origin = Origin(
        run_id="parent", log="", head="", branches=tuple(Branch(name=branch) for branch in branches)
    )
    return RunStarted(
        run_id="run",
        settings=msgspec.structs.replace(usual.settings, tasks=tuple(tasks), **changes),
        provenance=msgspec.structs.replace(usual.provenance, **(made or {})),
        origin=origin if branches else None,
    )


def log(*told: Told, start: RunStarted | None = None, at: float = 0.0) -> Run:
    """A log, one line a second. A third part is the line it follows from, which else is the one before."""
    lines: list[Told] = [("", start or started()), *told]
    return [
        Entry(
            seq=seq,
            at=at + seq,
            path=line[0],
            cause=line[2] if len(line) == 3 else (seq - 1 if seq > 1 else None),
            event=line[1],
        )
        for seq, line in enumerate(lines)
    ]


def problem(task: str = "A") -> ProblemPosed:
    return ProblemPosed(task_id=task, prompt="def f(): ...", entry_point="f")


def asked(word: str = "Go.", *, seed: int = 0, reused: bool = False) -> GenerationRequested:
    return GenerationRequested(messages=(Message(role="user", content=word),), seed=seed, reused=reused)


def said(text: str = "Yes.", *, tokens: int = 1) -> GenerationCompleted:
    return GenerationCompleted(text=text, finish_reason="stop", prompt_tokens=10, completion_tokens=tokens)


def plan(text: str = "1. Go.", task: str = "A") -> PlanDrafted:
    return PlanDrafted(problem=problem(task), plan=text)


def code(text: str = "pass") -> CodeWritten:
    return CodeWritten(problem=problem(), code=text)


def graded(outcome: Any = "passed") -> GradingCompleted:
    return GradingCompleted(outcome=outcome)


def short(case: str, outcome: str, *, text: str = "", task: str = "") -> list[Told]:
    """A case that is posed, planned and graded."""
    return [
        (case, problem(task or case)),
        (f"{case}/planner.0", plan(text, task or case)),
        (f"{case}/grade.0", graded(outcome)),
    ]


def only(comparison: Comparison) -> Pair:
    """The one pair there is."""
    (pair,) = comparison.pairs
    return pair


def place_of(comparison: Comparison) -> str:
    divergence = only(comparison).divergence
    assert divergence is not None
    return divergence.place
