"""The roles of flat, tree and resample, each tried alone against a scripted world."""

import pytest

from agents.assembler import assembler
from agents.brancher import brancher
from agents.coder import STOPS, coder
from agents.designer import designer
from agents.opener import opener
from agents.role import Role
from agents.sampler import sampler
from agents.splitter import splitter
from agents.stepwriter import stepwriter
from agents.testing import ScriptedContext
from events import (
    AlgorithmSketched,
    CodeWritten,
    ProblemPosed,
    Snippet,
    SnippetsGathered,
    SnippetWritten,
    Step,
    StepPosed,
    StepsListed,
)

PROBLEM = ProblemPosed(task_id="T/0", prompt='def f(x):\n    """Return x plus one."""\n', entry_point="f")
SKETCH = AlgorithmSketched(problem=PROBLEM, sketch="Add one and return.")
STEPS = (Step(text="If x is a number:", inside=(Step(text="Add one."),)), Step(text="Return it."))
POSED = StepPosed(problem=PROBLEM, steps=STEPS, number="2", step=STEPS[1])


async def test_designer_keeps_the_answer() -> None:
    """The sketch is what the model wrote, asked with the problem in the prompt."""
    ctx = ScriptedContext([" Add one and return. \n"])

    assert await designer.act(PROBLEM, ctx) == SKETCH
    assert PROBLEM.prompt.strip() in ctx.generations[0].messages[0].content


@pytest.mark.parametrize(
    ("role", "answer", "steps"),
    [
        (splitter, " Add one.\n2. Return it.", (Step(text="Add one."), Step(text="Return it."))),
        (brancher, " If x is a number:\n    1.1. Add one.\n2. Return it.", STEPS),
    ],
    ids=["splitter", "brancher"],
)
async def test_sketch_becomes_steps(
    role: Role[AlgorithmSketched, StepsListed], answer: str, steps: tuple[Step, ...]
) -> None:
    """Both ask with the sketch in the prompt; only the Brancher's steps are nested."""
    ctx = ScriptedContext([answer])

    listed = await role.act(SKETCH, ctx)

    assert listed == StepsListed(problem=PROBLEM, sketch=SKETCH.sketch, steps=steps)
    assert SKETCH.sketch in ctx.generations[0].messages[0].content


async def test_stepwriter_knows_all_steps_and_no_code() -> None:
    """The prompt has every step with its number and says which one to write; the code has no fence."""
    ctx = ScriptedContext(["    return x\n```\nDone."])

    written = await stepwriter.act(POSED, ctx)

    assert written == SnippetWritten(number="2", code="return x")
    prompt = ctx.generations[0].messages[0].content
    assert "1. If x is a number:\n    1.1. Add one.\n2. Return it." in prompt
    assert "for step 2 only: Return it." in prompt


@pytest.mark.parametrize("role", [stepwriter, opener], ids=["stepwriter", "opener"])
async def test_whole_function_is_kept_and_marked(role: Role[StepPosed, SnippetWritten]) -> None:
    """A whole function where a snippet was asked for stays as it is, and the event says so."""
    written = await role.act(POSED, ScriptedContext(["def f(x):\n    return x\n```"]))

    assert written == SnippetWritten(number="2", code="def f(x):\n    return x", whole=True)


async def test_opener_writes_one_line() -> None:
    """The line that opens a block is all that the Opener's event holds."""
    written = await opener.act(POSED, ScriptedContext(["if isinstance(x, int):\n```"]))

    assert written == SnippetWritten(number="2", code="if isinstance(x, int):")


async def test_assembler_asks_nobody() -> None:
    """The function is put together without the model, and its plan is the outline."""
    snippets = (Snippet(code="if x:", inside=(Snippet(code="x += 1"),)), Snippet(code="return x"))
    ctx = ScriptedContext()

    written = await assembler.act(SnippetsGathered(problem=PROBLEM, steps=STEPS, snippets=snippets), ctx)

    assert written.code.endswith("    if x:\n        x += 1\n    return x\n")
    assert written.plan.splitlines()[1] == "    1.1. Add one."
    assert ctx.generations == []


async def test_sampler_asks_what_the_coder_asks() -> None:
    """Prompt, prefill, stops and budget are the Coder's; only the temperature differs."""
    first, other = ScriptedContext(["    return x + 1\n"]), ScriptedContext(["    return x + 1\n"])

    written, sampled = await coder.act(PROBLEM, first), await sampler.act(PROBLEM, other)

    assert written == sampled
    greedy, drawn = first.generations[0], other.generations[0]
    assert (greedy.temperature, drawn.temperature) == (0.0, 0.8)
    assert (greedy.messages, greedy.prefill, greedy.stop) == (drawn.messages, drawn.prefill, drawn.stop)
    assert greedy.max_tokens == drawn.max_tokens


@pytest.mark.parametrize("entry_point", ["test_duplicate", "check", "test", "testify", "f", "print_all"])
@pytest.mark.parametrize("role", [coder, sampler], ids=["coder", "sampler"])
async def test_no_stop_begins_the_function_that_is_asked_for(
    role: Role[ProblemPosed, CodeWritten], entry_point: str
) -> None:
    """An answer that writes the whole function is not stopped where the function begins."""
    prompt = f'def {entry_point}(x):\n    """Return x."""\n'
    ctx = ScriptedContext(["    return x\n"])

    await role.act(ProblemPosed(task_id="T/1", prompt=prompt, entry_point=entry_point), ctx)

    stops = ctx.generations[0].stop
    assert not any(stop in f"\n{prompt}" for stop in stops)
    assert set(stops) >= {"\n```\n", "\nif __name__", "\nprint(", "\nassert "}
    assert entry_point != "f" or stops == STOPS
