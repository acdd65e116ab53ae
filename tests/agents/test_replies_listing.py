"""Plans in every dress: fences, scripts, marks, JSON, pages."""

import time

import pytest

from agents.replies import outline_of, plan_of, steps_of
from events import Step

STEPS = "1. Add the numbers.\n2. Return the sum."

DRESSED = {
    "md": "```markdown\n1. Add the numbers.\n2. Return the sum.\n```",
    "text": "```text\n1. Add the numbers.\n2. Return the sum.\n```",
    "bare": "```\n1. Add the numbers.\n2. Return the sum.\n```",
    "plan": "```plan\n1. Add the numbers.\n2. Return the sum.\n```",
    "py": "```python\n1. Add the numbers.\n2. Return the sum.\n```",
    "pycomm": "```python\n# 1. Add the numbers.\n# 2. Return the sum.\n```",
    "open": "```markdown\n1. Add the numbers.\n2. Return the sum.",
    "prose fence": "Sure! Here is my plan for you today\n```\n1. Add the numbers.\n2. Return the sum.\n```\nI hope it helps you out",
    "prose fence2": "I have thought about it well.\n\n```\n1. Add the numbers.\n2. Return the sum.\n```\nThat should do it nicely.",
    "tilde": "~~~\n1. Add the numbers.\n2. Return the sum.\n~~~",
    "think": "<think>\n1. no\n2. nono\n</think>\n1. Add the numbers.\n2. Return the sum.",
    "think prefill": "1.<think>\n1. no\n</think>\n1. Add the numbers.\n2. Return the sum.",
    "unopened": "1. no\n2. nono\n</think>\n\n1. Add the numbers.\n2. Return the sum.",
    "bplan": "**Plan:**\n\n1. Add the numbers.\n2. Return the sum.",
    "hplan": "## Plan\n\n1. Add the numbers.\n2. Return the sum.\n",
    "step": "Step 1: Add the numbers.\nStep 2: Return the sum.",
    "stepdash": "Step 1 - Add the numbers.\nStep 2 - Return the sum.",
    "bstep": "**Step 1:** Add the numbers.\n**Step 2:** Return the sum.",
    "STEP": "STEP 1: Add the numbers.\nSTEP 2: Return the sum.",
    "step one": "Step One: Add the numbers.\nStep Two: Return the sum.",
    "paren": "1) Add the numbers.\n2) Return the sum.",
    "paren2": "(1) Add the numbers.\n(2) Return the sum.",
    "brk": "[1] Add the numbers.\n[2] Return the sum.",
    "circ": "\u2460 Add the numbers.\n\u2461 Return the sum.",
    "circ2": "\u2460Add the numbers.\n\u2461Return the sum.",
    "dark": "\u2776 Add the numbers.\n\u2777 Return the sum.",
    "keycap": "1\ufe0f\u20e3 Add the numbers.\n2\ufe0f\u20e3 Return the sum.",
    "bullets": "- Add the numbers.\n- Return the sum.",
    "stars": "* Add the numbers.\n* Return the sum.",
    "dot": "\u2022 Add the numbers.\n\u2022 Return the sum.",
    "dash": "\u2013 Add the numbers.\n\u2013 Return the sum.",
    "plus": "+ Add the numbers.\n+ Return the sum.",
    "arrow": "\u2192 Add the numbers.\n\u2192 Return the sum.",
    "box": "- [ ] Add the numbers.\n- [x] Return the sum.",
    "box2": "1. [ ] Add the numbers.\n2. [ ] Return the sum.",
    "bold": "**1.** Add the numbers.\n**2.** Return the sum.",
    "bold2": "**1. Add the numbers.**\n**2. Return the sum.**",
    "zh": "\u4e00\u3001Add the numbers.\n\u4e8c\u3001Return the sum.",
    "zh2": "1\u3001Add the numbers.\n2\u3001Return the sum.",
    "zh3": "\u7b2c\u4e00\u6b65\uff1aAdd the numbers.\n\u7b2c\u4e8c\u6b65\uff1aReturn the sum.",
    "zh4": "\u6b65\u9aa41\uff1aAdd the numbers.\n\u6b65\u9aa42\uff1aReturn the sum.",
    "zh5": "\uff08\u4e00\uff09Add the numbers.\n\uff08\u4e8c\uff09Return the sum.",
    "fw": "\uff11\uff0eAdd the numbers.\n\uff12\uff0eReturn the sum.",
    "nospace": "1.Add the numbers.\n2.Return the sum.",
    "colon": "1: Add the numbers.\n2: Return the sum.",
    "dashn": "1 - Add the numbers.\n2 - Return the sum.",
    "hash": "#1 Add the numbers.\n#2 Return the sum.",
    "crlf": "1. Add the numbers.\r\n2. Return the sum.",
    "cr": "1. Add the numbers.\r2. Return the sum.",
    "json": '["Add the numbers.", "Return the sum."]',
    "json2": '{"plan": ["Add the numbers.", "Return the sum."]}',
    "json3": '{\n "steps": [\n  {\n   "step": 1,\n   "description": "Add the numbers."\n  },\n  {\n   "step": 2,\n   "description": "Return the sum."\n  }\n ]\n}',
    "json fence": '```json\n["Add the numbers.", "Return the sum."]\n```',
    "json prose": 'Here:\n{"plan": ["Add the numbers.", "Return the sum."]}',
    "json str": '{"plan": "1. Add the numbers.\\n2. Return the sum."}',
    "code after": "1. Add the numbers.\n2. Return the sum.\n\n```python\ndef add(a, b):\n    return a+b\n```",
    "twice": "1. Add the numbers.\n2. Return the sum.\n\n1. Add the numbers.\n2. Return the sum.",
    "prose": "Sure! Here is a plan:\n\n1. Add the numbers.\n2. Return the sum.\n\nLet me know!",
    "tok": "1. Add the numbers.\n2. Return the sum.<|im_end|>",
    "tok2": "<|im_start|>assistant\n1. Add the numbers.\n2. Return the sum.<|im_end|>",
    "li": "<ol>\n<li>Add the numbers.</li>\n<li>Return the sum.</li>\n</ol>",
    "li1": "<ol><li>Add the numbers.</li><li>Return the sum.</li></ol>",
    "plan tag": "<plan>\n1. Add the numbers.\n2. Return the sum.\n</plan>",
    "plan tag1": "<plan>1. Add the numbers.\n2. Return the sum.</plan>",
    "table": "| 1 | Add the numbers. |\n| 2 | Return the sum. |",
    "quote": "> 1. Add the numbers.\n> 2. Return the sum.",
    "nbsp": "1.\xa0Add\xa0the\xa0numbers.\n2.\xa0Return\xa0the\xa0sum.",
    "bom": "\ufeff1. Add the numbers.\n2. Return the sum.",
    "zw": "\u200b1. Add the numbers.\n\u200b2. Return the sum.",
    "two fences": "```python\nx = 1\n```\n```\n1. Add the numbers.\n2. Return the sum.\n```",
    "list fence": "Plan:\n\n   ```\n   1. Add the numbers.\n   2. Return the sum.\n   ```",
    "indented": "    1. Add the numbers.\n    2. Return the sum.",
    "bold head": "**Plan**\n1. Add the numbers.\n2. Return the sum.",
    "oneline": "1. Add the numbers. 2. Return the sum.",
    "lines": "Add the numbers.\nReturn the sum.",
    "step tag": "<step>Add the numbers.</step>\n<step>Return the sum.</step>",
    "item": "\\item Add the numbers.\n\\item Return the sum.",
    "ls": "1. Add the numbers.\u20282. Return the sum.",
    "hd steps": "### 1. Add the numbers.\n### 2. Return the sum.",
    "hstep": "### Step 1: Add the numbers.\n### Step 2: Return the sum.",
    "fence in fence": "````markdown\n1. Add the numbers.\n2. Return the sum.\n```python\nx\n```\n````",
    "text prose fence": "```text\nAdd the numbers.\nReturn the sum.\n```",
    "boldnum": "**1)** Add the numbers.\n**2)** Return the sum.",
    "u": "__1.__ Add the numbers.\n__2.__ Return the sum.",
    "num bullets": "- 1. Add the numbers.\n- 2. Return the sum.",
    "roman": "i. Add the numbers.\nii. Return the sum.",
    "Roman": "I. Add the numbers.\nII. Return the sum.",
    "abc": "a) Add the numbers.\nb) Return the sum.",
    "First": "First: Add the numbers.\nSecond: Return the sum.",
    "dot 0": "0. Add the numbers.\n1. Return the sum.",
}


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
