"""One case in two runs: aligned place by place, to the first where they part and the causes that lead there.

Two events at one place agree when they are equal. Requests agree when they ask the same: their seeds, and
whether an answer was copied from another record, say how it came about. Unknown events agree byte for byte.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from events.base import Event
from events.effects import ExecutionCompleted, GenerationCompleted, GenerationRequested
from events.envelope import Unknown
from replay.drift import changed_fields, diff_events, name_of
from replay.journal import REQUESTS, RESULTS, same_request
from replay.timeline import CaseStory

UNFINISHED = "unfinished"
"""The outcome of a case that has no verdict."""
SET_ASIDE = "set aside"
"""The outcome of a case that has no verdict because of an error of its own."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the answers of a course took, whoever gave them: also those copied from another run's record."""

    generations: int = 0
    executions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reused: int = 0
    """Requests whose answer was copied."""


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """One case in one run."""

    task: str
    path: str
    """The task's id; in a fork that solves it more than once, behind the branch's name."""
    outcome: str
    """The verdict's, or `unfinished`, or `set aside`."""
    cost: Cost
    seconds: float
    """From the problem to the verdict or, without one, to the last event."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One link of a chain of causes."""

    path: str
    type: str
    agrees: bool
    """True when the other run has the same event at this place."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One run's event at a place where the runs differ."""

    path: str
    event: Event | Unknown
    causes: tuple[Step, ...]
    """From the problem to what the event follows from."""


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """A place inside a case where the runs differ; one side is None where only the other has an event."""

    place: str
    """The path without the case's own; empty for the problem."""
    a: Side | None
    b: Side | None

    @property
    def role(self) -> str:
        """The part whose effect it is: `coder` for `draft-2/coder.0/generate.1`."""
        return self.place.rpartition("/")[0].rpartition("/")[2].partition(".")[0]

    @property
    def fields(self) -> list[str]:
        """The fields that differ in two events of one type."""
        if self.a is None or self.b is None or name_of(self.a.event) != name_of(self.b.event):
            return []
        return [field for field, _, _ in changed_fields(self.a.event, _asked_as(self.a.event, self.b.event))]

    @property
    def summary(self) -> str:
        """`GenerationRequested: messages`, `CodeWritten only in a`, or `PlanDrafted, not CodeWritten`."""
        if self.a is None or self.b is None:
            there, run = (self.a, "a") if self.a is not None else (self.b, "b")
            return f"{name_of(there.event if there else None)} only in {run}"
        if name_of(self.a.event) != name_of(self.b.event):
            return f"{name_of(self.a.event)} in a, {name_of(self.b.event)} in b"
        return f"{name_of(self.a.event)}: {', '.join(self.fields) or 'its bytes'}"

    def diff(self) -> list[str]:
        """The lines of a unified diff of the two events, field by field, without the fields that agree."""
        a, b = (side.event if side else None for side in (self.a, self.b))
        return diff_events(a, b if a is None or b is None else _asked_as(a, b), titles=("a", "b"))


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """One task as both runs solved it."""

    a: Course
    b: Course
    divergence: Divergence | None
    """The first: none of its causes differs, and of several such it stands earliest in a log."""
    requests: int
    """Generations that both asked for at the same place."""
    prompts: tuple[Divergence, ...]
    """Those of them that ask something else."""

    @property
    def verdict(self) -> Literal["won", "lost", "same", "open"]:
        """What became of the case from A to B; `open` while one of them has no verdict."""
        if {UNFINISHED, SET_ASIDE} & {self.a.outcome, self.b.outcome}:
            return "open"
        before, after = self.a.outcome == "passed", self.b.outcome == "passed"
        return "same" if before == after else "won" if after else "lost"


class _Key(NamedTuple):
    """What is compared with what: a place inside the case, and what kind of event stands there."""

    place: str
    slot: Literal["fact", "request", "result"]


class _Record(NamedTuple):
    event: Event | Unknown
    path: str
    cause: int | None
    position: int
    """How many of the case's lines stand before this one."""


_PROBLEM = _Key("", "fact")


