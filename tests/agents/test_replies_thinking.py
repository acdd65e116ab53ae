"""Telling what a model thought from what it answered."""

import time

import pytest

from agents.designer import designer
from agents.replies import code_of, outline_of, plan_of, snippet_of, split_thinking, steps_of
from agents.testing import ScriptedContext
from events import ProblemPosed, Step

PROBLEM = ProblemPosed(task_id="T/0", prompt='def add(a, b):\n    """Add."""\n', entry_point="add")

MARKED = {
    "think": "<think>\nwhy\n</think>\nyes",
    "thinking": "<thinking>why</thinking>yes",
    "thought": "<thought>why</thought>yes",
    "reasoning": "<reasoning>\nwhy\n</reasoning>\n\nyes",
    "capitals": "<THINK>why</Think>yes",
    "attributes": '<think type="long" n=3>why</think >yes',
    "only the end": "why\n</think>\n\nyes",
    "only the end, with an apostrophe": "why</think>yes",
    "triangles": "\u25c1think\u25b7why\u25c1/think\u25b7yes",
    "brackets": "[THINK]why[/THINK]yes",
    "channels": "<|channel|>analysis<|message|>why<|end|><|start|>assistant"
    "<|channel|>final<|message|>yes<|return|>",
    "channels without marks": "analysis\nwhy" + "assistantfinalyes",
    "begin of thought": "<|begin_of_thought|>why<|end_of_thought|>yes",
    "prefixed": "<seed:think>why</seed:think>yes",
    "entities": "&lt;think&gt;why&lt;/think&gt;yes",
    "terminal": "Thinking...\nwhy\n...done thinking.\n\nyes",
}


@pytest.mark.parametrize("text", MARKED.values(), ids=MARKED)
def test_reasoning_is_told_from_the_answer(text: str) -> None:
    """However reasoning is marked, it and the answer come apart, without the marks."""
    reasoning, answer = split_thinking(text)

    assert (reasoning, answer.strip()) == ("why", "yes")


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>a</think>x\n<think>b</think>\ny", "a\nb", "x\n\ny"),
        ("<think>a<think>b</think>c</think>y", "<think>a<think>b</think>c", "y"),
        ("<think>Say </think> at last.</think>y", "<think>Say </think> at last.", "y"),
        ("<think></think>\n\n    y", "", "    y"),
        ("<think/>y", "", "y"),
        ("1.<think>a</think>1. y", "a", "1.\n1. y"),
        ("It's `<think>` that I avoid.\n<think>a</think>y", "a", "It's `<think>` that I avoid.\ny"),
    ],
    ids=["several", "nested", "named inside", "empty", "closed at once", "after a prefill", "named before"],
)
def test_reasoning_in_pieces(text: str, reasoning: str, answer: str) -> None:
    """All reasoning is left out, wherever it stands, and the answer keeps its lines and its margin."""
    assert split_thinking(text) == (reasoning, answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [("<think>\nwhy", ""), ("yes\n<think>why", "yes\n"), ("1. <think>\nwhy", "1. ")],
)
def test_reasoning_without_end_has_no_answer_below(text: str, answer: str) -> None:
    """Of reasoning that is cut off nothing is taken for the answer."""
    assert split_thinking(text) == ("why", answer)


@pytest.mark.parametrize(
    "text",
    [
        "def f(s):\n    return s.split('</think>')[-1]  # <think>\n",
        'def f(s):\n    """Strip.\n\n    <think>\n    why\n    </think>\n    """\n    return s\n',
        "```python\nTAG = \"<think>\"\nEND = f'</think>'\n```\n",
        "Don't <think> too long.\nyes",
        "x = a < think > b",
        "",
        "plain",
    ],
)
def test_tag_in_code_is_no_mark(text: str) -> None:
    """A tag in a string, a comment, a docstring or a sentence leaves the text as it is."""
    assert split_thinking(text) == ("", text)


async def test_no_reader_takes_a_thought_for_an_answer() -> None:
    """Code, plan, outline, steps, snippet and sketch are read from the answer alone."""
    thought = "<think>\n1. Subtract them.\n\n```python\ndef add(a, b):\n    return a - b\n```\n</think>\n\n"

    sketched = await designer.act(PROBLEM, ScriptedContext([thought + "Add them."]))

    assert code_of(f"{thought}```python\ndef add(a, b):\n    return a + b\n```", PROBLEM).count("return") == 1
    assert "return" not in code_of(thought, PROBLEM)
    assert plan_of(thought + "1. Add them.") == "1. Add them."
    assert (
        outline_of(thought + "1. Add them.")
        == steps_of(thought + "1. Add them.")
        == (Step(text="Add them."),)
    )
    assert snippet_of(thought + "```python\nreturn a + b\n```") == "return a + b"
    assert sketched.sketch == "Add them."


def test_thought_after_the_prefill_is_no_code() -> None:
    """A model that thinks behind the prompt that it was to go on from still gives the function."""
    begun = f"```python\n{PROBLEM.prompt.strip()}\n<think>\nreturn a - b?\n</think>\n"

    assert "return a + b" in code_of(begun + "    return a + b\n", PROBLEM)
    assert "a - b" not in code_of(begun + "    return a + b\n", PROBLEM)
    assert "return a + b" in code_of(begun + "```python\ndef add(a, b):\n    return a + b\n```", PROBLEM)


LONG = {
    "open": "<think>" * 150_000,
    "open in lines": "x <think> " * 100_000,
    "close": "</think>" * 120_000,
    "escapes": "'\\'" * 330_000 + "</think>",
    "quotes": '"""\\"""\n' * 100_000 + "<think>",
    "angles": "<" * 1_000_000 + "<think>",
    "attributes": "<think " * 150_000,
    "channels": "<|channel|>a<|message|>" * 40_000,
    "terminal": "Thinking...\n" + "\n" * 1_000_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_megabyte_is_split_in_no_time(text: str) -> None:
    """No megabyte takes more than five seconds of processor time."""
    before = time.process_time()

    split_thinking(text)

    assert time.process_time() - before < 5
