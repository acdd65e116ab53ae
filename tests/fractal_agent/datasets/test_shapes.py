"""Problems in the shapes that people have: programs, MBPP's lists, classes, async functions, files."""

import json
from pathlib import Path

import pytest

from events.work import Example
from fractal_agent.datasets import BadRecord, Task, load
from fractal_agent.datasets.programs import Pair, stands_in

PROSE = "Read two numbers and print their sum.\n\nInput\n1 2\n\nOutput\n3\n"


def loaded(folder: Path, **fields: object) -> Task:
    path = folder / "mine.jsonl"
    path.write_text(json.dumps(fields))
    (task,) = load(str(path))
    return task


def pairs(task: Task) -> list[tuple[str, str]]:
    names: dict[str, list[tuple[str, str]]] = {}
    exec(task.hidden_tests, names)  # our own
    return names["__pairs__"]


APPS = {"inputs": ["1 2\n", "5 6\n"], "outputs": ["3\n", "11\n"]}
SHAPES: dict[str, dict[str, object]] = {
    "list": {"tests": [{"input": "1 2\n", "output": "3\n"}, {"input": "5 6\n", "output": "11\n"}]},
    "rows": {"tests": [["1 2\n", "3\n"], ["5 6\n", "11\n"]]},
    "other names": {"test_cases": [{"stdin": "1 2\n", "stdout": "3\n"}, {"in": "5 6\n", "expected": "11\n"}]},
    "object": {"input_output": APPS},
    "text": {"input_output": json.dumps(APPS)},
    "fields": dict(APPS),
    "lines": {"tests": [{"input": ["1 2"], "output": ["3"]}, {"input": ["5 6"], "output": ["11"]}]},
    "two groups": {
        "public_tests": {"input": ["1 2\n"], "output": ["3\n"]},
        "private_tests": {"input": ["5 6\n"], "output": ["11\n"]},
        "generated_tests": {"input": ["5 6\n", "1 2\n"], "output": ["11\n", "3\n"]},
    },
    "cases in text": {
        "public_test_cases": json.dumps([{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]),
        "private_test_cases": json.dumps([{"input": "5 6\n", "output": "11\n", "testtype": "stdin"}]),
    },
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape_of_pairs(tmp_path: Path, name: str) -> None:
    """Each shape gives the same program problem: both pairs grade, the shown one alone is visible."""
    task = loaded(tmp_path, task_id="p/0", prompt=PROSE, **SHAPES[name])

    assert task.problem.kind == "program"
    assert task.problem.examples == (Example(call="1 2\n", expected="3\n"),)
    assert pairs(task) == [("1 2\n", "3\n"), ("5 6\n", "11\n")]
    assert "5 6" not in str(task.problem)
    assert task.problem.prompt == PROSE


@pytest.mark.parametrize("name", ["question", "question_content", "description", "text", "statement"])
def test_names_of_the_text(tmp_path: Path, name: str) -> None:
    """The problem's text may stand in any of the usual fields, and its id may be a number."""
    task = loaded(tmp_path, question_id=12, **{name: PROSE}, input_output=APPS)

    assert (task.problem.task_id, task.problem.prompt) == ("12", PROSE)


def test_marked_pairs_are_shown(tmp_path: Path) -> None:
    """A pair that is marked as public is visible, and stands in the prompt if that shows none."""
    cases = [{"input": "7\n", "output": "49\n", "public": True}, {"input": "9\n", "output": "81\n"}]

    task = loaded(tmp_path, task_id="p/0", prompt="Square.", tests=cases)

    assert task.problem.examples == (Example(call="7\n", expected="49\n"),)
    assert task.problem.prompt == "Square.\n\nInput:\n7\n\nOutput:\n49\n"
    assert "81" not in str(task.problem)


@pytest.mark.parametrize(
    ("compare", "kept"), [(None, ""), ("whitespace", ""), ("exact", "exact"), (1e-6, "1e-06"), (0, "0.0")]
)
def test_comparison(tmp_path: Path, compare: object, kept: str) -> None:
    """How outputs are compared is kept with the problem and with the tests."""
    task = loaded(tmp_path, task_id="p/0", prompt=PROSE, tests=SHAPES["list"]["tests"], compare=compare)

    assert task.problem.compare == kept
    assert f"__compare__ = {kept!r}" in task.hidden_tests


@pytest.mark.parametrize(
    ("prompt", "given", "shown"),
    [
        (PROSE, "1 2", True),
        ("Input: 1 2\nOutput: 3", "1 2", True),
        ("Sample Input 1:\n1 2\nSample Output 1:\n3", "1 2", True),
        ("> Input: 1 2\n> Output: 3", "1 2", True),
        ("`1 2`\n`3`", "1 2\n", True),
        ("Given 1 2 it prints 3", "1 2", False),
        ("3\n1 2", "1 2", False),
        ("1 2\n" + "x\n" * 9 + "3", "1 2", False),
        ("1 <= n <= 3", "1", False),
        ("", "", False),
    ],
)
def test_what_stands_in_a_prompt(prompt: str, given: str, shown: bool) -> None:
    """A pair is shown where its lines stand, the input before the output; a number in prose is none."""
    assert stands_in(prompt, Pair(given=given, expected="3\n" if given else "")) is shown


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"tests": []}, "field 'tests': found no pair"),
        ({"tests": [3]}, "field 'tests': found a number as item 1"),
        ({"tests": [{"input": "1"}]}, "item 1 without text to read and to print"),
        ({"tests": [{"input": 1, "output": 2}]}, "item 1 without text"),
        ({"tests": {"input": ["1"], "output": []}}, "found 1 inputs and 0 outputs"),
        ({"input_output": "[1"}, "field 'input_output': found text that is not JSON"),
        ({"input_output": {"fn_name": "f", "inputs": [[1]], "outputs": [2]}}, "calls of the function f"),
        (
            {"tests": [{"input": "1", "output": "2", "testtype": "functional"}]},
            "calls of a function as item 1",
        ),
        ({"tests": [["1", "2"]], "compare": "roughly"}, "field 'compare': found 'roughly'"),
        ({"tests": [["1", "2"]], "compare": -1}, "field 'compare': found a number"),
        ({"tests": [["1", "2"]], "compare": True}, "field 'compare': found a boolean"),
        ({"kind": "program"}, "field 'tests': found no pair"),
        ({"tests": [["1", "2"]], "files": {"../a": "x"}}, "field 'files': found the name '../a'"),
        ({"tests": [["1", "2"]], "files": {"/a": "x"}}, "field 'files': found the name '/a'"),
        ({"tests": [["1", "2"]], "files": {"a": 3}}, "field 'files': found a number as 'a'"),
        ({"tests": [["1", "2"]], "files": {"a": {"base64": "?"}}}, "no base64"),
        ({"tests": [["1", "2"]], "files": ["a"]}, "field 'files': found an array"),
        ({"tests": [["\ud800", "2"]]}, "half of a character"),
    ],
)
def test_wrong_pairs(tmp_path: Path, fields: dict[str, object], complaint: str) -> None:
    """What cannot be read as pairs, comparison or files is named."""
    with pytest.raises(BadRecord, match=complaint):
        loaded(tmp_path, task_id="p/0", prompt=PROSE, **fields)


