"""The page on data sets: each task that it shows can be loaded, and its tests can judge."""

import json
import re
from pathlib import Path

import pytest

from fractal_agent.datasets import load
from fractal_agent.datasets.fitness import check_tasks
from fractal_agent.sandbox import open_sandbox

PAGE = Path(__file__).parents[2] / "docs" / "datasets.md"
TASKS = re.findall(r"^```json\n(.*)\n```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_tasks_are_shown() -> None:
    """The page shows a task of each kind."""
    assert len(TASKS) == 8


@pytest.mark.parametrize("shown", TASKS)
async def test_shown_task(tmp_path: Path, shown: str) -> None:
    """A task as the page shows it is read as it is, and nothing is wrong with its tests."""
    file = tmp_path / "mine.jsonl"
    file.write_text(shown + "\n", encoding="utf-8")

    (task,) = load(str(file))

    async with open_sandbox("limits") as sandbox:
        fitness = await check_tasks([task], sandbox)

    assert (fitness.unfit, fitness.doubtful) == ((), ())


def test_all_of_them_are_one_file(tmp_path: Path) -> None:
    """The tasks of the page together are a data set, as lines and as an array."""
    file = tmp_path / "mine.json"
    file.write_text(json.dumps([json.loads(task) for task in TASKS]), encoding="utf-8")

    assert len(load(str(file))) == len(TASKS)
