"""What a role asks wrongly is an error where it asks, in a run and in a unit test alike."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from agents import Context
from agents.testing import ScriptedContext
from events import Example, ExecutionCompleted, Message
from fractal_agent.engines.scripted import ScriptedEngine
from fractal_agent.recorder import MemoryRecorder
from fractal_agent.sandbox import InstantSandbox
from fractal_agent.scope import Scope, World
from replay.policy import Live

ASK = Message(role="user", content="Say yes.")


def in_a_run() -> Context:
    engine = ScriptedEngine(lambda request, path: "yes", description="test")
    recorder = MemoryRecorder()
    world = World(engine=engine, sandbox=InstantSandbox(), recorder=recorder, policy=Live(), seed=0)
    return Scope(world, "T/0/critic.0", 0)


def in_a_test() -> Context:
    return ScriptedContext(["yes"], [ExecutionCompleted(outcome="passed")])


both = pytest.mark.parametrize("context", [in_a_run, in_a_test])


@both
@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"stop": None}, TypeError, "stop is None; expected a string or a sequence of strings"),
        ({"stop": 5}, TypeError, "stop is the int 5; expected a string or"),
        ({"stop": b"END"}, TypeError, "stop is the bytes b'END'"),
        ({"stop": ["END", 5]}, TypeError, r"stop\[1\] is the int 5"),
        ({"stop": [["END"]]}, TypeError, r"stop\[0\] is the list \['END'\]"),
        ({"stop": {"END"}}, TypeError, "stop is the set {'END'}"),
        ({"stop": ""}, ValueError, "stop holds an empty string"),
        ({"messages": "text"}, TypeError, "messages is the str 'text'; expected a sequence of Message"),
        ({"messages": []}, ValueError, "messages is empty; expected at least one Message"),
        ({"messages": ASK}, TypeError, "messages is the Message "),
        ({"messages": None}, TypeError, "messages is None"),
        ({"messages": [{"role": "user", "content": "x"}]}, TypeError, r"messages\[0\] is the dict "),
        (
            {"messages": [Message(role="bot", content="x")]},
            ValueError,
            r"messages\[0\]\.role is 'bot'; expected",
        ),
        ({"messages": [Message(role="user", content=None)]}, TypeError, r"messages\[0\]\.content is None"),
        ({"max_tokens": 0}, ValueError, "max_tokens is 0; expected an integer of 1 or more"),
        ({"max_tokens": -5}, ValueError, "max_tokens is -5"),
        ({"max_tokens": 5.0}, TypeError, "max_tokens is the float 5.0; expected an integer"),
        ({"max_tokens": True}, TypeError, "max_tokens is the bool True"),
        ({"max_tokens": None}, TypeError, "max_tokens is None"),
        ({"temperature": -1}, ValueError, "temperature is -1; expected a number of 0 or more"),
        ({"temperature": float("nan")}, ValueError, "temperature is nan"),
        ({"temperature": float("inf")}, ValueError, "temperature is inf"),
        ({"temperature": "0.5"}, TypeError, "temperature is the str '0.5'"),
        ({"temperature": None}, TypeError, "temperature is None"),
        ({"top_p": 1.5}, ValueError, "top_p is 1.5; expected a number from 0 to 1"),
        ({"top_p": -0.1}, ValueError, "top_p is -0.1"),
        ({"prefill": None}, TypeError, "prefill is None; expected a string"),
        ({"prefill": ["def"]}, TypeError, r"prefill is the list \['def'\]"),
    ],
)
async def test_generation_that_is_asked_wrongly(
    context: Callable[[], Context], arguments: Mapping[str, Any], error: type[Exception], told: str
) -> None:
    """The error names the parameter, what was found and what is expected."""
    asked = {"messages": [ASK], **arguments}
    with pytest.raises(error, match=f"ctx.generate: {told}"):
        await context().generate(asked.pop("messages"), **asked)


@both
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"program": None}, "program is None; expected a string"),
        ({"program": b"x"}, "program is the bytes b'x'"),
        ({"entry_point": None}, "entry_point is None"),
        ({"examples": "f(1) == 2"}, "examples is the str 'f.1. == 2'; expected a sequence of Example"),
        ({"examples": Example(call="f(1)", expected="2")}, "examples is the Example "),
        ({"examples": [("f(1)", "2")]}, r"examples\[0\] is the tuple "),
    ],
)
async def test_execution_that_is_asked_wrongly(
    context: Callable[[], Context], arguments: Mapping[str, Any], told: str
) -> None:
    """The error names the parameter, what was found and what is expected."""
    asked = {"program": "", "entry_point": "f", "examples": (), **arguments}
    with pytest.raises(TypeError, match=f"ctx.execute: {told}"):
        await context().execute(asked.pop("program"), **asked)


@both
@pytest.mark.parametrize("stop", ["END", ["END"], ("END",)], ids=["text", "list", "tuple"])
async def test_one_stop(context: Callable[[], Context], stop: Any) -> None:
    """One string is one stop, and the same as a sequence that holds it."""
    ctx = context()

    await ctx.generate([ASK], stop=stop)

    recorder = ctx._world.recorder if isinstance(ctx, Scope) else None
    asked = recorder.entries[0].event if recorder else ctx.generations[0]  # type: ignore[attr-defined]
    assert asked.stop == ("END",)


@both
async def test_slip_leaves_no_trace(context: Callable[[], Context]) -> None:
    """A role that catches the error and asks again is answered as if it had asked rightly at once."""
    ctx = context()
    with pytest.raises(TypeError):
        await ctx.generate("text")  # type: ignore[arg-type]

    assert (await ctx.generate([ASK])).text == "yes"
    if isinstance(ctx, Scope):
        assert {entry.path for entry in ctx._world.recorder.entries} == {"T/0/critic.0/generate.0"}


def test_answers_of_a_test_in_one_string() -> None:
    """A scripted context refuses one string, which would be an answer a character."""
    with pytest.raises(TypeError, match="the string 'yes'; expected a sequence of answers"):
        ScriptedContext("yes")