MBPP = {
    "task_id": 11,
    "text": "Write a function to remove first and last occurrence of a given character.",
    "code": "def remove_Occ(s,ch): \r\n    return s",
    "test_list": ['assert remove_Occ("hello","l") == "heo"', 'assert remove_Occ("abcda","a") == "bcd"'],
    "test_setup_code": "",
    "challenge_test_list": [],
}


def test_mbpp(tmp_path: Path) -> None:
    """A line of MBPP becomes a signature with its text; the first assertion is shown, all of them grade."""
    task = loaded(tmp_path, **MBPP)

    problem = task.problem
    assert (problem.task_id, problem.entry_point, problem.kind) == ("11", "remove_Occ", "function")
    assert problem.prompt.startswith('def remove_Occ(s, ch):\n    """\n    Write a function to remove')
    assert problem.examples == (Example(call='remove_Occ("hello","l")', expected='"heo"'),)
    assert "bcd" not in str(problem)
    assert task.hidden_tests.count("assert") == 2


def test_mbpp_without_a_solution(tmp_path: Path) -> None:
    """Without a solution the parameters are as many as the first assertion gives."""
    fields = {key: value for key, value in MBPP.items() if key != "code"}

    task = loaded(tmp_path, **fields | {"test_imports": ["import math"], "prompt": fields.pop("text")})

    assert task.problem.prompt.startswith("def remove_Occ(a, b):")
    assert task.hidden_tests.startswith("import math\n")


