"""A run as a pure fold of its log: what every view, summary and progress bar reads."""

from collections.abc import Iterable
from typing import Self

from events.base import Event
from events.effects import (
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
)
from events.envelope import Entry, Unknown
from events.lifecycle import AnswerSubmitted, LogSealed, RunEnded, RunResumed, RunStarted
from events.work import CodeWritten, PlanRevised, ProblemPosed


class CaseStory:
    """What happened to one problem so far."""

    def __init__(self, problem: ProblemPosed, began: float) -> None:
        self.problem = problem
        self.began = began
        """Unix time in seconds."""
        self.ended: float | None = None
        self.entries: list[Entry[Event]] = []
        """All of the case's events but the problem, in the order of the log."""
        self.answer: str | None = None
        self.verdict: GradingCompleted | None = None
        self._revisions: set[int] = set()
        self._first_codes: set[str] = set()
        self._revised_codes: set[str] = set()

    @property
    def id(self) -> str:
        return self.problem.task_id

    @property
    def passed(self) -> bool:
        """True when the hidden tests passed."""
        return self.verdict is not None and self.verdict.outcome == "passed"

    @property
    def repaired(self) -> bool:
        """True when the answer passed the hidden tests and is a code that only a revised plan led to."""
        return self.passed and self.answer in self._revised_codes - self._first_codes

    def add(self, entry: Entry[Event]) -> None:
        self.entries.append(entry)
        match entry.event:
            case AnswerSubmitted(code=code):
                self.answer = code
            case GradingCompleted() as verdict:
                self.verdict, self.ended = verdict, entry.at
            case PlanRevised():
                self._revisions.add(entry.seq)
            case CodeWritten(code=code):
                (self._revised_codes if entry.cause in self._revisions else self._first_codes).add(code)


class Timeline:
    """A run as far as its log goes. Add entries in the log's order; read at any time."""

    def __init__(self) -> None:
        self.started: RunStarted | None = None
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
        """By id, in the order in which they began."""
        self.events = 0
        self.generations = 0
        self.executions = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.in_flight = 0
        """Generations asked for and not yet answered."""

    @classmethod
    def of(cls, entries: Iterable[Entry[Event | Unknown]]) -> Self:
        """The timeline of a whole log."""
        timeline = cls()
        for entry in entries:
            timeline.add(entry)
        return timeline

    def add(self, entry: Entry[Event] | Entry[Event | Unknown]) -> None:
        self.events += 1
        event = entry.event
        if isinstance(event, RunResumed):
            self._before, self._stretch = self.seconds, entry.at
        self.last = entry.at
        if isinstance(event, Unknown):
            return
        if isinstance(event, ProblemPosed) and entry.path == event.task_id:
            self.cases[entry.path] = CaseStory(event, entry.at)
        elif entry.path:
            self._count(event)
            self._case_of(entry.path).add(
                Entry(seq=entry.seq, at=entry.at, path=entry.path, cause=entry.cause, event=event)
            )
        else:
            self._add_to_run(event, entry.at)

    def _add_to_run(self, event: Event, at: float) -> None:
        self.sealed = isinstance(event, LogSealed)
        match event:
            case RunStarted():
                self.started = event
                self.began = self._stretch = at
            case RunResumed():
                self.resumed += 1
                self.ended = None
                self.in_flight = 0
            case RunEnded():
                self.ended = event

    def _count(self, event: Event) -> None:
        match event:
            case GenerationRequested():
                self.in_flight += 1
            case GenerationCompleted():
                self.in_flight -= 1
                self.generations += 1
                self.prompt_tokens += event.prompt_tokens
                self.completion_tokens += event.completion_tokens
            case ExecutionRequested():
                self.executions += 1

    def _case_of(self, path: str) -> CaseStory:
        """The case that the path lies in; ids may hold slashes, so the longest fitting front wins."""
        front = path
        while front:
            if front in self.cases:
                return self.cases[front]
            front = front.rpartition("/")[0]
        raise KeyError(path)

    @property
    def graded(self) -> list[CaseStory]:
        """The cases that have a verdict, in the order in which they began."""
        return [case for case in self.cases.values() if case.verdict is not None]

    @property
    def passed(self) -> int:
        return sum(case.passed for case in self.graded)

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
