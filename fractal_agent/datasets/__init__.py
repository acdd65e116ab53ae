"""Problems to solve, by the name of a dataset or the path of a JSONL file."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from fractal_agent.datasets.base import (
    BadRecord,
    DatasetError,
    MissingDataset,
    NoTaskFit,
    Task,
    UnknownDataset,
    UnknownTask,
)
from fractal_agent.datasets.evalplus import HUMANEVAL_PLUS, MBPP_PLUS, release_file
from fractal_agent.datasets.examples import EXTRACTOR_VERSION, extract_examples
from fractal_agent.datasets.humaneval import NAME as HUMANEVAL
from fractal_agent.datasets.humaneval import load_humaneval
from fractal_agent.datasets.jsonl import SUFFIXES, read_tasks

__all__ = [
    "EXTRACTOR_VERSION",
    "BadRecord",
    "DatasetError",
    "MissingDataset",
    "NoTaskFit",
    "Task",
    "UnknownDataset",
    "UnknownTask",
    "extract_examples",
    "is_own",
    "load",
    "names",
    "select",
]

_LOADERS: dict[str, Callable[[], tuple[Task, ...]]] = {
    HUMANEVAL: load_humaneval,
    HUMANEVAL_PLUS.name: lambda: read_tasks(release_file(HUMANEVAL_PLUS)),
    MBPP_PLUS.name: lambda: read_tasks(release_file(MBPP_PLUS)),
}


def names() -> tuple[str, ...]:
    """The datasets that have a name, sorted."""
    return tuple(sorted(_LOADERS))


def is_own(name: str) -> bool:
    """True for the path of a file, false for a dataset that has a name."""
    return name.endswith(SUFFIXES)


def load(name: str) -> tuple[Task, ...]:
    """All tasks of the dataset, in its order; a name that ends in .jsonl or .jsonl.gz is a path.

    Raises a DatasetError that says what to do: UnknownDataset, MissingDataset or BadRecord.
    """
    if is_own(name):
        return read_tasks(Path(name))
    if name not in _LOADERS:
        raise UnknownDataset(name, names())
    return _LOADERS[name]()


def select(tasks: Sequence[Task], ids: Iterable[str] = (), limit: int | None = None) -> tuple[Task, ...]:
    """The tasks with these ids, each once, in the order of the ids; all tasks when there are none.

    At most `limit` of them, from the front. Raises UnknownTask, which names every id that is not there.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; a selection has at least one task: give 1 or more, or None")
    by_id = {task.problem.task_id: task for task in tasks}
    wanted = tuple(dict.fromkeys(ids)) or tuple(by_id)
    unknown = [each for each in wanted if each not in by_id]
    if unknown:
        raise UnknownTask(unknown, tuple(by_id))
    return tuple(by_id[each] for each in wanted)[:limit]
