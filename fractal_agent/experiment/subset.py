"""Which problems an experiment is made on: a list of ids, and how a list of hard ones is chosen from runs.

A subset is named by `--subset`: a list that comes with the package (`subsets/NAME.txt`), a text file of ids,
or the ids themselves, separated by commas. In a file each line is an id; what begins with `#` is a remark.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import msgspec

from fractal_agent.recording import Recording
from replay.timeline import Timeline

_LISTS = Path(__file__).with_name("subsets")


class SubsetError(Exception):
    """A subset cannot be read, or cannot be chosen from these runs."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One problem in the runs that a list is chosen from."""

    task_id: str
    share: Fraction
    """In how many of the runs its answer passed, 0..1."""


def subset_ids(subset: str) -> tuple[str, ...]:
    """The ids that `--subset` names, in their order.

    Raises:
        SubsetError: no list and no file has that name, or it holds no ids.
    """
    packaged, file = _LISTS / f"{subset}.txt", Path(subset)
    if packaged.is_file() or file.is_file():
        return _read(packaged if packaged.is_file() else file)
    ids = tuple(part.strip() for part in subset.split(",") if part.strip())
    if not ids or not all("/" in each for each in ids):
        known = ", ".join(sorted(path.stem for path in _LISTS.glob("*.txt"))) or "none"
        raise SubsetError(
            f"subset {subset!r}: expected the name of a list (there are: {known}), a file with one id a "
            "line, or ids with commas between them. `python -m fractal_agent.experiment RUN...` chooses the "
            "hard problems of recorded runs and prints such a file."
        )
    return ids


def measured(runs: Sequence[Timeline]) -> list[Measured]:
    """The problems that all runs have graded, in the order of the first, with the share of runs that passed.

    Raises:
        SubsetError: there are no such problems.
    """
    by_run = [{case.problem.task_id: case.passed for case in run.graded} for run in runs]
    shared = [task for task in (by_run[0] if by_run else ()) if all(task in run for run in by_run)]
    if not shared:
        raise SubsetError("no problem is graded in all of these runs, so none can be chosen")
    return [
        Measured(task_id=task, share=Fraction(sum(run[task] for run in by_run), len(by_run)))
        for task in shared
    ]


def hardest(problems: Iterable[Measured], count: int) -> list[Measured]:
    """The `count` problems that lie nearest to the boundary, in their own order.

    Nearest is a share of passing runs nearest to one half; of equals the harder, and then the earlier.
    What every run solves or none does tells architectures apart least.

    Raises:
        SubsetError: there are fewer.
    """
    given = list(problems)
    if len(given) < count:
        raise SubsetError(f"{count} problems are to be chosen, and the runs have {len(given)} in common")
    order = sorted(range(len(given)), key=lambda n: (abs(given[n].share - Fraction(1, 2)), given[n].share, n))
    return [given[n] for n in sorted(order[:count])]


def chosen_ids(recordings: Sequence[Recording], count: int) -> str:
    """A subset file: the hardest problems of these runs, with remarks on what they were chosen from."""
    chosen = hardest(measured([recording.timeline for recording in recordings]), count)
    rule = "the share of passing runs nearest to one half, then the harder, then the earlier"
    remarks = [f"# The {count} problems nearest to the boundary: {rule}."]
    remarks += [f"# {_origin(recording)}" for recording in recordings]
    return "\n".join([*remarks, *(f"{one.task_id}  # {float(one.share):.2f}" for one in chosen)]) + "\n"


def _origin(recording: Recording) -> str:
    settings, timeline = recording.started.settings, recording.timeline
    return (
        f"from {recording.started.run_id}: {settings.dataset}, {settings.architecture}, {settings.model}, "
        f"seed {settings.seed}, {timeline.passed} of {len(timeline.graded)} passed, log {recording.head}"
    )


def _read(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SubsetError(f"{path}: cannot be read as a list of ids: {error}") from None
    ids = tuple(part for line in lines if (part := line.partition("#")[0].strip()))
    if not ids:
        raise SubsetError(f"{path}: holds no ids; expected one a line, for example HumanEval/3")
    return ids
