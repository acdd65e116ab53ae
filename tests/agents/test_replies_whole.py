"""A program or a class in an answer, in the forms in which models give it."""

# ruff: noqa: E501  # An answer in a table is read best on few lines.

import pytest

from agents.replies.whole import class_of, is_class, program_of
from events import ProblemPosed

PROGRAM = "n = int(input())\nprint(n * n)\n"

ANSWERS = {
    "plain": PROGRAM,
    "fence": f"```python\n{PROGRAM}```",
    "open fence": f"```python\n{PROGRAM}",
    "prose around": f"Here it is:\n\n```python\n{PROGRAM}```\n\nIt squares the number.",
    "sample behind": f"```python\n{PROGRAM}```\nFor the input\n```\n3\n```\nit prints\n```\n9\n```",
    "thought before": f"<think>\n```python\nprint(1)\n```\n</think>\n```python\n{PROGRAM}```",
    "special token": f"```python\n{PROGRAM}```<|im_end|>",
    "end of sequence": f"{PROGRAM}</s>",
    "windows ends": f"```python\r\n{PROGRAM}```".replace("\n", "\r\n"),
    "prose without a fence": f"Here is the program.\n\n{PROGRAM}",
    "draft before": f"```python\nprint(input())\n```\nThat is wrong.\n```python\n{PROGRAM}```",
    "snippet behind": f"```python\n{PROGRAM}```\nThe first line is\n```python\nn = int(input())\n```",
    "cut off": f"```python\n{PROGRAM}print(",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_program(name: str) -> None:
    """The program is found, whatever stands around it."""
    assert program_of(ANSWERS[name]) == PROGRAM


def test_program_in_pieces() -> None:
    """A program whose last block needs an earlier one is joined."""
    answer = "```python\ndef f(n):\n    return n\n```\nand\n```python\nprint(f(int(input())))\n```"

    assert program_of(answer) == "def f(n):\n    return n\n\nprint(f(int(input())))\n"


def test_main_is_kept() -> None:
    """What runs the program stays, and so do its own tests of nothing."""
    source = "def main():\n    print(input())\n\nif __name__ == '__main__':\n    main()\n"

    assert program_of(f"```python\n{source}```") == source


@pytest.mark.parametrize("answer", ["", "I cannot.", "```\n```", "<think>never ends", "\0", "```" * 999])
def test_no_program(answer: str) -> None:
    """An answer without code gives no program, or what stands between its fences, and never raises."""
    assert isinstance(program_of(answer), str)


def test_reading_again_changes_nothing() -> None:
    """The program of a program is that program."""
    for answer in ANSWERS.values():
        assert program_of(program_of(answer)) == program_of(answer)


PROBLEM = ProblemPosed(
    task_id="C/0",
    prompt='import heapq\nfrom typing import Any\n\ndef key(x):\n    return x\n\nclass Stack:\n    """A stack."""\n',
    entry_point="Stack",
)
CLASS = "class Stack:\n    def __init__(self):\n        self.items = []\n\n    def push(self, x):\n        self.items.append(x)\n"

CLASSES = {
    "fence": f"```python\n{CLASS}```",
    "use behind": f"```python\n{CLASS}\ns = Stack()\ns.push(1)\nprint(s.items)\n```",
    "script": f"```python\n{CLASS}\nif __name__ == '__main__':\n    print(Stack())\n```",
    "use in a block of its own": f"```python\n{CLASS}```\n```python\ns = Stack()\n```",
    "first version": f"```python\nclass Stack:\n    pass\n```\n```python\n{CLASS}```",
    "helper": f"```python\nclass Node:\n    pass\n\n@staticmethod\ndef help(): ...\n\n{CLASS}```",
    "no fence": CLASS,
}


@pytest.mark.parametrize("name", CLASSES)
def test_class(name: str) -> None:
    """The class is found with what it needs and what the prompt gives; what would use it is not."""
    code = class_of(CLASSES[name], PROBLEM)

    names: dict[str, object] = {}
    exec(code, names)  # ours
    assert hasattr(names["Stack"], "push")
    assert {"heapq", "Any", "key"} <= set(names)
    assert "print" not in code
    assert "\ns = " not in code


def test_no_class() -> None:
    """An answer without the class is no code at all."""
    assert class_of("```python\ndef f(): ...\n```", PROBLEM) == ""


def test_what_asks_for_a_class() -> None:
    """The prompt tells whether its entry point is a class, also where it ends in a bare signature."""
    bare = ProblemPosed(task_id="C/1", prompt="class A:\n    def f(self):", entry_point="A")
    function = ProblemPosed(task_id="C/2", prompt="def f(x):\n    pass\n", entry_point="f")
    prose = ProblemPosed(task_id="C/3", prompt="class A is hard.", entry_point="main", kind="program")

    assert [is_class(each) for each in (PROBLEM, bare, function, prose)] == [True, True, False, False]
