"""Forks: a run goes on from a changed record, and everything that the change does not touch is reused."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from events import (
    LOG_NAME,
    Branch,
    Edit,
    EventMisfit,
    GenerationCompleted,
    LogError,
    LogReader,
    Origin,
    RunStarted,
    Settings,
)
from fractal_agent.answering import reuses_answers
from fractal_agent.catalog import Catalog, UnknownName
from fractal_agent.datasets import Task, load, select
from fractal_agent.job import Job
from fractal_agent.recording import Recording
from replay.edit import BadEdit, changed_settings, edit_record, nearest
from replay.journal import Journal

SAMPLE = "sample-{}"
"""The name of a branch among several that differ by chance only."""


def samples(count: int, *, anew: str = "") -> tuple[Branch, ...]:
    """So many branches that draw apart; a single one has its parent's paths unless it draws anew."""
    if count == 1 and not anew:
        return (Branch(),)
    return tuple(Branch(name=SAMPLE.format(number), anew=anew) for number in range(count))


def edits_at(parent: Recording, path: str, changes: Mapping[str, str]) -> tuple[str, str, list[Edit]]:
    """The case that a recorded path lies in, the path without its branch, and the edits of what is there.

    Raises:
        BadEdit: nothing is recorded there, or a change does not fit it.
    """
    if unread := parent.unread_at(path):
        raise BadEdit(unread)
    case = parent.case_of(path)
    branch = parent.branch_of(case).name if case else ""
    place = path.removeprefix(f"{branch}/") if branch else path
    if not changes:
        require_generation(parent.journal, path)
    made = [edit for key, text in changes.items() for edit in edit_record(parent.journal, path, key, text)]
    return case, place, [msgspec.structs.replace(edit, path=place) for edit in made]


def require_generation(journal: Journal, path: str) -> None:
    """Raises `BadEdit` unless a model answered at that path."""
    effect = journal.effects.get(path)
    if effect is None or not isinstance(effect.result, GenerationCompleted):
        names = [name for name, one in journal.effects.items() if isinstance(one.result, GenerationCompleted)]
        near = ", ".join(nearest(path, names)) or "none in this run"
        raise BadEdit(
            f"no generation was recorded at {path!r}, and without --set only a generation can be drawn anew. "
            f"Near ones: {near}."
        )


def fork_job(
    parent: Recording,
    catalog: Catalog,
    *,
    folder: Path,
    cases: Sequence[str] = (),
    edits: Sequence[Edit] = (),
    cast: Mapping[str, str] = {},
    branches: Sequence[Branch] = (Branch(),),
) -> Job:
    """The job that forks a run: all its cases, or those named by their paths, with the edits made.

    Edits that the parent had made of its own parent are made again. Paths in edits and branches are
    without the name of the parent's branch.

    Raises:
        UnknownName: no such case, role or architecture.
        DatasetError: the hidden tests cannot be had any more.
        BadEdit: an edit does not fit the settings; or the cases lie in several branches.
    """
    if isinstance(cases, str):
        raise TypeError(f"cases is the string {cases!r}; expected a sequence of case ids")
    known = parent.started.cases
    for case in cases:
        if case not in known:
            raise UnknownName("case", case, known)
    chosen = list(dict.fromkeys(cases)) or list(known)
    branch = parent.branch_of(chosen[0])
    if any(parent.branch_of(case) != branch for case in chosen):
        raise BadEdit(
            f"{parent.started.run_id} has branches, and a fork is of one: name a case, "
            f"for example --case {chosen[0]}"
        )
    ids = tuple(case.removeprefix(f"{branch.name}/") for case in chosen)
    was = parent.started.settings
    settings = changed_settings(was, edits)
    settings = msgspec.structs.replace(settings, tasks=ids, cast={**settings.cast, **cast})
    catalog.cast(settings.cast)
    catalog.architecture(settings.architecture)
    origin = Origin(
        run_id=parent.started.run_id,
        log=os.path.relpath(parent.folder / LOG_NAME, folder),
        head=parent.head,
        branch=branch.name,
        edits=_merged(
            [*parent.edits_of(branch), *_of_settings(was, settings), *(e for e in edits if e.path)]
        ),
        branches=tuple(branches),
    )
    journal = _reusable(parent.journal.of_branch(branch.name), was, settings)
    return Job(
        run_id=folder.name,
        folder=folder,
        settings=settings,
        tasks=_recorded_tasks(settings, journal),
        catalog=catalog,
        origin=origin,
        parent=journal,
    )


