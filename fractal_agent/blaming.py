"""Blame: which step of a failed case decides it, found by drawing each anew from what was recorded before."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from events import LOG_NAME, Branch, Edit, GenerationCompleted, GenerationRequested
from events.path import child, is_within
from fractal_agent.answering import reuses_answers, same_engine, told
from fractal_agent.catalog import Catalog, UnknownName
from fractal_agent.forking import SAMPLE, fork_job
from fractal_agent.job import Job
from fractal_agent.recording import Recording
from fractal_agent.report.statistics import Interval, wilson
from replay.edit import changed_settings
from replay.timeline import Caveats

TEMPERATURE = 0.8
"""At which a step is drawn that was recorded greedily: at 0 it would only repeat itself."""


class NothingToBlame(Exception):
    """The case has no failure, or no step of a model, to be looked into."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one step of the model when it was drawn anew."""

    path: str
    """Of the generation in the run that is blamed."""
    role: str
    drawn: int
    """Samples that came to a verdict."""
    differing: int
    """Those whose answer at this step is not the recorded one."""
    distinct: int
    """How many different answers there are among the differing."""
    passed: int
    """The differing ones that led to a pass of the hidden tests."""
    interval: Interval
    """95 %, Wilson, of `passed / differing`."""
    example: str
    """The path of a case, in the blaming run, that passed; empty when none did."""
    caveats: Caveats = Caveats()
    """What the rate does not show, summed over the samples."""


class Blame(msgspec.Struct, frozen=True, kw_only=True):
    """All steps of one case, in the order in which they were taken."""

    run_id: str
    """Of the blaming run, which holds every sample."""
    log: str
    """Path of its log."""
    parent: str
    case: str
    steps: list[Step]

    @property
    def blamed(self) -> Step | None:
        """The step at which a different answer most often led to a pass; None when none ever did."""
        best = max(self.steps, key=lambda step: step.passed / max(1, step.differing), default=None)
        return best if best is not None and best.passed else None

    @property
    def certain(self) -> bool:
        """True when the blamed step's interval lies above those of all others."""
        best = self.blamed
        return best is not None and all(
            step is best or step.interval.high < best.interval.low for step in self.steps
        )


def blame_job(
    parent: Recording,
    catalog: Catalog,
    *,
    folder: Path,
    case: str,
    samples: int,
    temperature: float = TEMPERATURE,
    edits: Sequence[Edit] = (),
) -> Job:
    """The fork that draws every step of a failed case anew, so many times each.

    `edits` are of settings, and may say where else the run's model is served.

    Raises:
        NothingToBlame: the case passed, has no verdict, or no model took part; or another model would answer.
        UnknownName, DatasetError: as `fork_job`.
    """
    if case not in parent.timeline.cases:
        raise UnknownName("case", case, parent.timeline.cases)
    story = parent.timeline.cases[case]
    if story.verdict is None or story.passed:
        outcome = "passed" if story.passed else "has no verdict yet"
        raise NothingToBlame(f"{case} {outcome} in {parent.started.run_id}: there is no failure to look into")
    steps = _steps(parent, case)
    if not steps:
        raise NothingToBlame(f"{case} failed in {parent.started.run_id} without a single answer of a model")
    was, now = parent.started.settings, changed_settings(parent.started.settings, edits)
    if not reuses_answers(was, now):
        raise NothingToBlame(
            f"{parent.started.run_id} was answered by {told(was)}, and {told(now)} is asked for: "
            "blame keeps what was recorded before a step, so the same model must answer. "
            "`fork` can ask another"
        )
    branches = [
        Branch(name=child(f"step-{number}", SAMPLE.format(sample)), anew=path, edits=edits)
        for number, (path, edits) in enumerate(_drawable(steps, temperature))
        for sample in range(samples)
    ]
    return fork_job(parent, catalog, folder=folder, cases=[case], branches=branches, edits=edits)


def require_same_engine(run: Recording, parent: Recording, edits: Sequence[Edit]) -> None:
    """Raises `NothingToBlame` when a blaming run was begun with another engine than the edits ask for."""
    asked = changed_settings(parent.started.settings, edits)
    if edits and not same_engine(run.started.settings, asked):
        raise NothingToBlame(
            f"{run.started.run_id} was begun with {told(run.started.settings)}, "
            f"and {told(asked)} is asked for; leave out --engine and --base-url to go on with it, "
            "or choose another --run-id"
        )