class _Records:
    """What one case recorded, by place; the later, where an interrupted effect was recorded twice."""

    def __init__(self, story: CaseStory) -> None:
        self.by_key = {_PROBLEM: _Record(story.problem, story.id, None, 0)}
        self._keys: dict[int, _Key] = {}
        for position, entry in enumerate(story.entries, start=1):
            key = _Key(entry.path.removeprefix(story.id).removeprefix("/"), _slot(entry.event))
            self.by_key[key] = _Record(entry.event, entry.path, entry.cause, position)
            self._keys[entry.seq] = key

    def causes(self, key: _Key) -> list[_Key]:
        """From the problem, which is any line that is not among the entries, to what the event follows from.

        A chain that leads back into itself, which no run writes, ends there.
        """
        chain: list[_Key] = []
        record = self.by_key.get(key)
        while record is not None and record.cause is not None:
            above = self._keys.get(record.cause, _PROBLEM)
            if above in chain or above == key:
                break
            chain.append(above)
            record = self.by_key[above]
        return chain[::-1]

    def cost(self) -> Cost:
        events = [record.event for record in self.by_key.values()]
        answers = [event for event in events if isinstance(event, GenerationCompleted)]
        return Cost(
            generations=len(answers),
            executions=sum(isinstance(event, ExecutionCompleted) for event in events),
            prompt_tokens=sum(answer.prompt_tokens for answer in answers),
            completion_tokens=sum(answer.completion_tokens for answer in answers),
            reused=sum(isinstance(event, REQUESTS) and event.reused for event in events),
        )


def _slot(event: Event | Unknown) -> Literal["fact", "request", "result"]:
    if isinstance(event, REQUESTS):
        return "request"
    return "result" if isinstance(event, RESULTS) else "fact"


def pair_of(left: CaseStory, right: CaseStory) -> Pair:
    a, b = _Records(left), _Records(right)
    keys = sorted(a.by_key.keys() | b.by_key.keys(), key=lambda key: _when(key, a, b))
    apart = [key for key in keys if not _agree(key, a, b)]
    asked = [key for key in keys if _asks(key, a) and _asks(key, b)]
    first = _first(apart, a, b)
    return Pair(
        a=course_of(left),
        b=course_of(right),
        divergence=_divergence(first, a, b) if first else None,
        requests=len(asked),
        prompts=tuple(_divergence(key, a, b) for key in asked if key in apart),
    )


def course_of(story: CaseStory) -> Course:
    ended = story.ended or max((entry.at for entry in story.entries), default=story.began)
    return Course(
        task=story.problem.task_id,
        path=story.id,
        outcome=outcome_of(story),
        cost=_Records(story).cost(),
        seconds=round(ended - story.began, 3),
    )


def outcome_of(story: CaseStory) -> str:
    """The verdict's outcome; what there is instead in a case without one."""
    if story.verdict is not None:
        return story.verdict.outcome
    return UNFINISHED if story.set_aside is None else SET_ASIDE


def _when(key: _Key, a: _Records, b: _Records) -> tuple[int, int, _Key]:
    """Sorts by where a log has it first, the same whichever run is A."""
    positions = [records.by_key[key].position for records in (a, b) if key in records.by_key]
    return min(positions), max(positions), key


def _first(apart: Sequence[_Key], a: _Records, b: _Records) -> _Key | None:
    """The earliest that follows in neither run from another one that differs."""
    differs = set(apart)
    roots = [key for key in apart if differs.isdisjoint([*a.causes(key), *b.causes(key)])]
    return next(iter(roots or apart), None)


def _agree(key: _Key, a: _Records, b: _Records) -> bool:
    if key not in a.by_key or key not in b.by_key:
        return False
    one, other = a.by_key[key].event, b.by_key[key].event
    if isinstance(one, REQUESTS) and isinstance(other, REQUESTS):
        return same_request(one, other)
    return one == other


def _asks(key: _Key, records: _Records) -> bool:
    return key in records.by_key and isinstance(records.by_key[key].event, GenerationRequested)


def _asked_as(like: Event | Unknown, request: Event | Unknown) -> Event | Unknown:
    """The request with the circumstances of the other, so that only what was asked can differ."""
    if not isinstance(request, REQUESTS) or type(like) is not type(request):
        return request
    names = {"seed", "reused"} & set(request.__struct_fields__)
    return msgspec.structs.replace(request, **{name: getattr(like, name) for name in names})


def _divergence(key: _Key, a: _Records, b: _Records) -> Divergence:
    sides = [_side(key, records, a, b) for records in (a, b)]
    return Divergence(place=key.place, a=sides[0], b=sides[1])


def _side(key: _Key, records: _Records, a: _Records, b: _Records) -> Side | None:
    record = records.by_key.get(key)
    if record is None:
        return None
    causes = [(cause, records.by_key[cause]) for cause in records.causes(key)]
    return Side(
        path=record.path,
        event=record.event,
        causes=tuple(
            Step(path=above.path, type=name_of(above.event), agrees=_agree(cause, a, b))
            for cause, above in causes
        ),
    )
