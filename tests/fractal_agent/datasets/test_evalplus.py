"""HumanEval+ and MBPP+: found, turned into tests that judge as EvalPlus does, and all there."""

import json
import os
from pathlib import Path

import anyio
import pytest

from events import GradingCompleted
from events.work import Example
from fractal_agent.datasets import BadRecord, MissingDataset, Task, load
from fractal_agent.datasets import agreement as rules
from fractal_agent.datasets.evalplus import affordable, differential_tests, rule_for
from fractal_agent.datasets.mbpp import typed
from fractal_agent.sandbox import open_sandbox

DATA = os.environ.get("FRACTAL_AGENT_DATA", "")
needs_data = pytest.mark.skipif(not DATA, reason="$FRACTAL_AGENT_DATA names no folder with EvalPlus's files")


def record(**changes: object) -> dict[str, object]:
    return {
        "task_id": "Mbpp/2",
        "prompt": '"""\nFind the shared members.\nassert set(shared((1, 2), (2, 3))) == set((2,))\n"""\n',
        "entry_point": "shared",
        "canonical_solution": "\ndef shared(a, b=()):\n    return tuple(set(a) & set(b))\n",
        "base_input": [[[1, 2], [2, 3]]],
        "plus_input": [[[], []], [[5, 6, 7], [7, 6]]],
        "atol": 0,
    } | changes


def written(folder: Path, *records: dict[str, object], name: str = "MbppPlus.jsonl") -> str:
    path = folder / name
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return str(path)


def judged(tests: str, program: str, entry_point: str = "f") -> bool:
    """Whether the program passes, in this process."""
    mine: dict[str, object] = {}
    theirs: dict[str, object] = {}
    exec(program, mine)
    exec(tests, theirs)
    check = theirs["check"]
    assert callable(check)
    try:
        check(mine[entry_point])
    except AssertionError:
        return False
    return True


def test_line_of_evalplus(tmp_path: Path) -> None:
    """A docstring alone becomes a prompt with the solution's signature; its assertion is an example."""
    (task,) = load(written(tmp_path, record()))

    assert task.problem.prompt == (
        'def shared(a, b=()):\n    """\n    Find the shared members.\n'
        '    assert set(shared((1, 2), (2, 3))) == set((2,))\n    """\n'
    )
    assert task.problem.examples == (Example(call="set(shared((1, 2), (2, 3)))", expected="set((2,))"),)


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ("return tuple(set(a) & set(b))", True),
        ("return [x for x in b if x in a]", True),
        ("return a", False),
        ("return tuple(x for x in a if x in b) if isinstance(a, tuple) else None", True),
    ],
)
def test_judgement(tmp_path: Path, body: str, right: bool) -> None:
    """Results are compared as the task allows, and lists come as the tuples that they stand for."""
    (task,) = load(written(tmp_path, record()))

    assert judged(task.hidden_tests, f"def shared(a, b):\n    {body}\n", "shared") is right


def test_arguments_that_a_program_changes() -> None:
    """A program that empties its arguments is judged by what it returned, and the reference gets its own."""
    tests = differential_tests("def f(x):\n    return len(x)\n", "f", [[[1, 2]], [[3]]])

    assert judged(tests, "def f(x):\n    n = len(x)\n    x.clear()\n    return n\n")


def test_numbers_that_json_lacks(tmp_path: Path) -> None:
    """NaN, infinity and long integers reach the program as they stand in the file."""
    inputs = [[float("nan")], [float("inf")], [10**40]]
    line = record(
        task_id="mine/0",
        entry_point="f",
        prompt='def f(x):\n    """Return x."""\n',
        canonical_solution="    return x\n",
        plus_input=inputs,
        base_input=[],
    )
    (task,) = load(written(tmp_path, line))

    assert judged(task.hidden_tests, "def f(x):\n    return x\n")
    assert not judged(task.hidden_tests, "def f(x):\n    return x if x < 10**39 else 1e40\n")


@pytest.mark.parametrize(
    ("rule", "result", "expected", "right"),
    [
        (rules.equal, 0.1 + 0.2, 0.3, True),
        (rules.equal, 0.31, 0.3, False),
        (rules.equal, [1.0, 2.0], [1.0, 2.0 + 1e-9], True),
        (rules.equal, (1.0, 2.0 + 1e-9), [1.0, 2.0], False),
        (rules.equal, [1.0], [1.0 + 1e-9, 2.0], False),
        (rules.equal, 1000001, 1000002, False),
        (rules.same_members, [3, 1], (1, 3), True),
        (rules.found, object(), True, True),
        (rules.found, None, False, True),
        (rules.found, False, object(), False),
        (rules.equal_or_zero, 0, 7, True),
    ],
)
def test_rule(rule: "rules.Rule", result: object, expected: object, right: bool) -> None:
    """Near floats of one type are equal, near integers are not; some tasks allow more."""
    assert rule(result, expected, (), 0.0) is right


def test_rules_of_single_tasks() -> None:
    """The three formulas that EvalPlus accepts beside its reference are accepted."""
    assert rule_for("HumanEval/32")(-0.5, None, ([1, 2],), 1e-4)
    assert not rule_for("HumanEval/32")(0.5, None, ([1, 2],), 1e-4)
    assert rule_for("Mbpp/558")(1, 7, (19, 29), 0.0)
    assert rule_for("Mbpp/581")(33, 0, (3, 4), 0.0) is (round(9 + 6 * 18.25**0.5) == 33)
    assert rule_for("mine/32") is rules.equal


