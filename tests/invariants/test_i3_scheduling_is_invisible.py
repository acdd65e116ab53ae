"""I3: what a case produces depends on problem, roles and answers, never on the order of tasks."""

from collections.abc import Sequence
from random import Random

import anyio.lowlevel
import pytest

from events import Entry, Event, GenerationRequested
from fractal_agent.architectures.base import Architecture
from fractal_agent.engines.scripted import ScriptedEngine
from fractal_agent.testing import make_task, run_in_memory

CASES = 4


Produced = dict[tuple[str, str], Event]


def by_path(entries: Sequence[Entry[Event]]) -> Produced:
    return {(entry.path, type(entry.event).__name__): entry.event for entry in entries}


async def produced(
    shape: Architecture, *, schedule: int, concurrency: int = 0
) -> Produced:
    """What a run records when the engine answers in an order drawn from `schedule`."""
    order = Random(schedule)

    async def answer(request: GenerationRequested, path: str) -> str:
        for _ in range(order.randrange(40)):
            await anyio.lowlevel.checkpoint()
        return f"    return {len(request.messages[-1].content)}  # {request.seed}\n"

    tasks = [make_task(f"Test/{number}") for number in range(CASES)]
    return by_path(await run_in_memory(tasks, shape, ScriptedEngine(answer), concurrency=concurrency))


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
