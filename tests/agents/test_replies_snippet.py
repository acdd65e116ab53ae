"""Steps and snippets: read out of answers, and put together into a function."""

import pytest

from agents.replies import assembled, defines, outline_of, outlined, snippet_of, steps_of
from events import ProblemPosed, Snippet, Step

PROBLEM = ProblemPosed(task_id="T/0", prompt='def f(x):\n    """Say."""\n', entry_point="f")

NESTED = (
    Step(text="Start with a list."),
    Step(text="For each number:", inside=(Step(text="If even:", inside=(Step(text="Append it."),)),)),
    Step(text="Return it."),
)


NOTATIONS = [
    ("1. ", "2. ", "    2.1. ", "        2.1.1. ", "3. "),
    ("1. ", "2. ", "2.1 ", "2.1.1 ", "3. "),
    ("- ", "- ", "  - ", "    - ", "- "),
    ("1. ", "2. ", "   - ", "      - ", "3. "),
    ("Sure:\n1. ", "2. ", "   a) ", "      - ", "3. "),
]
"""What stands before each of the five steps."""


@pytest.mark.parametrize("fronts", NOTATIONS)
def test_notations_of_a_nested_list_mean_the_same_tree(fronts: tuple[str, ...]) -> None:
    """Numbers, dotted numbers, bullets and letters, indented or not, give the same steps; code counts not."""
    steps = ("**Start with a list.**", "For each number:", "If even:", "Append it.", "Return it.")
    answer = "\n".join(front + step for front, step in zip(fronts, steps, strict=True))

    assert outline_of(answer + "\n```python\n1. x\n") == NESTED


def test_outline_is_read_as_it_is_written_out() -> None:
    """A tree that is written out for a prompt reads back as the same tree."""
    assert outline_of(outlined(NESTED)) == NESTED


def test_depth_and_number_of_steps_are_bounded() -> None:
    """A list that nests for ever has four levels, and one that goes on for ever has 24 steps."""
    deep = outline_of("\n".join(" " * 2 * level + f"- step {level}" for level in range(60)))

    depth, level = 0, deep
    while level:
        depth, level = depth + 1, level[0].inside
    assert depth == 4
    assert len(outline_of("\n".join(f"- step {number}" for number in range(60)))) == 24


def test_flat_steps_are_those_of_the_plan() -> None:
    """The numbered steps come one by one, without chatter around them."""
    found = steps_of("Sure:\n1. Add one.\n2. Return\n   the sum.\n\nThis plan works.")

    assert found == (Step(text="Add one."), Step(text="Return the sum."))


@pytest.mark.parametrize("answer", ["", "   ", "I cannot help with that."])
def test_answer_without_a_list_has_no_nodes(answer: str) -> None:
    """What is no list has no steps."""
    assert outline_of(answer) == ()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("```python\n    x = 1\n    y = 2\n```\nThis sets both.", "x = 1\ny = 2"),
        ("```python\nx = 1\n    y = 2\n", "x = 1\ny = 2"),
        ("```python\nfor i in x:\n", "for i in x:"),
        ("```python\n", ""),
        ("    return x\n", "return x"),
        ("Here:\n```\na = 1\n```\nor\n```\nb = 2\n```", "a = 1"),
    ],
)
def test_snippet_is_the_first_block_at_the_margin(answer: str, code: str) -> None:
    """Fences, prose and the margin go; what the model wrote stays."""
    assert snippet_of(answer) == code


def test_whole_function_is_told_from_a_snippet() -> None:
    """Code that defines the entry point is a whole function, also when it does not parse."""
    assert defines("def f(x):\n    return (", "f")
    assert not defines("g = f(x)\n# def f", "f")


def test_snippets_are_joined_in_order_and_nested_by_indentation() -> None:
    """Inner snippets stand inside the block that the outer one opens, and lacking imports are added."""
    append = Snippet(code="r.append(math.floor(n))")
    loop = Snippet(code="for n in x:", inside=(Snippet(code="if n:", inside=(append,)),))

    code = assembled(PROBLEM, [Snippet(code="r = []"), loop, Snippet(code="return r")])

    body = "    r = []\n    for n in x:\n        if n:\n            r.append(math.floor(n))\n    return r\n"
    assert code == f'import math\n\n\ndef f(x):\n    """Say."""\n{body}'


def test_assembly_mends_nothing() -> None:
    """A block without its lines, and a whole function among snippets, are assembled as they are."""
    broken = assembled(PROBLEM, [Snippet(code="for n in x:"), Snippet(code="return n")])
    inside = assembled(PROBLEM, [Snippet(code="def f(x):\n    return x")])

    assert broken.endswith("    for n in x:\n    return n\n")
    assert inside.endswith("    def f(x):\n        return x\n")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("```python\nreturn x\n```<|im_end|>", "return x"),
        ("return x<|endoftext|>", "return x"),
        ("```python\nfor n in x\uff1a\n```", "for n in x:"),
        ("for n in x:\n\u3000\u3000r.append(\u2018a\u2019)", "for n in x:\n  r.append('a')"),
        ("<think>x = 1</think>\ny = 2", "y = 2"),
    ],
)
def test_snippet_is_read_behind_foreign_characters(answer: str, code: str) -> None:
    """Chat marks, thoughts, foreign spaces and punctuation do not spoil a snippet."""
    assert snippet_of(answer) == code
