"""A run as a pure fold of its log: what every view, summary and progress bar reads."""

from collections.abc import Iterable
from typing import Self

import msgspec

from events.base import Event
from events.effects import (
    ExecutionCompleted,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    GradingRequested,
)
from events.envelope import Entry, Unknown
from events.errors import LogInconsistent
from events.lifecycle import (
    AnswerSubmitted,
    CaseSetAside,
    LogSealed,
    Provenance,
    RunEnded,
    RunResumed,
    RunStarted,
)
from events.path import case_of
from events.work import CodeWritten, PlanDrafted, PlanRevised, ProblemPosed


class Caveats(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass rate does not show: how often something other than the method decided the outcome."""

    refused: int = 0
    """Answers that the engine refused to give."""
    cut: int = 0
    """Answers that ended because the token budget ran out."""
    empty_plans: int = 0
    """Plans, drafted or revised, without a single step."""
    set_aside: int = 0
    """Cases without a verdict, because of an error of their own."""
    uncounted: int = 0
    """Answers of which the engine reported no token counts, so that token totals are too low."""

    def __add__(self, other: "Caveats") -> "Caveats":
        mine, theirs = msgspec.structs.asdict(self), msgspec.structs.asdict(other)
        return Caveats(**{name: count + theirs[name] for name, count in mine.items()})

    def __bool__(self) -> bool:
        return self != _NO_CAVEATS


_NO_CAVEATS = Caveats()


class CaseStory:
    """What happened to one problem so far."""

    def __init__(self, path: str, problem: ProblemPosed, began: float) -> None:
        self.id = path
        """The task's id; in a fork that solves it more than once, behind the branch's name."""
        self.problem = problem
        self.began = began
        """Unix time in seconds."""
        self.ended: float | None = None
        self.entries: list[Entry[Event | Unknown]] = []
        """All of the case's events but the problem, in the order of the log."""
        self.answer: str | None = None
        self.verdict: GradingCompleted | None = None
        self.set_aside: CaseSetAside | None = None
        """Why the case has no verdict, until it is taken up again; None for any other case."""
        self.caveats = _NO_CAVEATS
        self._revisions: set[int] = set()
        self._first_codes: set[str] = set()
        self._revised_codes: set[str] = set()

    @property
    def passed(self) -> bool:
        """True when the hidden tests passed."""
        return self.verdict is not None and self.verdict.outcome == "passed"

    @property
    def plus(self) -> str:
        """The verdict of the stricter tests; empty when there were none, or not yet."""
        return self.verdict.plus if self.verdict is not None else ""

    @property
    def repaired(self) -> bool:
        """True when the answer passed the hidden tests and is a code that only a revised plan led to."""
        return self.passed and self.answer in self._revised_codes - self._first_codes

    def add(self, entry: Entry[Event] | Entry[Event | Unknown]) -> None:
        self.entries.append(
            Entry(seq=entry.seq, at=entry.at, path=entry.path, cause=entry.cause, event=entry.event)
        )
        self._set_aside(entry.event if isinstance(entry.event, CaseSetAside) else None)
        if caveats := _caveats_of(entry.event):
            self.caveats += caveats
        match entry.event:
            case AnswerSubmitted(code=code):
                self.answer = code
            case GradingCompleted() as verdict:
                self.verdict, self.ended = verdict, entry.at
            case PlanRevised():
                self._revisions.add(entry.seq)
            case CodeWritten(code=code):
                (self._revised_codes if entry.cause in self._revisions else self._first_codes).add(code)

    def _set_aside(self, event: CaseSetAside | None) -> None:
        """Anything that happens to a case that was set aside takes it up again."""
        if event is not self.set_aside:
            self.set_aside = event
            self.caveats = msgspec.structs.replace(self.caveats, set_aside=int(event is not None))


def _caveats_of(event: Event | Unknown) -> Caveats | None:
    match event:
        case GenerationCompleted(finish_reason=reason, uncounted=uncounted):
            if reason != "stop" or uncounted:
                return Caveats(
                    refused=int(reason == "refused"), cut=int(reason == "length"), uncounted=int(uncounted)
                )
        case PlanDrafted(plan=plan) | PlanRevised(plan=plan) if not plan.strip():
            return Caveats(empty_plans=1)
    return None


class Timeline:
    """A run as far as its log goes. Add entries in the log's order; read at any time."""

    def __init__(self) -> None:
        self.started: RunStarted | None = None
        self._planned: frozenset[str] = frozenset()
        """The paths of the cases that the run is to solve."""
        self.provenances: list[Provenance] = []
        """What the run was begun with, and then what it was taken up with each time."""
        self.began = 0.0
        """When the header was written: Unix time in seconds."""
        self._stretch = 0.0
        """When the process that last wrote had begun."""
        self._before = 0.0
        """Seconds that processes before it took."""
        self.last = 0.0
        """When the latest line was written."""
        self.resumed = 0
        """How many times the run was taken up again."""
        self.ended: RunEnded | None = None
        self.sealed = False
        self.cases: dict[str, CaseStory] = {}
        """By path, in the order in which they began."""
        self.events = 0
        self.generations = 0
        """Answers of the model that this run asked for; reused ones do not count, nor do their tokens."""
        self.refused = 0
        """Generations that the engine would not take, among those that it was asked for."""
        self.refusal = ""
        """Why the first of them was refused."""
        self.dropped: set[str] = set()
        """Parameters that the engine was not sent, because it refuses them."""
        self.executions = 0
        self.performed = 0
        """Effects that this run asked the world for, and that were answered."""
        self.reused = 0
        """Effects whose results were copied from the record of the same request."""
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.in_flight = 0
        """Generations asked for and not yet answered."""
        self._copying: set[str] = set()
        """Paths of requests that are answered from another record."""

    @classmethod
    def of(cls, entries: Iterable[Entry[Event | Unknown]]) -> Self:
        """The timeline of a whole log."""
        timeline = cls()
        for entry in entries:
            timeline.add(entry)
        return timeline

    @property
    def provenance(self) -> Provenance | None:
        """What the run was last taken up with; None before its header."""
        return self.provenances[-1] if self.provenances else None

    def add(self, entry: Entry[Event] | Entry[Event | Unknown]) -> None:
        self.events += 1
        event = entry.event
        if isinstance(event, RunResumed):
            self._before, self._stretch = self.seconds, entry.at
        self.last = entry.at
        if isinstance(event, ProblemPosed) and self._is_case(entry.path, event):
            self.cases[entry.path] = CaseStory(entry.path, event, entry.at)
        elif entry.path:
            self._count(entry.path, event)
            case = self.cases.get(case_of(entry.path, self.cases))
            if case is None:
                name = type(event).__name__
                raise LogInconsistent(name, entry.path, "which is in no case that had begun")
            case.add(entry)
        elif isinstance(event, Event):
            self._add_to_run(event, entry.at)

    def _is_case(self, path: str, event: ProblemPosed) -> bool:
        return path == event.task_id or path in self._planned

    def _add_to_run(self, event: Event, at: float) -> None:
        self.sealed = isinstance(event, LogSealed)
        match event:
            case RunStarted(provenance=made):
                self.started = event
                self.provenances.append(made)
                self._planned = frozenset(event.cases)
                self.began = self._stretch = at
            case RunResumed(provenance=made):
                self.provenances.append(made)
                self.resumed += 1
                self.ended = None
                self.in_flight = 0
            case RunEnded():
                self.ended = event

    def _count(self, path: str, event: Event | Unknown) -> None:
        match event:
            case GenerationRequested() | ExecutionRequested() | GradingRequested():
                self._count_request(path, event)
            case GenerationCompleted() | ExecutionCompleted() | GradingCompleted() if path in self._copying:
                self.reused += 1
            case GenerationCompleted() | ExecutionCompleted() | GradingCompleted():
                self._count_result(event)

    def _count_result(self, event: GenerationCompleted | ExecutionCompleted | GradingCompleted) -> None:
        self.performed += 1
        match event:
            case GenerationCompleted():
                self.in_flight -= 1
                self.generations += 1
                self.prompt_tokens += event.prompt_tokens
                self.completion_tokens += event.completion_tokens
                self.dropped.update(event.dropped)
                if event.finish_reason == "refused":
                    self.refused += 1
                    self.refusal = self.refusal or event.error

    def _count_request(
        self, path: str, request: GenerationRequested | ExecutionRequested | GradingRequested
    ) -> None:
        if request.reused:
            self._copying.add(path)
            return
        self._copying.discard(path)
        self.in_flight += isinstance(request, GenerationRequested)
        self.executions += isinstance(request, ExecutionRequested)

    @property
    def state(self) -> str:
        """`completed`, `failed`, `interrupted`, or `unfinished` when its process is running or was killed."""
        return self.ended.outcome if self.ended else "unfinished"

    @property
    def completed(self) -> bool:
        """True when nothing is left to do in the run."""
        return self.ended is not None and self.ended.outcome == "completed"

    @property
    def graded(self) -> list[CaseStory]:
        """The cases that have a verdict, in the order in which they began."""
        return [case for case in self.cases.values() if case.verdict is not None]

    @property
    def passed(self) -> int:
        return sum(case.passed for case in self.graded)

    @property
    def set_aside(self) -> list[CaseStory]:
        """The cases that have no verdict because of an error of their own, in the order they began."""
        return [case for case in self.cases.values() if case.set_aside is not None]

    @property
    def caveats(self) -> Caveats:
        """Summed over all cases; answers that were copied from another record count too."""
        return sum((case.caveats for case in self.cases.values()), _NO_CAVEATS)

    @property
    def plus_graded(self) -> int:
        """How many cases have a verdict of stricter tests too."""
        return sum(bool(case.plus) for case in self.graded)

    @property
    def plus_passed(self) -> int:
        return sum(case.plus == "passed" for case in self.graded)

    @property
    def repaired(self) -> int:
        return sum(case.repaired for case in self.graded)

    @property
    def unfinished(self) -> list[str]:
        """The ids of the cases that began and have no verdict."""
        return [case.id for case in self.cases.values() if case.verdict is None]

    @property
    def seconds(self) -> float:
        """How long processes worked on the run; the time between them does not count."""
        return self._before + max(0.0, self.last - self._stretch)