def test_mbpp_with_quotes_in_its_text(tmp_path: Path) -> None:
    """Quotes and backslashes of the text do not end the docstring."""
    task = loaded(tmp_path, **MBPP | {"text": 'Say """hi""" and \\n.'})

    names: dict[str, object] = {}
    exec(task.problem.prompt, names)  # our own
    assert 'Say """hi""" and \\n.' in str(getattr(names["remove_Occ"], "__doc__", ""))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"test_list": []}, "field 'test_list': found an empty array"),
        ({"test_list": "assert 1"}, "field 'test_list': found a string"),
        ({"test_list": ["assert 1 == 1"]}, "field 'test_list': found no call of a function"),
        ({"test_list": ["assert f(:"]}, "field 'test_list': found no call"),
    ],
)
def test_wrong_list(tmp_path: Path, changes: dict[str, object], complaint: str) -> None:
    """A list that holds no assertions about a function is named."""
    with pytest.raises(BadRecord, match=complaint):
        loaded(tmp_path, **MBPP | changes | {"code": ""})


def test_class(tmp_path: Path) -> None:
    """A class can be the entry point."""
    task = loaded(
        tmp_path,
        task_id="c/0",
        prompt='class Stack:\n    """A stack."""\n',
        entry_point="Stack",
        test="def check(candidate):\n    assert len(candidate()) == 0\n",
    )

    assert task.problem.entry_point == "Stack"


def test_async_function(tmp_path: Path) -> None:
    """Examples of an async function are awaited, however the prompt writes them."""
    shown = "\n".join(f"    >>> {call}\n    2" for call in ("await f(1)", "f(2)", "asyncio.run(f(3))"))

    task = loaded(
        tmp_path,
        task_id="a/0",
        prompt=f'async def f(x):\n    """\n{shown}\n    """\n',
        entry_point="f",
        test="async def check(candidate):\n    assert await candidate(1) == 2\n",
    )

    assert [each.call for each in task.problem.examples] == ["await f(1)", "await f(2)", "asyncio.run(f(3))"]


@pytest.mark.parametrize(
    "test",
    [
        "assert add(1, 2) == 3",
        "def test_add():\n    assert add(1, 2) == 3",
        "import unittest\nclass T(unittest.TestCase):\n  def test(self):\n    self.assertTrue(add(1, 2))",
        "async def check(candidate):\n    assert candidate(1, 2) == 3",
        "from solution import add\nassert add(1, 2) == 3",
    ],
)
def test_forms_of_tests(tmp_path: Path, test: str) -> None:
    """Tests need no check: assertions, test functions and test cases are tests too."""
    task = loaded(
        tmp_path, task_id="t/0", prompt='def add(a, b):\n    """Add."""\n', entry_point="add", test=test
    )

    assert task.hidden_tests == test


def test_list_of_assertions(tmp_path: Path) -> None:
    """Tests may be a list of assertions beside a prompt that is Python."""
    listed = ["assert add(1, 2) == 3", "assert add(2, 2) == 4"]

    task = loaded(
        tmp_path, task_id="t/0", prompt='def add(a, b):\n    """Add."""\n', entry_point="add", tests=listed
    )

    assert task.problem.kind == "function"
    assert task.hidden_tests == "\n".join(listed) + "\n"


def test_files(tmp_path: Path) -> None:
    """Files are part of the problem and of its tests; what is no text is kept as base64."""
    task = loaded(
        tmp_path,
        task_id="f/0",
        prompt='def size(name):\n    """>>> size("a.txt")\n    2\n    """\n',
        entry_point="size",
        test="assert size('a.txt') == 2",
        files={"a.txt": "hi", "in/b": {"base64": "/w=="}, "c": "data:;base64,x"},
    )

    files = {"a.txt": "hi", "in/b": "data:;base64,/w==", "c": "data:;base64,ZGF0YTo7YmFzZTY0LHg="}
    assert task.problem.files == files
    assert f"__files__ = {files!r}" in task.hidden_tests
