"""How a role's wishes become recorded effects."""

import anyio
import pytest

from events import GenerationCompleted, GenerationRequested, Message
from fractal_agent.engines.scripted import Answer, ScriptedEngine
from fractal_agent.recorder import MemoryRecorder
from fractal_agent.sandbox import InstantSandbox
from fractal_agent.scope import ConcurrentEffect, Scope, World, WorldFailed, derive_seed
from replay.policy import Live

ASK = [Message(role="user", content="Hello")]


def scope(answer: Answer = lambda request, path: "hi", *, seed: int = 0, path: str = "A/coder.0") -> Scope:
    world = World(
        engine=ScriptedEngine(answer),
        sandbox=InstantSandbox(),
        recorder=MemoryRecorder(),
        policy=Live(),
        seed=seed,
    )
    return Scope(world, path, cause=7)


def entries(of: Scope) -> list[tuple[str, str, int | None]]:
    recorder = of._world.recorder
    assert isinstance(recorder, MemoryRecorder)
    return [(entry.path, type(entry.event).__name__, entry.cause) for entry in recorder.entries]


async def test_effects_are_numbered_by_kind() -> None:
    """Paths count each kind of effect from 0, and a result follows from its request."""
    ctx = scope()

    await ctx.generate(ASK)
    await ctx.execute("", entry_point="f", examples=[])
    await ctx.generate(ASK)

    assert entries(ctx) == [
        ("A/coder.0/generate.0", "GenerationRequested", 7),
        ("A/coder.0/generate.0", "GenerationCompleted", 0),
        ("A/coder.0/execute.0", "ExecutionRequested", 7),
        ("A/coder.0/execute.0", "ExecutionCompleted", 2),
        ("A/coder.0/generate.1", "GenerationRequested", 7),
        ("A/coder.0/generate.1", "GenerationCompleted", 4),
    ]


async def test_second_effect_in_flight_is_refused() -> None:
    """A role that starts an effect beside another is told where, and to use each."""
    ctx = scope(lambda request, path: _never())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ctx.generate, ASK)
        await anyio.wait_all_tasks_blocked()
        expected = r"A/coder\.0/generate\.1: asked for while A/coder\.0/generate\.0 is .*stage\.each"
        with pytest.raises(ConcurrentEffect, match=expected):
            await ctx.generate(ASK)
        tasks.cancel_scope.cancel()


async def _never() -> str:
    await anyio.sleep_forever()
    return ""


async def test_effect_may_follow_a_failed_one() -> None:
    """After an effect has raised, the next one is not taken for a concurrent one."""

    def fail(request: GenerationRequested, path: str) -> str:
        raise ValueError(path)

    ctx = scope(fail)

    for ordinal in range(2):
        with pytest.raises(WorldFailed, match=f"A/coder.0/generate.{ordinal}"):
            await ctx.generate(ASK)


async def test_cancellation_is_not_recorded_as_an_answer() -> None:
    """A cancelled generation leaves its request in the log and no result."""
    ctx = scope(lambda request, path: _never())

    with anyio.move_on_after(0.01):
        await ctx.generate(ASK)

    assert [name for _, name, _ in entries(ctx)] == ["GenerationRequested"]


async def test_seed_depends_on_run_and_path_only() -> None:
    """The same place in the same run has the same seed; another place or run has another."""
    assert derive_seed(0, "A/coder.0/generate.0") == derive_seed(0, "A/coder.0/generate.0")
    assert derive_seed(0, "A/coder.0/generate.0") != derive_seed(1, "A/coder.0/generate.0")
    assert derive_seed(0, "A/coder.0/generate.0") != derive_seed(0, "A/coder.0/generate.1")
    assert 0 <= derive_seed(0, "x") < 2**31


async def test_randomness_is_the_same_again() -> None:
    """Two scopes at one place draw the same numbers, at two places different ones."""
    drawn = [scope(path=path).random.random() for path in ("A/x.0", "A/x.0", "A/x.1")]

    assert drawn[0] == drawn[1] != drawn[2]


async def test_role_gets_what_the_engine_said() -> None:
    """The answer comes back whole, with its prefill."""
    answer = await scope().generate(ASK, prefill="oh ")

    assert answer == GenerationCompleted(
        text="oh hi", finish_reason="stop", prompt_tokens=1, completion_tokens=1
    )
