"""Reading plans out of answers: the steps, and nothing that a model says around them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.replies import plan_of

STEPS = "1. Sort the list.\n2. Return the last item."

ANSWERS = {
    "just steps": STEPS,
    "chatter before": f"Sure, here is a plan:\n\n{STEPS}",
    "chatter after": f"{STEPS}\n\nThis plan handles all cases.",
    "chatter right after": f"{STEPS}\nThis plan handles all cases.",
    "code after": f"{STEPS}\n\n```python\ndef f(x):\n    return 1\n```\n",
    "code before": f"```python\n1. no\n```\n{STEPS}",
    "open code after": f"{STEPS}\n```python\n3. no",
    "code announced": f"{STEPS}\nHere is the code:\n```python\npass\n```",
    "brackets": "1) Sort the list.\n2) Return the last item.",
    "words": "Step 1: Sort the list.\nStep 2: Return the last item.",
    "headings": "### Step 1: Sort the list.\n\n### Step 2: Return the last item.",
    "bold": "**1.** Sort the list.\n**2.** Return the last item.",
    "bold text": "1. **Sort** the list.\n2. Return the **last** item.",
    "blank lines between": "1. Sort the list.\n\n2. Return the last item.\n",
    "indented": "  1. Sort the list.\n  2. Return the last item.",
    "bullets": "- Sort the list.\n- Return the last item.",
    "stars": "* Sort the list.\n* Return the last item.",
    "plain lines": "Sort the list.\nReturn the last item.",
    "cut in a step": f"{STEPS}\n3. If the list is em",
    "cut before a step": f"{STEPS}\n3.",
    "said again": f"{STEPS}\n3. Return the last item.\n4. return the last  item",
    "list again": f"{STEPS}\n\n{STEPS}",
    "another list": f"{STEPS}\n\nEdge cases:\n1. No items.\n2. One item.",
    "wrong numbers": "1. Sort the list.\n1. Return the last item.",
    "windows lines": STEPS.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_steps_are_found(answer: str) -> None:
    """Whatever is around two steps, and however they are numbered, the plan is these two."""
    assert plan_of(answer) == STEPS


@pytest.mark.parametrize(
    "answer", ["", "\n", "```python\ndef f(x):\n    return x\n```", "Sure:", "1.", "def f(x):"]
)
def test_answer_without_steps_is_no_plan(answer: str) -> None:
    """Code, chatter and empty steps make an empty plan."""
    assert plan_of(answer) == ""


def test_lines_below_a_step_stay_with_it() -> None:
    """Details below a step are kept, indented under it."""
    plan = plan_of("1. Sort:\n   - up\n   - stable\n2. Return it.")

    assert plan == "1. Sort:\n   - up\n   - stable\n2. Return it."


def test_last_step_without_a_point_stays_where_none_has_one() -> None:
    """Steps that never end as sentences are not taken for cut off."""
    assert plan_of("1. sort the list\n2. return it") == "1. sort the list\n2. return it"


def test_single_step_stays() -> None:
    """A plan of one step is a plan, whole or not."""
    assert plan_of("1. Return the sum of the num") == "1. Return the sum of the num"


def test_looping_model_is_cut_off() -> None:
    """Of a hundred different steps twelve stay."""
    assert plan_of("\n".join(f"{n}. Add {n}." for n in range(1, 100))).count("\n") == 11


@settings(derandomize=True)
@given(st.text("12. )-*#`abS\n:", max_size=80))
def test_any_text_has_a_plan_that_is_its_own(text: str) -> None:
    """Any text can be read, and of a plan of one-line steps the plan is the same."""
    plan = plan_of(text)

    assert "```" not in plan
    assert plan_of(plan).count("\n") <= plan.count("\n")