def test_typed() -> None:
    """Lists become tuples where the task means tuples, and nowhere else."""
    assert typed("Mbpp/63", [[[1, 2], [3, 4]]]) == [[(1, 2), (3, 4)]]
    assert typed("Mbpp/580", [[1, [2, [3]]]]) == [(1, (2, (3,)))]
    assert typed("Mbpp/106", [[1], [2]]) == [[1], (2,)]
    assert typed("Mbpp/722", [{"a": [1, 2]}, 3]) == [{"a": (1, 2)}, 3]
    assert typed("Mbpp/252", ["(1+2j)"]) == [1 + 2j]
    assert typed("HumanEval/63", [[[1]]]) == [[[1]]]


def test_costly_inputs() -> None:
    """Of a task's costly neighbours one is kept, of all else everything."""
    inputs = [[5], [10**8], [10**6], [10**8 + 1]]

    assert affordable("Mbpp/599", inputs) == [[5], [10**8], [10**6]]
    assert affordable("Mbpp/600", inputs) == inputs


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"plus_input": "x"}, "field 'plus_input': found a string; expected an array of argument lists"),
        ({"base_input": [3]}, "field 'base_input': found a number as item 1; expected an array of arguments"),
        ({"atol": "0"}, "field 'atol': found a string; expected a number"),
        ({"canonical_solution": ""}, "field 'canonical_solution': found an empty string"),
        ({"canonical_solution": "\ndef shared(a:"}, "field 'entry_point'|field 'canonical_solution'"),
        ({"entry_point": "other"}, "field 'entry_point': found 'other'"),
    ],
)
def test_bad_line(tmp_path: Path, changes: dict[str, object], complaint: str) -> None:
    """A line of EvalPlus's that is not right is named by number and field."""
    path = written(tmp_path, record(), record(task_id="Mbpp/3") | changes)

    with pytest.raises(BadRecord, match=rf"line 2.*({complaint})"):
        load(path)


def test_missing_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the file the error says where it was looked for, and two ways to get it."""
    monkeypatch.setenv("FRACTAL_AGENT_DATA", str(tmp_path))

    with pytest.raises(MissingDataset, match=r"mbpp\+: MbppPlus.jsonl.gz is not in .*https://.*pip install"):
        load("mbpp+")


def test_cache_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the evalplus package has fetched is found, in the version that it names."""
    monkeypatch.delenv("FRACTAL_AGENT_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "evalplus").mkdir()
    written(tmp_path / "evalplus", record(), name="MbppPlus-v0.2.0.jsonl")

    assert [task.problem.task_id for task in load("mbpp+")] == ["Mbpp/2"]


def test_humaneval_carries_the_stricter_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With HumanEval+ at hand, HumanEval's own tests stay the first and HumanEval+'s stand beside them."""
    monkeypatch.setenv("FRACTAL_AGENT_DATA", str(tmp_path))
    line = record(task_id="HumanEval/3", prompt='def below_zero(x):\n    """."""\n', entry_point="below_zero")
    written(tmp_path, line | {"canonical_solution": "    return x\n"}, name="HumanEvalPlus.jsonl")

    tasks = load("humaneval")

    assert "compare(candidate" in tasks[3].plus_tests
    assert "compare(candidate" not in tasks[3].hidden_tests
    assert tasks[4].plus_tests == ""


@needs_data
def test_every_problem_of_mbpp() -> None:
    """All 378 problems come, each but one with the one example that its prompt shows."""
    tasks = load("mbpp+")

    assert len(tasks) == 378
    assert {len(task.problem.examples) for task in tasks} == {0, 1}
    # It compares with sys.getsizeof.
    assert [task.problem.task_id for task in tasks if not task.problem.examples] == ["Mbpp/596"]


@needs_data
def test_every_problem_of_humaneval() -> None:
    """All 164 problems come; four show no example, as in HumanEval."""
    tasks = load("humaneval+")

    assert [task.problem.task_id for task in tasks] == [f"HumanEval/{number}" for number in range(164)]
    assert sum(not task.problem.examples for task in tasks) == 4


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["humaneval+", "mbpp+"])
async def test_canonical_solutions(name: str) -> None:
    """Each canonical solution passes its hidden tests in the sandbox; a program that returns a word fails.

    Of Mbpp/164 EvalPlus asks no more than that the program returns.
    """
    right: dict[str, GradingCompleted] = {}
    wrong: dict[str, GradingCompleted] = {}

    async with open_sandbox() as sandbox, anyio.create_task_group() as group:

        async def grade(task: Task, code: str, into: dict[str, GradingCompleted]) -> None:
            problem = task.problem
            into[problem.task_id] = await sandbox.grade(code, problem.entry_point, task.hidden_tests)

        for task in load(name):
            group.start_soon(grade, task, task.problem.prompt + task.canonical_solution, right)
            group.start_soon(grade, task, task.problem.prompt + "\n    return 'a word'\n", wrong)

    assert {task_id: one for task_id, one in right.items() if one.outcome != "passed"} == {}
    assert [task_id for task_id, one in wrong.items() if one.outcome == "passed"] in ([], ["Mbpp/164"])
