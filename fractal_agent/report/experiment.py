"""An experiment in numbers: pass rates, failures, tokens and pairs, folded from the cells' logs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

import msgspec

from events import LOG_NAME, CodeReviewed, GenerationCompleted, LogReader
from fractal_agent.report.failures import KINDS, count_kinds, whole_functions
from fractal_agent.report.statistics import Interval, mcnemar, wilson
from fractal_agent.runs import run_folders
from replay.timeline import CaseStory, Caveats, Timeline

BASELINE = "baseline"


class MixedCells(Exception):
    """Cells in one folder that do not belong into one table."""

    def __init__(self, folder: Path, name: str, one: object, other: object) -> None:
        super().__init__(
            f"{folder}: its {name} is {other!r}, and that of a cell beside it is {one!r}. They do not belong "
            "into one table: keep each experiment in a folder of its own."
        )


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One run: a model, an architecture, a seed."""

    run_id: str
    log: str
    """Path of the log."""
    model: str
    architecture: str
    seed: int
    state: str
    """`completed`, `failed`, `interrupted` or `unfinished`."""
    began: str
    """Local time, ISO 8601."""
    total: int
    graded: int
    passed: int
    failed: int
    """`graded - passed`."""
    caveats: Caveats
    """What the rate does not show."""
    outcomes: dict[str, bool]
    """Task to whether its answer passed, for those that are graded."""
    plus_outcomes: dict[str, bool]
    """The same of stricter tests, for those that these graded too: HumanEval+'s, where its data is there."""
    failures: dict[str, int]
    """Kind to count; see `report.failures`."""
    whole_functions: int
    """Snippets that are whole functions."""
    snippets: int
    first_failed: int
    """Graded cases whose first reviewed code failed its review."""
    turned: int
    """Those of them that passed in the end."""
    written: int
    """Tokens, as are those read; those of answers that were taken over from another cell included."""
    read: int
    seconds: float
    """Wall time; the cell did not wait for what it took over."""


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """An architecture against the baseline of the same model, problem by problem.

    A problem is won when a greater share of seeds solves it.
    """

    won: int
    lost: int
    both: int
    """Problems that were compared."""
    p: float
    """Exact McNemar, two-sided."""


class PlusRate(msgspec.Struct, frozen=True, kw_only=True):
    """The pass rate under stricter tests, as `Row` has it of the others."""

    problems: int
    pass_rate: float
    interval: Interval


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """All seeds of one model and architecture."""

    model: str
    architecture: str
    seeds: list[int]
    problems: int
    """Graded in at least one seed."""
    pass_rate: float
    """Of all graded cases of all seeds."""
    interval: Interval
    """95 %, Wilson; it counts each problem once, for seeds share their problems."""
    lowest: float
    """Pass rate of the worst seed, and below it of the best."""
    highest: float
    caveats: Caveats
    """What the rates do not show, summed over the seeds."""
    plus: PlusRate | None
    """None when stricter tests graded nothing."""
    failures: dict[str, int]
    """Summed over the seeds, as are the next four."""
    whole_functions: int
    snippets: int
    first_failed: int
    turned: int
    written_per_problem: float
    """Tokens, per graded case; as those read."""
    read_per_problem: float
    written_per_solved: float | None
    """None when nothing was solved."""
    seconds_per_problem: float
    """Wall time of the whole run by its cases, which ran side by side."""
    against_baseline: Pairs | None
    """None for the baseline itself, and where there is none."""


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What the study reports for an architecture."""

    architecture: str
    passed: int
    total: int
    interval: Interval


STUDIED = ("humaneval", "humaneval+")
"""The data sets whose reports the study's figures may stand beside."""
STUDY = "a 7B model on 15 hard problems of HumanEval that the study does not list"
REFERENCES = tuple(
    Reference(architecture=name, passed=passed, total=15, interval=wilson(passed, 15))
    for name, passed in (("baseline", 10), ("flat", 3), ("tree", 0), ("guided", 10))
)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What the cells of one model were made with."""

    model: str
    model_origin: str
    model_digest: str
    engine: str
    engine_settings: dict[str, str]
    """As the engine told them, its `device` and `dtype` among them."""
    machine: str
    sandbox: str
    versions: dict[str, str]


class ExperimentReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `experiment --json` prints."""

    folder: str
    dataset: str
    tasks: list[str]
    feedback: str
    """`visible`, or `oracle` where the Critic ran the hidden tests."""
    rounds: int
    candidates: int
    differing: list[str]
    """Roles whose code is not the same in all cells, so that their figures may not belong together."""
    rows: list[Row]
    references: list[Reference]
    """Of the study; none for other data sets than HumanEval."""
    made: list[Made]
    cells: list[Cell]


