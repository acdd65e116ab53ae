"""Two runs aligned by path: where their cases part, what that changed, and how the runs were made."""

from collections.abc import Iterable, Sequence

import msgspec

from events.base import Event
from events.envelope import Entry, Unknown
from events.lifecycle import Provenance, RunResumed, RunStarted, Settings
from replay.course import UNFINISHED, Cost, Course, Divergence, Pair, course_of, pair_of
from replay.timeline import CaseStory, Caveats, Timeline

Value = str | int | float | bool | tuple[str, ...] | None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A value that the runs' headers do not share."""

    field: str
    """A part of a mapping follows a dot: `cast.critic`."""
    a: Value
    b: Value
    """None where a run does not have it."""


class TaskDifference(msgspec.Struct, frozen=True, kw_only=True):
    """The runs were to solve other tasks, or the same in another order."""

    a: int
    b: int
    """How many."""
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


class PromptChange(msgspec.Struct, frozen=True, kw_only=True):
    """What one role asks differently."""

    role: str
    """As the path names it: the part, whoever plays it."""
    requests: int
    first: int
    """In how many cases this is where the courses part; elsewhere it follows from what differed before."""
    example: Divergence


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """One run as a whole."""

    run_id: str
    parent: str
    """The id of the run that it was forked from; empty for none."""
    state: str
    """`completed`, `failed`, `interrupted` or `unfinished`."""
    cases: int
    graded: int
    passed: int
    caveats: Caveats
    """What the rate does not show."""
    cost: Cost
    seconds: float
    """How long processes worked on the run."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How run B differs from run A."""

    a: Tally
    b: Tally
    settings: tuple[Difference, ...]
    tasks: TaskDifference | None
    made: tuple[Difference, ...]
    """Model, engine, sandbox, versions and machine."""
    sources: tuple[Difference, ...]
    """Fingerprints: of the architecture, of roles that played in either run, of code that roles share."""
    pairs: tuple[Pair, ...]
    """In the order in which A began them."""
    only_a: tuple[Course, ...]
    only_b: tuple[Course, ...]

    @property
    def parted(self) -> list[Pair]:
        """The pairs whose courses differ."""
        return [pair for pair in self.pairs if pair.divergence is not None]

    @property
    def equal(self) -> bool:
        """True when nothing differs but ids, times and who gave an answer."""
        made = self.settings or self.tasks or self.made or self.sources
        return not (made or self.parted or self.only_a or self.only_b)

    @property
    def cases(self) -> list[str]:
        """The names by which `of` knows a case: tasks first, then the paths of cases in a branch."""
        alone = [*self.only_a, *self.only_b]
        courses = [course for pair in self.pairs for course in (pair.a, pair.b)] + alone
        return list(dict.fromkeys([c.task for c in courses] + [c.path for c in courses]))

    @property
    def independent(self) -> bool:
        """True when no task was paired twice, as a test over pairs requires."""
        return len({pair.a.task for pair in self.pairs}) == len(self.pairs)

    @property
    def prompts(self) -> list[PromptChange]:
        """What each role asks differently, in the order in which roles first did."""
        changes: dict[str, PromptChange] = {}
        for pair in self.pairs:
            for prompt in pair.prompts:
                first, there = prompt == pair.divergence, changes.get(prompt.role)
                changes[prompt.role] = PromptChange(
                    role=prompt.role,
                    requests=(there.requests if there else 0) + 1,
                    first=(there.first if there else 0) + first,
                    example=prompt if there is None or (first and not there.first) else there.example,
                )
        return list(changes.values())

    def of(self, case: str) -> "Comparison":
        """The same, with the cases only that have this task's id or this path in one of the runs."""
        return msgspec.structs.replace(
            self,
            pairs=tuple(pair for pair in self.pairs if case in (pair.a.task, pair.a.path, pair.b.path)),
            only_a=tuple(course for course in self.only_a if case in (course.task, course.path)),
            only_b=tuple(course for course in self.only_b if case in (course.task, course.path)),
        )


def compare(a: Iterable[Entry[Event | Unknown]], b: Iterable[Entry[Event | Unknown]]) -> Comparison:
    """How B differs from A, two whole logs, each of which begins with its header.

    Cases are paired by task. Where one run solved it once, that is compared with each time of the other;
    where both did so several times, equal paths are.
    """
    one, other = _Run(a), _Run(b)
    ours, theirs = list(one.timeline.cases.values()), list(other.timeline.cases.values())
    paired = _paired(ours, theirs)
    both_a, both_b = {left.id for left, _ in paired}, {right.id for _, right in paired}
    return Comparison(
        a=one.tally(),
        b=other.tally(),
        settings=_differences(_settings(one.started.settings), _settings(other.started.settings)),
        tasks=_tasks(one.started.settings.tasks, other.started.settings.tasks),
        made=_differences(one.made, other.made),
        sources=_differences(*_sources(one, other)),
        pairs=tuple(pair_of(left, right) for left, right in paired),
        only_a=tuple(course_of(story) for story in ours if story.id not in both_a),
        only_b=tuple(course_of(story) for story in theirs if story.id not in both_b),
    )


