"""Plans in every dress: fences, scripts, marks, JSON, pages."""

import time
from pathlib import Path

import msgspec
import pytest

from agents.replies import outline_of, plan_of, steps_of
from events import Step

STEPS = "1. Add the numbers.\n2. Return the sum."

DRESSED = msgspec.json.decode(
    (Path(__file__).parent / "answers" / "plans.json").read_bytes(), type=dict[str, str]
)
"""Two steps in fences, scripts, marks, JSON and pages."""


@pytest.mark.parametrize("answer", DRESSED.values(), ids=DRESSED)
def test_steps_are_found_in_any_dress(answer: str) -> None:
    """However two steps are numbered, fenced or wrapped, the plan is these two."""
    assert plan_of(answer) == STEPS


@pytest.mark.parametrize("name", ["md", "bare", "think", "json", "circ", "box", "zh", "li"])
def test_outline_is_found_where_a_plan_is(name: str) -> None:
    """A list in a fence, behind thinking or in other marks gives the outline and the steps."""
    steps = (Step(text="Add the numbers."), Step(text="Return the sum."))

    assert outline_of(DRESSED[name]) == steps_of(DRESSED[name]) == steps


@pytest.mark.parametrize(
    "answer",
    [
        "```python\ndef f(x):\n    return x\n```",
        "<think>\n1. Add.\n2. Return.",
        "```\n```",
        "{}",
        "[]",
        "\u2460",
    ],
)
def test_nothing_is_made_into_no_plan(answer: str) -> None:
    """Code, thoughts and empty wrappings hold no plan."""
    assert plan_of(answer) == ""


def test_number_that_ends_a_sentence_begins_no_step() -> None:
    """A step that says `less than 2. If so` is one step."""
    step = "1. Check whether `n` is less than 2. If so, return 2."

    assert plan_of(step) == step


def test_paragraph_is_a_plan_of_one_step() -> None:
    """Prose without numbers is one step."""
    assert plan_of("Add the two numbers and return them.") == "1. Add the two numbers and return them."


@pytest.mark.parametrize(
    "text", ["<li>a" * 200_000, "\u2460" * 1_000_000, "> " * 500_000, "- [ ] " * 160_000, "#" * 10**6]
)
def test_megabyte_is_listed_in_no_time(text: str) -> None:
    """No megabyte takes more than five seconds of processor time."""
    before = time.process_time()

    plan_of(text)

    assert time.process_time() - before < 5