def experiment_report(folder: Path) -> ExperimentReport:
    """The report of the cells that lie in a folder, as far as they have come. Nothing is run.

    Raises:
        MixedCells: they are of several data sets, subsets or protocols.
        LogError: a log is damaged, or there is none.
    """
    timelines = {path: Timeline.of(LogReader(path / LOG_NAME)) for path in run_folders(folder)}
    begun = {path: timeline for path, timeline in timelines.items() if timeline.started}
    _require_same(begun)
    cells = [_cell(path, timeline) for path, timeline in begun.items()]
    settings = next((line.started.settings for line in begun.values() if line.started), None)
    return ExperimentReport(
        folder=str(folder),
        dataset=settings.dataset if settings else "",
        tasks=list(settings.tasks) if settings else [],
        feedback=settings.feedback if settings else "visible",
        rounds=settings.rounds if settings else 0,
        candidates=settings.candidates if settings else 0,
        differing=_differing(begun.values()),
        rows=_rows(cells),
        references=list(REFERENCES) if settings and settings.dataset in STUDIED else [],
        made=_made(list(begun.values())),
        cells=cells,
    )


def _require_same(timelines: Mapping[Path, Timeline]) -> None:
    first = None
    for path, timeline in timelines.items():
        assert timeline.started is not None
        settings = timeline.started.settings
        first = first or settings
        for name in ("dataset", "tasks", "feedback", "rounds", "candidates", "max_tokens", "temperature"):
            if getattr(settings, name) != getattr(first, name):
                raise MixedCells(path, name, getattr(first, name), getattr(settings, name))


def _cell(folder: Path, timeline: Timeline) -> Cell:
    assert timeline.started is not None
    settings, graded = timeline.started.settings, timeline.graded
    failing = [case for case in graded if _first_failed(case)]
    snippets = [whole_functions(case) for case in graded]
    answers = [
        entry.event
        for case in timeline.cases.values()
        for entry in case.entries
        if isinstance(entry.event, GenerationCompleted)
    ]
    return Cell(
        run_id=timeline.started.run_id,
        log=str(folder / LOG_NAME),
        model=settings.model,
        architecture=settings.architecture,
        seed=settings.seed,
        state=timeline.state,
        began=datetime.fromtimestamp(timeline.began).isoformat(timespec="seconds"),
        total=len(timeline.started.cases),
        graded=len(graded),
        passed=timeline.passed,
        failed=len(graded) - timeline.passed,
        caveats=timeline.caveats,
        outcomes={case.problem.task_id: case.passed for case in graded},
        plus_outcomes={case.problem.task_id: case.plus == "passed" for case in graded if case.plus},
        failures=count_kinds(timeline.cases.values()),
        whole_functions=sum(whole for whole, _ in snippets),
        snippets=sum(count for _, count in snippets),
        first_failed=len(failing),
        turned=sum(case.passed for case in failing),
        written=sum(answer.completion_tokens for answer in answers),
        read=sum(answer.prompt_tokens for answer in answers),
        seconds=round(timeline.seconds, 3),
    )


def _first_failed(case: CaseStory) -> bool:
    reviews = (entry.event for entry in case.entries if isinstance(entry.event, CodeReviewed))
    first = next(reviews, None)
    return first is not None and not first.passed


def _rows(cells: Iterable[Cell]) -> list[Row]:
    """One row a model and architecture, the baseline first, then by name."""
    graded = [cell for cell in cells if cell.graded]
    ordered = sorted(graded, key=lambda cell: (cell.model, *_rank(cell.architecture), cell.seed))
    grouped = {
        key: list(of_row)
        for key, of_row in groupby(ordered, key=lambda cell: (cell.model, cell.architecture))
    }
    return [
        _row(of_row, grouped.get((model, BASELINE)) if architecture != BASELINE else None)
        for (model, architecture), of_row in grouped.items()
    ]


