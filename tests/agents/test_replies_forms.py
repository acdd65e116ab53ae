"""The function in any form: whatever binds its name, and whatever stands around or between its characters."""

import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.replies import code_of
from events import ProblemPosed

PROMPT = 'def add(a, b):\n    """Add.\n    >>> add(1, 2)\n    3\n    """\n'
PROBLEM = ProblemPosed(task_id="T/0", prompt=PROMPT, entry_point="add")
PREFILL = f"```python\n{PROMPT.strip()}\n"


def loaded(code: str, name: str = "add") -> Any:  # Any: what the module binds
    """What the module binds to the name."""
    names: dict[str, Any] = {"__name__": "module"}  # Any: what a module holds
    exec(compile(code, "module", "exec"), names)
    return names[name]


FORMS = msgspec.json.decode(
    (Path(__file__).parent / "answers" / "forms.json").read_bytes(), type=dict[str, dict[str, str]]
)
BOUND = FORMS["bound"]
"""Answers that bind the name to the function, or hold it under another."""
SPELLED = FORMS["spelled"]
"""Answers with marks, characters and wrappings that are no Python."""


@pytest.mark.parametrize("answer", BOUND.values(), ids=BOUND)
def test_whatever_binds_the_name_is_the_function(answer: str) -> None:
    """Imports, assignments of any form, branches, factories, classes and near names give the function."""
    assert loaded(code_of(answer, PROBLEM))(1, 2) == 3


@pytest.mark.parametrize("answer", SPELLED.values(), ids=SPELLED)
def test_function_is_found_behind_foreign_characters(answer: str) -> None:
    """Chat marks, foreign spaces, entities, listings, pages and JSON do not hide the function."""
    assert loaded(code_of(answer, PROBLEM))(1, 2) == 3


@pytest.mark.parametrize("answer", [*BOUND.values(), *SPELLED.values()])
def test_read_again_it_is_the_same(answer: str) -> None:
    """The module that was read is read from itself unchanged."""
    code = code_of(answer, PROBLEM)

    assert code_of(code, PROBLEM) == code


@pytest.mark.parametrize(
    "answer",
    [
        "from solution import add",
        "import add",
        "add = 3",
        "add: int = 3",
        "add = sum([1, 2])",
        "add = [1, 2][0]",
        "for add in range(3):\n    pass",
        "if True:\n    add = 3",
        "def one(a, b):\n    return a\n\n\ndef two(a, b):\n    return b",
        "def other(a):\n    return a",
        "class S:\n    def one(self, a, b):\n        return a\n\n    def two(self, a, b):\n        return b",
        "def test_add(a, b):\n    return a",
        "<think>\ndef add(a, b):\n    return a",
        "# def add(a, b):\n#     return a",
    ],
)
def test_function_that_is_not_there_is_not_made_up(answer: str) -> None:
    """Numbers, unknown modules, tests, thoughts and two functions to choose from bind nothing."""
    with pytest.raises(KeyError, match="add"):
        loaded(code_of(answer, PROBLEM))


SOUND = {
    "overloads": "from typing import overload\n\n\n@overload\ndef add(a: int, b: int) -> int: ...\n\n\n"
    "def add(a, b):\n    return a + b\n",
    "registrations": "from functools import singledispatch\n\n\n@singledispatch\ndef add(a, b):\n"
    "    raise NotImplementedError\n\n\n@add.register\ndef _(a: int, b):\n    return a + b\n",
    "tables": 'def plus(a, b):\n    return a + b\n\n\nTABLE = {"add": plus}\nadd = TABLE["add"]\n',
    "marks in strings": 'A = "<|im_end|>"\n\n\ndef add(a, b):\n    assert A != "</s>"\n    return a + b\n',
    "spaces in strings": 'def add(a, b):\n    assert "\\xa0" == "\xa0"\n    return a + b\n',
    "entities in strings": 'def add(a, b):\n    assert len("&lt;") == 4\n    return a + b\n',
    "thoughts in strings": 'def add(a, b):\n    assert "</think>" < "<think>"  # <s>\n    return a + b\n',
    "conditions": "import sys\n\nif sys.maxsize:\n    def add(a, b):\n        return a + b\n"
    "else:\n    def add(a, b):\n        return b + a\n",
}


@pytest.mark.parametrize("program", SOUND.values(), ids=SOUND)
def test_sound_program_is_not_touched(program: str) -> None:
    """A program that loads comes back as it was written, whatever its strings hold."""
    assert code_of(program, PROBLEM) == program
    assert code_of(f"```python\n{program}```", PROBLEM) == program


def test_strings_survive_what_is_mended_around_them() -> None:
    """Where foreign characters are mended, what stands in strings and comments stays."""
    kept = "    assert \"&lt;<|x|>\uff0c\u201cq\u201d\" != '\xa0'  # \u201cas is\u201d"
    answer = f"def add\uff08a, b\uff09:\n{kept}\n\u3000\u3000\u3000\u3000return a + b<|endoftext|>"

    code = code_of(answer, PROBLEM)

    assert kept in code
    assert loaded(code)(1, 2) == 3


STACK = """\
class Stack:
    \"\"\"A stack.\"\"\"

    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

    def pop(self):
        return self.items.pop()
"""
STACKED = ProblemPosed(
    task_id="T/1",
    prompt='class Stack:\n    """A stack."""\n\n    def push(self, item):\n        """Put it."""\n',
    entry_point="Stack",
)


