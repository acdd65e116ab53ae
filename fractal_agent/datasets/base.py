"""What a dataset gives: tasks, each a problem to show and tests to hide, or an error that says why not."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from events.work import ProblemPosed


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A problem with what must stay out of its sight. Only `problem` may ever reach a role."""

    problem: ProblemPosed
    hidden_tests: str
    """Hidden: for grading alone. Python source of `check(candidate)`, which raises on a wrong candidate.

    Of a program: the source of `__pairs__`, inputs with outputs.
    """
    plus_tests: str = ""
    """Hidden too: stricter tests, for a second verdict. Empty where there are none."""
    canonical_solution: str = ""
    """What completes the prompt to a right program, or a whole one; only to check tests. Empty if unknown."""
    line: int = 0
    """Where it stands in its file, counted from 1; 0 where there is no file."""


class TaskUnfit(Exception):
    """No program could get a right verdict on the task, which a check found before the run."""


class DatasetError(Exception):
    """No tasks came back, not even some of them."""


class UnknownDataset(DatasetError):
    """The name stands for nothing that can be loaded."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(
            f"There is no dataset named {name!r}.{_nearest(name, known)} "
            f"Give one of {_listed(known)}, or the path of a file that ends in .jsonl or .jsonl.gz."
        )


class MissingDataset(DatasetError):
    """The dataset is known, and its file is not there or cannot be read; `remedy` says what to do."""

    def __init__(self, where: str | Path, found: str, remedy: str) -> None:
        super().__init__(f"{where}: {found}. {remedy}")


class UnknownTask(DatasetError):
    """Some of the ids that were asked for are not in the dataset."""

    def __init__(self, unknown: Sequence[str], known: Sequence[str]) -> None:
        complaints = "".join(f"No task is named {each!r}.{_nearest(each, known)} " for each in unknown)
        span = f", from {known[0]!r} to {known[-1]!r}" if known else ""
        super().__init__(f"{complaints}The dataset has {len(known)} tasks{span}.")


class NoTaskFit(DatasetError):
    """No task of the data set can be judged."""

    def __init__(self, dataset: str, first: str) -> None:
        super().__init__(
            f"{dataset}: no task can be judged, so no model was started. The first: {first}. "
            "Correct the data, or give --no-check-data to run it all the same."
        )


class BadRecord(DatasetError):
    """A line of a JSONL file is not a task."""

    def __init__(self, path: Path, line: int, *, field: str, found: str, expected: str) -> None:
        where = f"{path}, line {line}" + (f", field {field!r}" if field else "")
        super().__init__(f"{where}: found {found}; expected {expected}. Correct the line and load again.")


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3)
    return f" Did you mean {_listed(near)}?" if near else ""


def _listed(names: Sequence[str]) -> str:
    return " or ".join(repr(name) for name in names)