def sharing_job(job: Job, parent: Recording) -> Job:
    """The same job as a fork of a run that asks for some of the same, which is then not asked again."""
    was = parent.started.settings
    return msgspec.structs.replace(
        job,
        origin=Origin(
            run_id=parent.started.run_id,
            log=os.path.relpath(parent.folder / LOG_NAME, job.folder),
            head=parent.head,
            edits=tuple(_of_settings(was, job.settings)),
        ),
        parent=_reusable(parent.journal, was, job.settings),
    )


def resume_fork_job(run: Recording, catalog: Catalog) -> Job:
    """The job that takes up an interrupted fork; `parent` is None when its parent is not where it was."""
    started = run.started
    assert started.origin is not None
    parent = _read_parent(run.folder, started.origin, started.settings)
    return Job(
        run_id=started.run_id,
        folder=run.folder,
        settings=started.settings,
        tasks=_recorded_tasks(started.settings, parent or Journal()),
        catalog=catalog,
        origin=started.origin,
        parent=parent,
    )


def rerecord_job(run: Recording, catalog: Catalog, *, folder: Path) -> Job:
    """The job that records a run anew in `folder`, all of it as its header says, and reuses its record.

    The run is not in named branches.

    Raises:
        UnknownName, CastMismatch: a role or the architecture is not here.
        DatasetError: the hidden tests cannot be had any more.
    """
    started = run.started
    catalog.cast(started.settings.cast)
    catalog.architecture(started.settings.architecture)
    return Job(
        run_id=started.run_id,
        folder=folder,
        settings=started.settings,
        tasks=_recorded_tasks(started.settings, run.journal),
        catalog=catalog,
        origin=started.origin,
        parent=run.journal,
    )


def _merged(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The last edit of each field."""
    return tuple({(edit.path, edit.field): edit for edit in edits}.values())


def _of_settings(was: Settings, now: Settings) -> list[Edit]:
    before, after = (msgspec.json.decode(msgspec.json.encode(one)) for one in (was, now))
    return [
        Edit(path="", field=name, value=after[name])
        for name in after
        if name != "tasks" and after[name] != before[name]
    ]


def _reusable(journal: Journal, was: Settings, now: Settings) -> Journal:
    """What of the parent's record still holds under the new settings."""
    if not reuses_answers(was, now):
        return journal.without_generations()
    return journal if was.seed == now.seed else journal.greedy()


def _read_parent(folder: Path, origin: Origin, settings: Settings) -> Journal | None:
    """The parent's record as far as the fork knew it; None when it is gone or another run lies there."""
    reader = LogReader(folder / origin.log)
    entries = []
    try:
        for entry in reader:
            entries.append(entry)
            if reader.head == origin.head:
                break
    except EventMisfit:  # it is there, and its author can make it readable again
        raise
    except LogError:
        return None
    if reader.head != origin.head:
        return None
    header = entries[0].event
    assert isinstance(header, RunStarted)
    return _reusable(Journal(entries).of_branch(origin.branch), header.settings, settings)


def _recorded_tasks(settings: Settings, journal: Journal) -> list[Task]:
    """The tasks with their problems as they were posed; only the hidden tests come from the data set."""
    tasks = select(load(settings.dataset), ids=settings.tasks)
    posed = {path: fact.event for path, fact in journal.facts.items()}
    return [
        msgspec.structs.replace(task, problem=posed.get(task.problem.task_id, task.problem)) for task in tasks
    ]
