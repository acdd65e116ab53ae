"""What counts as thinking and what as the answer."""

import pytest

from agents.replies.thinking import split_thinking

CODE = "```python\ndef add(a, b):\n    return a + b\n```"
DRAFT = "Draft:\n```python\ndef add(a, b):\n    return a - b\n```\nNo."
ANALYSIS = f"<|channel|>analysis<|message|>{DRAFT}<|end|>"


@pytest.mark.parametrize(
    "said",
    [
        f"<think>\n{DRAFT}\n</think>\n\n{CODE}",
        f"\n <THINK>{DRAFT}</THINK>{CODE}",
        f"<thinking>{DRAFT}</thinking>\n{CODE}",
        f"<reasoning effort='low'>\n{DRAFT}\n</reasoning>\n{CODE}",
        f"<thought>\n{DRAFT}\n</thought>\n{CODE}",
        f"\u25c1think\u25b7{DRAFT}\u25c1/think\u25b7{CODE}",
        f"[THINK]{DRAFT}[/THINK]{CODE}",
        f"<|begin_of_thought|>\n{DRAFT}\n<|end_of_thought|>\n{CODE}",
        f"{DRAFT}\n</think>\n\n{CODE}",
        f"{ANALYSIS}<|start|>assistant<|channel|>final<|message|>{CODE}<|return|>",
        f"<|start|>assistant{ANALYSIS}<|start|>assistant<|channel|>final <|constrain|>text<|message|>{CODE}",
        f"analysis{DRAFT}assistantfinal{CODE}",
    ],
)
def test_forms(said: str) -> None:
    """Every way in which models mark their thinking is split at the same place."""
    assert split_thinking(said) == (DRAFT, CODE)


def test_several_blocks() -> None:
    """Blocks that follow one another are all thinking."""
    assert split_thinking(f"<think>a</think>\n<think>b</think>\n{CODE}") == ("a\n\nb", CODE)


def test_empty_block() -> None:
    """A block with nothing in it leaves the answer and no reasoning."""
    assert split_thinking(f"<think>\n\n</think>\n\n{CODE}") == ("", CODE)


@pytest.mark.parametrize("said", ["<think>\nFirst, I", "<|channel|>analysis<|message|>First, I"])
def test_cut_off(said: str) -> None:
    """Thinking that never ends leaves no answer."""
    assert split_thinking(said) == ("First, I", "")


@pytest.mark.parametrize(
    "said",
    [
        "",
        " \n",
        CODE,
        '```python\ndef strip(s):\n    """Removes <think> and </think>."""\n    return s[1:]\n```',
        'def strip(s):\n    """Removes all up to\n    </think>\n    """\n    return s[1:]\n',
        "def strip(s):\n    return s.partition('</think>')[2]\n",
        "The tag `</think>` ends it.\n" + CODE,
        CODE + "\nIt removes <think>x</think>.".replace("</think>", "`</think>`"),
        "I think </b> is fine.",
        "analysis of the problem: none",
    ],
)
def test_answer_that_is_kept(said: str) -> None:
    """What only mentions a tag, or has none, is the answer to the last character."""
    assert split_thinking(said) == ("", said)


def test_tag_mentioned_while_thinking() -> None:
    """A closing tag that the thinking quotes does not end it."""
    said = f'<think>I look for "</think>" in s.</think>\n{CODE}'

    assert split_thinking(said) == ('I look for "</think>" in s.', CODE)
