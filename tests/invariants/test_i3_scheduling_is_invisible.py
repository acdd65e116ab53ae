"""I3: what a case produces depends on problem, roles and answers, never on the order of tasks."""

from collections.abc import Sequence
from random import Random

import anyio.lowlevel
import pytest

from events import Entry, Event, GenerationRequested
from fractal_agent.architectures.base import Architecture
from fractal_agent.engines.scripted import ScriptedEngine
from fractal_agent.recorder import MemoryRecorder
from fractal_agent.testing import make_task, run_in_memory
from replay.journal import Journal
from replay.policy import Strict

CASES = 4


Produced = dict[tuple[str, str], Event]


def by_path(entries: Sequence[Entry[Event]]) -> Produced:
    """The events by path and type, of which no two may be the same."""
    found = {(entry.path, type(entry.event).__name__): entry.event for entry in entries}
    assert len(found) == len(entries)
    return found


class SlowRecorder(MemoryRecorder):
    """Lets other tasks run before a line is in, as a disk does."""

    async def record(self, path: str, event: Event, cause: int | None = None) -> int:
        await anyio.lowlevel.checkpoint()
        return await super().record(path, event, cause)


async def produced(shape: Architecture, *, schedule: int, concurrency: int = 0) -> Produced:
    """What a run records when the engine answers in an order drawn from `schedule`."""
    order = Random(schedule)

    async def answer(request: GenerationRequested, path: str) -> str:
        for _ in range(order.randrange(40)):
            await anyio.lowlevel.checkpoint()
        return f"    return {len(request.messages[-1].content)}  # {request.seed}\n"

    tasks = [make_task(f"Test/{number}") for number in range(CASES)]
    recorder = SlowRecorder()
    await run_in_memory(tasks, shape, ScriptedEngine(answer), recorder=recorder, concurrency=concurrency)
    return by_path(recorder.entries)


@pytest.mark.parametrize("schedule", range(1, 9))
async def test_order_of_answers_does_not_show(shape: Architecture, schedule: int) -> None:
    """Answers that come in another order leave the same events at the same paths."""
    expected = await produced(shape, schedule=0)

    assert await produced(shape, schedule=schedule) == expected


async def test_concurrency_does_not_show(shape: Architecture) -> None:
    """One case at a time records the same as all at once."""
    at_once = await produced(shape, schedule=5)

    assert await produced(shape, schedule=6, concurrency=1) == at_once


async def test_other_cases_do_not_show(shape: Architecture) -> None:
    """A case alone records what it records among others."""
    among_others = await produced(shape, schedule=3)

    async def answer(request: GenerationRequested, path: str) -> str:
        return f"    return {len(request.messages[-1].content)}  # {request.seed}\n"

    alone = by_path(await run_in_memory([make_task("Test/2")], shape, ScriptedEngine(answer)))
    assert alone == {key: event for key, event in among_others.items() if key[0].startswith("Test/2")}


@pytest.mark.parametrize("schedule", range(4))
async def test_any_schedule_replays(shape: Architecture, schedule: int) -> None:
    """What was recorded in any order of answers agrees with a replay, and all of it is come by."""
    recorder, order = SlowRecorder(), Random(schedule)

    async def answer(request: GenerationRequested, path: str) -> str:
        for _ in range(order.randrange(20)):
            await anyio.lowlevel.checkpoint()
        return "    pass\n"

    tasks = [make_task(f"Test/{number}") for number in range(2)]
    await run_in_memory(tasks, shape, ScriptedEngine(answer), recorder=recorder)
    policy = Strict(Journal(recorder.entries))

    replayed = await run_in_memory(tasks, shape, ScriptedEngine(answer), policy=policy)

    assert replayed == []
    assert policy.effects | policy.facts == {entry.path for entry in recorder.entries}
