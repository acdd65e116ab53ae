"""Reading programs out of answers to HumanEval: right ones in every form, polluted ones, a real model's."""

import ast
import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.replies import code_of
from events import ProblemPosed
from fractal_agent.datasets import Task, load

TASKS = load("humaneval")
BY_ID = {task.problem.task_id: task for task in TASKS}

CHECKER = """
import json, sys
right = []
for name, program, tests, entry_point in json.load(sys.stdin):
    names = {"__name__": "module"}
    try:
        exec(compile(program, name, "exec"), names)
        exec(tests, names)
        names["check"](names[entry_point])
    except Exception:
        right.append(False)
    else:
        right.append(True)
print(json.dumps(right), file=sys.stderr)
"""


def pass_hidden_tests(programs: Sequence[tuple[Task, str]]) -> list[bool]:
    """For each program whether it passes; all of them run in one process apart."""
    jobs = [
        (task.problem.task_id, code, task.hidden_tests, task.problem.entry_point) for task, code in programs
    ]
    ran = subprocess.run(
        [sys.executable, "-c", CHECKER],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    verdicts: list[bool] = json.loads(ran.stderr)
    return verdicts


def whole(task: Task) -> str:
    return task.problem.prompt + task.canonical_solution


FORMS: dict[str, Callable[[Task], str]] = {
    "prefill and body": lambda task: f"```python\n{task.problem.prompt.strip()}\n{task.canonical_solution}",
    "fence": lambda task: f"Sure, here it is:\n\n```python\n{whole(task)}\n```\n\nThis works (I hope.",
    "bare": whole,
    "bare in prose": lambda task: f"Here's the code:\n\n{whole(task)}\n\nThat's it (done.",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_right_solutions_stay_as_they_are(form: Callable[[Task], str]) -> None:
    """The text of each of the 164 right solutions comes back unchanged, helper functions and all."""
    for task in TASKS:
        assert code_of(form(task), task.problem).strip() == whole(task).strip()


def test_right_solutions_pass_as_functions_alone() -> None:
    """Without what the prompt puts above the function, all 164 right solutions pass the hidden tests."""
    alone = [(task, code_of(f"```python\n{function_source(task)}\n```", task.problem)) for task in TASKS]

    assert all(pass_hidden_tests(alone))


def function_source(task: Task) -> str:
    """The lines of the function that was asked for, without imports and helpers."""
    node = asked_for(ast.parse(whole(task)), task.problem.entry_point)
    return "\n".join(whole(task).splitlines()[node.lineno - 1 : node.end_lineno])


def asked_for(tree: ast.AST, entry_point: str) -> ast.FunctionDef:
    """The last function of this name, at the top or in a class."""
    return [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == entry_point
    ][-1]


PROSE = st.text("Aa b'\"()[]{}:.,#*=>\\\n", max_size=60) | st.sampled_from(
    [
        "Sure! Here's the function:\n",
        "### Solution\n",
        "1. First, we loop.\n2. Then we return.\n",
        "Note: it's O(n).\n",
    ]
)
FENCES = st.sampled_from([("```python", "```"), ("```py", "```"), ("```", "```"), ("~~~", "~~~")])
AFTER = {
    "print": "print({name}(1, 2) / 0)",
    "assert": "assert {name}() == 'never', 'wrong'",
    "result": "result = {name}(3)\nprint(result)",
    "main": "if __name__ == '__main__':\n    print({name}(input()))",
    "loop": "for case in [1, 2]:\n    print({name}(case))",
    "test": "def test_{name}():\n    assert {name}(1) == 2\n\n\ntest_{name}()",
    "check": "def check(candidate):\n    assert candidate(1) == 2\n\n\ncheck({name})",
    "unittest": "import unittest\n\n\nclass TestIt(unittest.TestCase):\n    def test(self):\n"
    "        self.assertTrue({name}(1))\n\n\nunittest.main()",
    "import": "import module_that_is_not_there\nfrom solution import {name}",
    "cut": "print({name}([1, 2",
}


def in_a_class(task: Task) -> str:
    """The solution with its function as a static method."""
    method = textwrap.indent(function_source(task), "    ")
    return whole(task).replace(function_source(task), f"class Solution:\n    @staticmethod\n{method}")


@st.composite
def polluted(draw: st.DrawFn) -> tuple[Task, str]:
    """A right solution with anything around it that does not belong there."""
    task = draw(st.sampled_from(TASKS))
    code = draw(st.sampled_from([whole, in_a_class]))(task)
    after = draw(st.lists(st.sampled_from(sorted(AFTER)), max_size=3, unique=True))
    pollution = (AFTER[each].format(name=task.problem.entry_point) for each in after)
    opening, closing = draw(FENCES)
    code = "\n\n".join([code.rstrip(), *pollution])
    return task, f"{draw(PROSE)}\n{opening}\n{code}\n{closing}\n{draw(PROSE)}"


@pytest.mark.slow
@settings(max_examples=150, deadline=None, derandomize=True)
@given(polluted())
def test_pollution_does_not_change_the_function(case: tuple[Task, str]) -> None:
    """Whatever is around a right function, the module binds its name and has the same function."""
    task, text = case
    name = task.problem.entry_point

    tree = ast.parse(code_of(text, task.problem))

    assert name in bound_names(tree)
    assert meaning(asked_for(tree, name)) == meaning(asked_for(ast.parse(whole(task)), name))


def bound_names(tree: ast.Module) -> set[str]:
    """The names of functions and assignments at the top."""
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return found | {ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)}


def meaning(function: ast.FunctionDef) -> list[str]:
    """What the function does: its parameters and statements, strings that stand alone left out."""
    return [ast.dump(node) for node in (function.args, *function.body) if not is_remark(node)]


def is_remark(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(max_size=200), st.sampled_from(TASKS[:40]))
def test_any_text_is_read(text: str, task: Task) -> None:
    """Arbitrary text, alone or after the prompt or a solution, becomes a module that compiles."""
    begun = f"```python\n{task.problem.prompt.strip()}\n"
    for answer in (text, begun + text, begun + task.canonical_solution + text):
        compile(code_of(answer, task.problem), "module", "exec")


PIECES = """\
def f(x):|class A:|    return x|    y = 1|return x|y = 2|f(3)|print(f(1))|```|```python|'''|\"\"\"|(|]|\\
# note|Here is it.|import re|from typing import List|@cache|def g(x):|    pass|>>> |1. |if x:|else:|try:
lambda: |f =|async |    await y|yield|&lt;|;|if __name__ == '__main__':|    def f(self, x):|\0|f = g|global x
    nonlocal x|from __future__ import annotations|break|x: int = 3|for f in f:|    def f(x):|\tx = 3|x = [
f.x = 1|    ret|\f"""
CODE = st.lists(
    st.tuples(
        st.sampled_from(PIECES.replace("\n", "|").split("|")), st.sampled_from(["\n", "\n", "\n\n", ""])
    ),
    max_size=14,
).map(lambda pieces: "".join(piece + end for piece, end in pieces))
SMALL = ProblemPosed(task_id="Test/0", prompt='def f(x):\n    """Do it."""\n', entry_point="f")


@pytest.mark.slow
@settings(max_examples=400, deadline=None, derandomize=True)
@given(CODE)
def test_any_heap_of_code_is_read_once_and_for_all(text: str) -> None:
    """Any heap of code compiles after reading, and is read from itself unchanged when it has the function."""
    code = code_of(text, SMALL)

    compile(code, "module", "exec")
    if "f" in bound_names(ast.parse(code)):
        assert code_of(code, SMALL) == code


class Recorded(msgspec.Struct, frozen=True):
    """A real answer of a small model."""

    task_id: str
    asked_for: str
    right: bool
    """Whether the function in the answer is right, once it is read well."""
    text: str


class Recording(msgspec.Struct, frozen=True):
    model: str
    note: str
    answers: tuple[Recorded, ...]


RECORDING = Path(__file__).parent / "answers" / "qwen2.5-coder-0.5b-instruct.json"
RECORDED = msgspec.json.decode(RECORDING.read_bytes(), type=Recording).answers


@pytest.mark.parametrize("answer", RECORDED, ids=lambda answer: f"{answer.task_id}: {answer.asked_for}")
def test_real_answer_is_a_program(answer: Recorded) -> None:
    """A real answer becomes a module that compiles and binds the name, and holds none of its tests."""
    problem = BY_ID[answer.task_id].problem

    code = code_of(answer.text, problem)

    compile(code, "module", "exec")
    assert problem.entry_point in bound_names(ast.parse(code))
    assert not any(word in code for word in ("print(", "assert ", "__main__", "def test"))
    assert code_of(code, problem) == code


def test_real_answers_pass_where_they_are_right() -> None:
    """The modules read from real answers pass the hidden tests exactly where the model was right."""
    read = [(BY_ID[each.task_id], code_of(each.text, BY_ID[each.task_id].problem)) for each in RECORDED]

    assert pass_hidden_tests(read) == [each.right for each in RECORDED]