class _Run:
    """One log, folded."""

    def __init__(self, entries: Iterable[Entry[Event | Unknown]]) -> None:
        self.timeline = Timeline()
        stretches: list[Provenance] = []
        for entry in entries:
            self.timeline.add(entry)
            if isinstance(entry.event, RunStarted | RunResumed):
                stretches.append(entry.event.provenance)
        assert self.timeline.started is not None, "a log begins with its header"
        self.started = self.timeline.started
        self.made = _joined(stretches)
        for plugin in self.started.settings.plugins:  # told by the settings and the fingerprints of its roles
            self.made.pop(f"plugins.{plugin}", None)
        names = [name for name in self.made if name == "architecture" or name.startswith("roles.")]
        self.sources = {name.removeprefix("roles."): self.made.pop(name) for name in names}
        """Fingerprints: of the architecture, and by name of all roles there were."""

    @property
    def players(self) -> set[str]:
        """The names of the roles that played."""
        paths = {entry.path for story in self.timeline.cases.values() for entry in story.entries}
        parts = {part.partition(".")[0] for path in paths for part in path.split("/")}
        return {self.started.settings.cast.get(part, part) for part in parts}

    def tally(self) -> Tally:
        timeline, origin = self.timeline, self.started.origin
        return Tally(
            run_id=self.started.run_id,
            parent=origin.run_id if origin else "",
            state=timeline.ended.outcome if timeline.ended else UNFINISHED,
            cases=len(timeline.cases),
            graded=len(timeline.graded),
            passed=timeline.passed,
            caveats=timeline.caveats,
            cost=_sum(course_of(story).cost for story in timeline.cases.values()),
            seconds=round(timeline.seconds, 3),
        )


def _joined(stretches: Sequence[Provenance]) -> dict[str, Value]:
    """Field to value; where a run was taken up again with another one, all of them in their order."""
    values: dict[str, list[str]] = {}
    for made in stretches:
        for field, value in _flat(made).items():
            seen = values.setdefault(field, [])
            if str(value) not in seen:
                seen.append(str(value))
    return {field: ", then ".join(seen) for field, seen in values.items()}


def _settings(settings: Settings) -> dict[str, Value]:
    """All but the tasks."""
    return {field: value for field, value in _flat(settings).items() if field != "tasks"}


def _flat(struct: msgspec.Struct) -> dict[str, Value]:
    flat: dict[str, Value] = {}
    for name, value in msgspec.to_builtins(struct).items():
        inner = value if isinstance(value, dict) else {"": value}
        flat |= {f"{name}.{key}" if key else name: part for key, part in inner.items()}
    return flat


def _differences(a: dict[str, Value], b: dict[str, Value]) -> tuple[Difference, ...]:
    return tuple(
        Difference(field=field, a=a.get(field), b=b.get(field))
        for field in dict.fromkeys([*a, *b])
        if a.get(field) != b.get(field)
    )


def _sources(one: _Run, other: _Run) -> list[dict[str, Value]]:
    """Of each run the fingerprints that matter; a name with a dot is a module's that roles share."""
    matter = one.players | other.players | {"architecture"}
    return [
        {name: mark for name, mark in run.sources.items() if name in matter or "." in name}
        for run in (one, other)
    ]


def _tasks(a: Sequence[str], b: Sequence[str]) -> TaskDifference | None:
    if a == b:
        return None
    in_a, in_b = set(a), set(b)
    return TaskDifference(
        a=len(a),
        b=len(b),
        only_a=tuple(task for task in a if task not in in_b),
        only_b=tuple(task for task in b if task not in in_a),
    )


def _paired(ours: Sequence[CaseStory], theirs: Sequence[CaseStory]) -> list[tuple[CaseStory, CaseStory]]:
    times_a, times_b = _by_task(ours), _by_task(theirs)
    return [
        (left, right)
        for left in ours
        for task in [left.problem.task_id]
        for right in times_b.get(task, [])
        if left.id == right.id or 1 in (len(times_a[task]), len(times_b[task]))
    ]


def _by_task(stories: Iterable[CaseStory]) -> dict[str, list[CaseStory]]:
    tasks: dict[str, list[CaseStory]] = {}
    for story in stories:
        tasks.setdefault(story.problem.task_id, []).append(story)
    return tasks


def _sum(costs: Iterable[Cost]) -> Cost:
    total = dict.fromkeys(Cost.__struct_fields__, 0)
    for cost in costs:
        for name in total:
            total[name] += getattr(cost, name)
    return Cost(**total)