def blaming_run(folder: Path, parent: Recording, case: str, samples: int, temperature: float) -> Recording:
    """The run in the folder, which must draw anew the steps of that case of that parent, as often, as warm.

    Raises:
        NothingToBlame: it is a run of another kind, of another case, number of samples or temperature.
    """
    run = Recording(folder)
    origin = run.started.origin
    if (
        origin is None
        or not all(branch.anew for branch in origin.branches)
        or (origin.run_id, child(origin.branch, run.started.settings.tasks[0]))
        != (parent.started.run_id, case)
    ):
        run_id = run.started.run_id
        raise NothingToBlame(
            f"{run_id} is no blame of {case} in {parent.started.run_id}; choose another --run-id"
        )
    drawn = len(origin.branches) // len({branch.anew for branch in origin.branches})
    if drawn != samples:
        raise NothingToBlame(
            f"{run.started.run_id} draws each step {drawn} times, not {samples}; give --samples {drawn} "
            "to go on with it, or choose another --run-id"
        )
    warmed = {
        edit.value for branch in origin.branches for edit in branch.edits if edit.field == "temperature"
    }
    if other := warmed - {temperature}:
        raise NothingToBlame(
            f"{run.started.run_id} draws at temperature {other.pop()}, not {temperature}; "
            "give that --temperature to go on with it, or choose another --run-id"
        )
    return run


def blame_of(run: Recording, parent: Recording) -> Blame:
    """What a blaming run found, as far as it came."""
    origin = run.started.origin
    assert origin is not None
    task = run.started.settings.tasks[0]
    steps: dict[str, list[Branch]] = {}
    for branch in origin.branches:
        steps.setdefault(branch.anew, []).append(branch)
    return Blame(
        run_id=run.started.run_id,
        log=str(run.folder / LOG_NAME),
        parent=origin.run_id,
        case=child(origin.branch, task),
        steps=[
            _step(run, child(origin.branch, path), branches, _answer(parent, child(origin.branch, path)))
            for path, branches in steps.items()
        ],
    )


def _step(run: Recording, path: str, branches: list[Branch], recorded: str) -> Step:
    task = run.started.settings.tasks[0]
    stories = {branch: run.timeline.cases.get(child(branch.name, task)) for branch in branches}
    graded = {branch: story for branch, story in stories.items() if story and story.verdict}
    answers = {branch: _answer(run, child(branch.name, branch.anew)) for branch in graded}
    differing = [branch for branch in graded if answers[branch] != recorded]
    passed = [branch for branch in differing if graded[branch].passed]
    return Step(
        path=path,
        role=path.split("/")[-2].partition(".")[0],
        drawn=len(graded),
        differing=len(differing),
        distinct=len({answers[branch] for branch in differing}),
        passed=len(passed),
        interval=wilson(len(passed), len(differing)),
        example=child(passed[0].name, task) if passed else "",
        caveats=sum((story.caveats for story in stories.values() if story), Caveats()),
    )


def _answer(run: Recording, path: str) -> str:
    """The text that a model answered at that path."""
    effect = run.journal.effects.get(path)
    result = effect.result if effect else None
    return result.text if isinstance(result, GenerationCompleted) else ""


def _steps(parent: Recording, case: str) -> list[tuple[str, GenerationRequested]]:
    """Path, without the branch, and request of each generation of a case, in the order of the log."""
    branch = parent.branch_of(case).name
    found = [
        (effect.requested, path, effect.request)
        for path, effect in parent.journal.of_branch(branch).effects.items()
        if is_within(child(branch, path), case)
        and isinstance(effect.request, GenerationRequested)
        and isinstance(effect.result, GenerationCompleted)
    ]
    return [(path, request) for _, path, request in sorted(found, key=lambda step: step[0])]


def _drawable(
    steps: list[tuple[str, GenerationRequested]], temperature: float
) -> Iterator[tuple[str, tuple[Edit, ...]]]:
    for path, request in steps:
        warm = Edit(path=path, field="temperature", value=temperature)
        yield path, () if request.temperature > 0 else (warm,)
