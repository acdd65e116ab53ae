"""Data is tried before tokens are spent on it."""

import json
from pathlib import Path

import pytest

from fractal_agent.datasets import load
from fractal_agent.datasets.fitness import Fitness, UnfitData, check_tasks, whole_solution
from fractal_agent.sandbox import InstantSandbox, SandboxError, open_sandbox

ADD = 'def add(a, b):\n    """Add."""\n'
RIGHT = "    return a + b\n"


def line(test: str, solution: str = "", **changes: object) -> dict[str, object]:
    fields = {"prompt": ADD, "entry_point": "add", "test": test, "canonical_solution": solution}
    return fields | changes


async def checked(folder: Path, *lines: dict[str, object]) -> Fitness:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps({"task_id": f"m/{n}"} | each) + "\n" for n, each in enumerate(lines)))
    async with open_sandbox("limits") as sandbox:
        return await check_tasks("mine.jsonl", load(str(path)), sandbox)


CLASS = 'class Box:\n    """A box."""\n'
FIT = [
    line("assert add(1, 2) == 3", RIGHT),
    line("assert add(1, 2) == 3"),
    line("assert add(1, 2) == 3", "def add(a, b):\n    return a + b\n"),
    line("assert add(1, 2) == 3", "\ndef add(a, b):\n    return a + b\n", prompt="def add(a, b):\n"),
    line(
        "def check(candidate):\n    assert candidate().x == 1", "    x = 1\n", prompt=CLASS, entry_point="Box"
    ),
    line("async def check(candidate):\n    assert await candidate(1, 2) == 3", RIGHT, prompt=f"async {ADD}"),
    {
        "prompt": "Sum.",
        "tests": [["1 2", "3"]],
        "canonical_solution": "print(sum(map(int, input().split())))",
    },
    {"text": "Add.", "code": "def plus(a, b):\n    return a + b", "test_list": ["assert plus(1, 2) == 3"]},
]


@pytest.mark.parametrize("fields", FIT)
async def test_fit(tmp_path: Path, fields: dict[str, object]) -> None:
    """Tests that fail a program which does nothing, and pass the solution, are fit."""
    fitness = await checked(tmp_path, fields)

    assert fitness == Fitness(dataset="mine.jsonl", tasks=1, fit=("m/0",))


UNFIT = [
    (line("assert add(1, 2) == 4", RIGHT), "does not pass: add(1, 2) gives 3, expected 4"),
    (line("assert add(1, 2) == 3", "    return a +\n"), "does not pass: SyntaxError"),
    (line("assert add(lambda: 1, 2) == 3", RIGHT), "they give the program a function"),
    (line("import nowhere\nassert add(1, 2) == 3"), "they need what is not installed: No module named"),
    (line("from unittest.mock import patch\nassert add(1, 2) == 3"), "they patch what the program uses"),
    (line("def test_a(capsys):\n    assert add(1, 2) == 3"), "the fixture capsys"),
    (line("assert True"), "nothing calls the program"),
    (line("assert ad(1, 2) == 3"), "fail before they call the program: NameError: name 'ad'"),
    (
        {"prompt": "Sum.", "tests": [["1 2", "4"]], "canonical_solution": "print(3)"},
        "does not pass: 1 2 gives 3 , expected 4",
    ),
]


@pytest.mark.parametrize(("fields", "reason"), UNFIT)
async def test_unfit(tmp_path: Path, fields: dict[str, object], reason: str) -> None:
    """Tests that cannot judge, or that fail a right program, are told with their line and the reason."""
    fitness = await checked(tmp_path, FIT[0], fields)

    (finding,) = fitness.unfit
    assert (finding.line, finding.task_id, fitness.fit) == (2, "m/1", ("m/0",))
    assert reason in finding.reason
    assert fitness.told()[0] == "mine.jsonl: 1 of 2 tasks are fit; 1 cannot be judged:"
    assert fitness.told()[1].startswith("  mine.jsonl, line 2 (m/1): ")


async def test_vacuous_tests(tmp_path: Path) -> None:
    """Tests that a program which does nothing passes are a warning, and fit."""
    fitness = await checked(tmp_path, line("assert add(1, 2) is None"))

    assert fitness.fit == ("m/0",)
    assert "does nothing and returns None passes its tests" in fitness.warnings[0].reason
    assert fitness.told()[1].startswith("Warning: mine.jsonl, line 1 (m/0): ")


async def test_progress_and_order(tmp_path: Path) -> None:
    """All tasks are counted as they are done, and what is found stands in their order."""
    path = tmp_path / "mine.jsonl"
    bad = [json.dumps({"task_id": f"m/{n}"} | line("assert True")) for n in range(30)]
    path.write_text("\n".join(bad))
    done: list[int] = []

    async with open_sandbox("limits") as sandbox:
        fitness = await check_tasks("mine.jsonl", load(str(path)), sandbox, progress=done.append)

    assert done == list(range(1, 31))
    assert [finding.line for finding in fitness.unfit] == list(range(1, 31))
    assert fitness.told()[-1] == "  and 10 more"


async def test_broken_sandbox_is_no_finding(tmp_path: Path) -> None:
    """A sandbox that fails says nothing about the tests: its error rises."""
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"task_id": "m/0"} | FIT[0]))

    def broken(*_: str) -> None:
        raise SandboxError(where="here", found="nothing", expected="a sandbox", advice="Look.")

    with pytest.raises(SandboxError, match="here: nothing"):
        await check_tasks("mine.jsonl", load(str(path)), InstantSandbox(grade=broken))  # type: ignore[arg-type]


def test_advice() -> None:
    """Where no task is fit, leaving tasks out is not advised."""
    none = Fitness(dataset="mine.jsonl", tasks=1, fit=())
    some = Fitness(dataset="mine.jsonl", tasks=2, fit=("a",))

    assert "--skip-unfit" not in str(UnfitData(none))
    assert "--skip-unfit" in str(UnfitData(some))


def test_solution_that_is_whole(tmp_path: Path) -> None:
    """A solution completes its prompt where that gives Python, and stands by itself where not."""
    path = tmp_path / "mine.jsonl"
    whole = "def add(a, b):\n    return a + b\n"
    path.write_text(
        json.dumps({"task_id": "m/0"} | line("assert add(1, 2)", whole, prompt="def add(a, b):\n"))
    )

    assert whole_solution(load(str(path))[0]) == whole
