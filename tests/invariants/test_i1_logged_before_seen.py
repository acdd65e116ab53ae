"""I1: no role receives an event and no effect starts before its line is in the log."""

from collections.abc import Callable
from typing import Any

import pytest

from agents.role import Role
from events import (
    Event,
    ExecutionCompleted,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    GradingRequested,
)
from fractal_agent.architectures.base import Architecture
from fractal_agent.engines.scripted import ScriptedEngine, placeholder
from fractal_agent.recorder import MemoryRecorder
from fractal_agent.sandbox import InstantSandbox
from fractal_agent.sandbox.instant import everything_passes
from fractal_agent.testing import make_task, run_in_memory


class SlowRecorder(MemoryRecorder):
    """Yields to every other task before the line is in, so that a race would show."""

    async def record(self, path: str, event: Event, cause: int | None = None) -> int:
        import anyio.lowlevel

        for _ in range(3):
            await anyio.lowlevel.checkpoint()
        return await super().record(path, event, cause)


class Witness:
    """Notes whatever was seen by a role, the engine or the sandbox before its line was in the log."""

    def __init__(self) -> None:
        self.recorder = SlowRecorder()
        self.engine = ScriptedEngine(self._answer)
        self.sandbox = InstantSandbox(execute=self._execute, grade=self._grade)
        self.early: list[str] = []
        self.seen = 0

    def see(self, event: Event) -> None:
        self.seen += 1
        if not any(entry.event is event for entry in self.recorder.entries):
            self.early.append(repr(event))

    def _answer(self, request: GenerationRequested, path: str) -> str:
        self.see(request)
        return placeholder(request, path)

    def _grade(self, code: str, entry_point: str, tests: str) -> GradingCompleted:
        self.seen += 1
        if not any(isinstance(entry.event, GradingRequested) for entry in self.recorder.entries):
            self.early.append("grading")
        return GradingCompleted(outcome="passed")

    def _execute(self, request: ExecutionRequested) -> ExecutionCompleted:
        self.see(request)
        return everything_passes(request)


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Witness:
    witness = Witness()
    act: Callable[..., Any] = Role.act

    async def watched(self: Role[Any, Any], event: Event, ctx: Any) -> Event:
        witness.see(event)
        return await act(self, event, ctx)  # type: ignore[no-any-return]

    monkeypatch.setattr(Role, "act", watched)
    return witness


async def test_nothing_is_seen_before_it_is_logged(shape: Architecture, witness: Witness) -> None:
    """Every event a role gets, and every request the world gets, is in the log by then."""
    tasks = [make_task(f"Test/{number}") for number in range(3)]

    await run_in_memory(tasks, shape, witness.engine, sandbox=witness.sandbox, recorder=witness.recorder)

    assert witness.seen >= 3
    assert witness.early == []


async def test_result_is_logged_before_the_role_goes_on(shape: Architecture, witness: Witness) -> None:
    """A generation's result stands in the log before the line of the event made from it."""
    await run_in_memory([make_task()], shape, witness.engine, recorder=witness.recorder)

    seqs = {entry.path: entry.seq for entry in witness.recorder.entries}
    for entry in witness.recorder.entries:
        if isinstance(entry.event, GenerationCompleted):
            assert entry.seq < seqs[entry.path.rpartition("/")[0]]