def _rank(architecture: str) -> tuple[int, str]:
    known = ("baseline", "flat", "tree", "guided", "repair", "resample", "redraft")
    return (known.index(architecture) if architecture in known else len(known), architecture)


def _row(cells: Sequence[Cell], baseline: Sequence[Cell] | None) -> Row:
    graded, passed = sum(cell.graded for cell in cells), sum(cell.passed for cell in cells)
    rates = [cell.passed / cell.graded for cell in cells]
    problems = len({task for cell in cells for task in cell.outcomes})
    failures = Counter[str]()
    for cell in cells:
        failures.update(cell.failures)
    written = sum(cell.written for cell in cells)
    return Row(
        model=cells[0].model,
        architecture=cells[0].architecture,
        seeds=[cell.seed for cell in cells],
        problems=problems,
        pass_rate=passed / graded,
        interval=wilson(passed / graded * problems, problems),
        lowest=min(rates),
        highest=max(rates),
        caveats=sum((cell.caveats for cell in cells), Caveats()),
        plus=_plus(cells),
        failures={kind: failures[kind] for kind in KINDS if failures[kind]},
        whole_functions=sum(cell.whole_functions for cell in cells),
        snippets=sum(cell.snippets for cell in cells),
        first_failed=sum(cell.first_failed for cell in cells),
        turned=sum(cell.turned for cell in cells),
        written_per_problem=round(written / graded, 1),
        read_per_problem=round(sum(cell.read for cell in cells) / graded, 1),
        written_per_solved=round(written / passed, 1) if passed else None,
        seconds_per_problem=round(sum(cell.seconds for cell in cells) / graded, 2),
        against_baseline=_pairs(cells, baseline) if baseline else None,
    )


def _plus(cells: Sequence[Cell]) -> PlusRate | None:
    found = [passed for cell in cells for passed in cell.plus_outcomes.values()]
    if not found:
        return None
    problems, rate = len({task for cell in cells for task in cell.plus_outcomes}), sum(found) / len(found)
    return PlusRate(problems=problems, pass_rate=rate, interval=wilson(rate * problems, problems))


def _pairs(cells: Sequence[Cell], baseline: Sequence[Cell]) -> Pairs:
    ours, theirs = _shares(cells), _shares(baseline)
    both = ours.keys() & theirs.keys()
    won = sum(ours[task] > theirs[task] for task in both)
    lost = sum(ours[task] < theirs[task] for task in both)
    return Pairs(won=won, lost=lost, both=len(both), p=mcnemar(won, lost))


def _shares(cells: Sequence[Cell]) -> dict[str, float]:
    """Task to the share of the seeds, among those that have graded it, that solved it."""
    outcomes: dict[str, list[bool]] = {}
    for cell in cells:
        for task, passed in cell.outcomes.items():
            outcomes.setdefault(task, []).append(passed)
    return {task: sum(found) / len(found) for task, found in outcomes.items()}


def _differing(timelines: Iterable[Timeline]) -> list[str]:
    """Roles with more than one fingerprint; one that a cell does not know does not count."""
    prints: dict[str, set[str]] = {}
    for timeline in timelines:
        for made in timeline.provenances:
            for role, one in made.roles.items():
                prints.setdefault(role, set()).add(one)
    return sorted(role for role, found in prints.items() if len(found) > 1)


def _made(timelines: Sequence[Timeline]) -> list[Made]:
    """Once for each model and what it was run with: by the cells that asked it, if any did."""
    found: dict[bytes, Made] = {}
    asked = {each.started.settings.model for each in timelines if each.started and each.generations}
    for timeline in timelines:
        assert timeline.started is not None
        settings = timeline.started.settings
        if settings.model in asked and not timeline.generations:
            continue
        for made in timeline.provenances:
            if settings.model in asked and made.model_origin == "none":
                continue  # a stretch of the run that started no engine
            one = Made(
                model=settings.model,
                model_origin=made.model_origin,
                model_digest=made.model_digest,
                engine=settings.engine,
                engine_settings=made.engine,
                machine=made.machine,
                sandbox=made.sandbox,
                versions=made.versions,
            )
            found[msgspec.json.encode(one)] = one
    return list(found.values())
