"""Checking data in the real sandbox before a model is asked."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fractal_agent.datasets import load
from fractal_agent.datasets.fitness import Fitness, check_tasks
from fractal_agent.sandbox import Sandbox, open_sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with open_sandbox(concurrency=1) as opened:
        yield opened


def line(number: int, test: str, **changes: object) -> dict[str, object]:
    return {
        "task_id": f"mine/{number}",
        "prompt": 'def add(a, b):\n    """Add."""\n',
        "entry_point": "add",
        "test": test,
        "canonical_solution": "    return a + b\n",
        **changes,
    }


GOOD = "def check(candidate):\n    assert candidate(2, 2) == 4\n"


async def checked(folder: Path, sandbox: Sandbox, *lines: dict[str, object]) -> Fitness:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return await check_tasks(load(str(path)), sandbox)


async def test_good_tasks(tmp_path: Path, sandbox: Sandbox) -> None:
    """Tasks whose canonical solutions pass are fit, with and without one."""
    without = {key: value for key, value in line(1, GOOD).items() if key != "canonical_solution"}

    fitness = await checked(tmp_path, sandbox, line(0, GOOD), without)

    assert (fitness.fit, fitness.sentence) == (2, "2 of 2 tasks are fit")


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ("def check(candidate):\n    assert candidate(lambda: 1, 2)\n", "cannot be given to another process"),
        ("import nothing_like_it\n" + GOOD, "No module named 'nothing_like_it'"),
        ("def check(candidate):\n    candidate(2, 2)\n", "they make no assertion"),
        (
            "def check(candidate):\n    assert candidate(2, 2) == 5\n",
            "its canonical solution fails its tests",
        ),
        ("def check(candidate):\n    return\n    assert 1\n", "nothing calls the program"),
    ],
)
async def test_tests_that_cannot_judge(tmp_path: Path, sandbox: Sandbox, test: str, reason: str) -> None:
    """Each way in which tests cannot judge is told with line, id and reason; the other tasks stay fit."""
    fitness = await checked(tmp_path, sandbox, line(0, GOOD), line(1, test), line(2, GOOD))

    (finding,) = fitness.unfit
    assert finding.sentence.startswith("line 2 (mine/1): ")
    assert reason in finding.reason
    assert fitness.sentence == "2 of 3 tasks are fit"


async def test_without_a_canonical_solution(tmp_path: Path, sandbox: Sandbox) -> None:
    """Tests are looked at also where there is no canonical solution to try."""
    test = "import nothing_like_it\n" + GOOD

    fitness = await checked(tmp_path, sandbox, line(0, test, canonical_solution=""))

    assert "nothing_like_it" in fitness.unfit[0].reason


async def test_prompt_that_needs_what_is_not_there(tmp_path: Path, sandbox: Sandbox) -> None:
    """A prompt that imports a package which the sandbox lacks makes its task unfit."""
    prompt = 'import numpy_like\n\ndef add(a, b):\n    """Add."""\n'

    fitness = await checked(tmp_path, sandbox, line(0, GOOD, prompt=prompt, canonical_solution=""))

    assert "numpy_like" in fitness.unfit[0].reason


async def test_tests_that_nothing_can_fail(tmp_path: Path, sandbox: Sandbox) -> None:
    """Tests that a program passes which does nothing are doubtful, and their task stays fit."""
    test = "def check(candidate):\n    assert candidate(2, 2) is None or True\n"

    fitness = await checked(tmp_path, sandbox, line(0, test))

    assert (fitness.fit, [finding.task_id for finding in fitness.doubtful]) == (1, ["mine/0"])
    assert fitness.sentence == "1 of 1 tasks are fit; 1 pass with a program that does nothing"