@pytest.mark.parametrize(
    "answer",
    [
        STACK,
        f"Here:\n```python\n{STACK}```\n```python\nclass Stack:\n    pass\n```",
        f"{STACK}\nstack = Stack()\nprint(stack.pop())\n",
        STACK.replace("Stack", "MyStack"),
        STACK.replace("    ", "\u3000\u3000"),
        STACK.rstrip() + "<|im_end|>",
        f"```python\n{STACKED.prompt.strip()}\n{STACK}",
    ],
    ids=["bare", "fence, then a stub", "used", "renamed", "foreign spaces", "mark", "restated"],
)
def test_class_that_is_asked_for_is_whole(answer: str) -> None:
    """An entry point that names a class gives the class with all of its methods."""
    stack = loaded(code_of(answer, STACKED), "Stack")()

    stack.push(3)

    assert stack.pop() == 3


def test_generics_of_a_later_python_are_written_for_this_one() -> None:
    """A `type` statement and type parameters do not cost the function."""
    answer = "type Pair[T] = tuple[T, T]\n\n\ndef add[T](a: T, b: T) -> T:\n    return a + b\n"

    assert loaded(code_of(answer, PROBLEM))(1, 2) == 3


PROGRAMS = [
    "def add(a, b):\n    total = a\n    for _ in range(1):\n        total += b\n    return total\n",
    "import operator as op\n\n\ndef add(a, b):\n    return op.add(a, b) if a < b and '<' > \"\" else b + a\n",
    "class Solution:\n    def addNumbers(self, a, b):\n        return a + b\n",
    "LIMIT = {'x': [0]}\n\n\ndef plus(a, b):\n    return a + b + LIMIT['x'][0]\n\n\nadd = plus\n",
]


def _numbered(text: str) -> str:
    lines = text.split("\n")
    return "\n".join(f"{number:>3} | {line}" for number, line in enumerate(lines, 1))


WRAPPERS: dict[str, Callable[[str], str]] = {
    "fence": lambda text: f"```python\n{text}\n```",
    "tildes": lambda text: f"~~~py\n{text}\n~~~",
    "open fence": lambda text: f"```python\n{text}",
    "prose": lambda text: f"Sure! Here's the function:\n\n{text}\n\nIt adds (as asked.",
    "think": lambda text: (
        f"<think>\n```python\ndef add(a, b):\n    return a - b\n```\nNo.\n</think>\n\n{text}"
    ),
    "thought": lambda text: f"It's a - b. No.\n</think>\n{text}",
    "mark": lambda text: f"{text.rstrip()}<|im_end|>",
    "turn": lambda text: f"<|im_start|>assistant\n{text}<|im_end|>\n<|im_start|>user\nThanks.",
    "windows": lambda text: text.replace("\n", "\r\n"),
    "no-break": lambda text: text.replace("    ", "\xa0" * 4),
    "ideographic": lambda text: text.replace("    ", "\u3000" * 2),
    "joiner": lambda text: text.replace("def ", "\u200bdef\u2060 "),
    "mark of order": lambda text: f"\ufeff{text}",
    "list": lambda text: "1. Write it:\n\n" + textwrap.indent(text, "   ") + "\n",
    "tag": lambda text: f"<answer>\n{text}\n</answer>",
}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(PROGRAMS),
    st.lists(st.sampled_from(sorted(WRAPPERS)), min_size=1, max_size=3, unique=True),
)
def test_wrapped_program_is_the_program(program: str, wrappers: list[str]) -> None:
    """Any two or three wrappers around a sound program leave a function that does the same."""
    text = program
    for name in wrappers:
        text = WRAPPERS[name](text)

    code = code_of(text, PROBLEM)

    assert loaded(code)(1, 2) == 3
    assert code_of(code, PROBLEM) == code


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(
            [
                *"aA0 \n\t:()[]{}\"'`#<>|\\&;=+-,.\xa0\u200b\u3000\uff08\u201c\x85\u2028",
                "def add(a, b):",
                "    return a",
                "```",
                "<think>",
                "</think>",
                "<|im_end|>",
                "&lt;",
                '{"code": "',
                "class S:",
                "add = ",
                "lambda: 1",
                "type X = ",
                "@overload\n",
                "1 | ",
                "</s>",
                "<code>",
                "\\n",
                "if add:",
                "try:\n",
                "import ",
                "[f]",
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_any_heap_of_marks_is_a_program(text: str) -> None:
    """Whatever is mixed with marks and foreign characters becomes a module that compiles."""
    for answer in (text, PREFILL + text):
        compile(code_of(answer, PROBLEM), "module", "exec")


LONG = {
    "marks": "<|im_end|> a " * 70_000,
    "marks alone": "<s>" * 300_000,
    "thoughts": "x <think> " * 100_000,
    "entities": "&lt;" * 250_000,
    "foreign spaces": "\xa0a" * 500_000,
    "joiners": "\u200b" * 1_000_000,
    "objects": '{"a":' * 200_000,
    "strings": "'def x' " * 120_000,
    "tags": "<div a=b " * 110_000,
    "patch": "+def a\n" * 140_000,
    "bindings": "add = f(add)\n" * 70_000,
    "factories": "def f(x):\n" + "    return f(1)\n" * 1_500 + "add = f(1)\n",
    "mutual factories": "".join(
        f"def f{one}():\n" + "".join(f"    return f{other}()\n" for other in range(30)) for one in range(30)
    )
    + "add = f0()\n",
}
"""A megabyte, or a knot, that a careless reader takes minutes for."""


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_megabyte_is_read_in_no_time(text: str) -> None:
    """No megabyte takes more than five seconds of processor time."""
    before = time.process_time()

    code_of(text, PROBLEM)

    assert time.process_time() - before < 5
