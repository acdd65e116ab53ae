"""HumanEval+ and MBPP+: where their files are, and tests made of their inputs and reference solutions."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from fractal_agent.config import data_dirs
from fractal_agent.datasets import agreement
from fractal_agent.datasets.base import MissingDataset
from fractal_agent.datasets.literals import source_of


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One data set of EvalPlus, in the version whose figures are published."""

    name: str
    stem: str
    """What the file's name begins with."""
    version: str
    getter: str
    """The function of the `evalplus` package that fetches it."""

    @property
    def url(self) -> str:
        repository = f"https://github.com/evalplus/{self.stem.lower()}_release"
        return f"{repository}/releases/download/{self.version}/{self.stem}.jsonl.gz"


HUMANEVAL_PLUS = Release(
    name="humaneval+", stem="HumanEvalPlus", version="v0.1.10", getter="get_human_eval_plus"
)
MBPP_PLUS = Release(name="mbpp+", stem="MbppPlus", version="v0.2.0", getter="get_mbpp_plus")


def find_release(release: Release) -> Path | None:
    """The file in one of `config.data_dirs`, by the name it has for download or in EvalPlus's cache."""
    stems = (release.stem, f"{release.stem}-{release.version}")
    places = [
        folder / f"{stem}{suffix}"
        for folder in data_dirs()
        for stem in stems
        for suffix in (".jsonl.gz", ".jsonl")
    ]
    return next((file for file in places if _is_file(file)), None)


def _is_file(path: Path) -> bool:
    """False also of what lies in a folder that this user may not look into."""
    try:
        return path.is_file()
    except OSError:
        return False


def release_file(release: Release) -> Path:
    """Raises MissingDataset, which says how to get it, when it is nowhere."""
    file = find_release(release)
    if file is None:
        folders = " or ".join(str(folder) for folder in data_dirs()) or "any folder (there is no home)"
        remedy = (
            f"Put {release.url} there, or name a folder of yours in $FRACTAL_AGENT_DATA, "
            "or let EvalPlus fetch it: "
            f'pip install evalplus && python -c "from evalplus.data import {release.getter} as get; get()"'
        )
        raise MissingDataset(release.name, f"{release.stem}.jsonl.gz is not in {folders}", remedy)
    return file


_RULES = {
    **dict.fromkeys((2, 7, 111, 140, 232, 249, 579, 769), agreement.same_members),
    **dict.fromkeys((737, 787, 794), agreement.found),
    164: agreement.anything,
    295: agreement.equal_or_zero,
    558: agreement.digits,
    581: agreement.surface,
}
"""MBPP+'s tasks that allow more than the reference's own result, by number."""
_HUMANEVAL_RULES = {32: agreement.root}


def rule_for(task_id: str) -> "agreement.Rule":
    """What makes a result of that task right."""
    family, _, number = task_id.partition("/")
    rules: Mapping[int, agreement.Rule] = {"Mbpp": _RULES, "HumanEval": _HUMANEVAL_RULES}.get(family, {})
    return rules.get(int(number), agreement.equal) if number.isdecimal() else agreement.equal


_COSTLY = {
    "HumanEval/15": 999_000,
    "HumanEval/36": 555_000,
    "HumanEval/59": 456_000,
    "HumanEval/130": 999_000,
    "HumanEval/139": 480,
    "Mbpp/123": 9_990,
    "Mbpp/255": 70,
    "Mbpp/271": 490_000,
    "Mbpp/392": 990_000,
    "Mbpp/589": 990_000,
    "Mbpp/592": 980,
    "Mbpp/599": 90_000_000,
    "Mbpp/603": 9_990,
}
"""From which argument on the reference itself takes so long that all such inputs together cross a limit."""


def affordable(task_id: str, inputs: Sequence[Sequence[object]]) -> list[Sequence[object]]:
    """All inputs, but of a task's costly ones, neighbours of each other, the one shortest to write."""
    if task_id not in _COSTLY:
        return list(inputs)
    costly = [arguments for arguments in inputs if _largest(arguments) >= _COSTLY[task_id]]
    kept = min(costly, key=lambda arguments: len(source_of(arguments)), default=None)
    return [arguments for arguments in inputs if arguments is kept or arguments not in costly]


def _largest(arguments: Sequence[object]) -> int:
    return max((abs(each) for each in arguments if isinstance(each, int)), default=0)


def differential_tests(
    reference: str,
    entry_point: str,
    inputs: Sequence[Sequence[object]],
    *,
    rule: "agreement.Rule" = agreement.equal,
    tolerance: float = 0.0,
) -> str:
    """Source of a `check(candidate)` that compares it with the reference, a whole program, on all inputs.

    The reference is run beside the candidate at each grading, so that no expected result has to be stored.
    """
    return (
        f"{inspect.getsource(agreement)}\n\n"
        f"nan, inf = math.nan, math.inf\n"
        f"_names = {{}}\n"
        f"exec({reference!r}, _names)\n\n\n"
        f"def _inputs():\n    return {source_of(list(inputs))}\n\n\n"
        f"def check(candidate):\n"
        f"    compare(candidate, _names[{entry_point!r}], _inputs, {rule.__name__}, {tolerance!r})\n"
    )
