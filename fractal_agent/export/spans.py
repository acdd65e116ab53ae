"""A run as a tree of spans, folded from its log: run, case, role, and what was asked of the world."""

from collections.abc import Iterable
from typing import Self

import msgspec

from events import (
    CaseSetAside,
    ExecutionCompleted,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    GradingRequested,
    RunEnded,
    RunResumed,
    RunStarted,
    Unknown,
)
from fractal_agent.export.attributes import Value, of_request, of_result
from fractal_agent.export.base import Placed
from replay.journal import REQUESTS, RESULTS


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A span that another one follows from, here or in another run."""

    run_id: str
    path: str
    why: str


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened during a span."""

    at: float
    """Unix time in seconds."""
    name: str


class Span(msgspec.Struct, kw_only=True):
    """What happened at one path of the run, from its first line in the log to its last."""

    path: str
    parent: str | None
    """The path of the span around this one; None for the run, whose own path is empty."""
    case_id: str
    """Empty for the run."""
    name: str
    start: float
    """Unix time in seconds."""
    end: float | None = None
    """None only while lines are added."""
    remote: bool = False
    """True when it was asked of the model, which is another process."""
    attributes: dict[str, Value] = {}
    error: str = ""
    """What went wrong, as one of few words; empty when nothing did."""
    message: str = ""
    links: list[Link] = []
    moments: list[Moment] = []


class Spans:
    """The spans of one run as far as its log was added, in the log's order."""

    def __init__(self, started: RunStarted, *, content: bool) -> None:
        self.by_path: dict[str, Span] = {}
        """In the order in which they began."""
        self._started = started
        self._content = content
        self._where: dict[int, str] = {}
        """`seq` of each line to the path of the span that it belongs to."""
        self._last = 0.0

    @classmethod
    def of(cls, started: RunStarted, lines: Iterable[Placed], *, content: bool) -> Self:
        """The spans of a whole log; what had not ended then lasts to its last line and says so.

        `content` includes prompts, answers and programs, and messages that may quote them.
        """
        spans = cls(started, content=content)
        for placed in lines:
            spans.add(placed)
        spans._close()
        return spans

    def add(self, placed: Placed) -> None:
        line, place = placed.line, placed.place
        path = self._path_of(placed)
        span = self.by_path.get(path) or self._open(path, placed)
        self._where[line.seq] = path
        self._last = line.at
        match line.event:
            case RunResumed():
                span.end, span.error, span.message = None, "", ""
                span.attributes.pop("fractal_agent.outcome", None)
                span.moments.append(Moment(at=line.at, name="resumed"))
            case RunEnded() as ended:
                span.end = line.at
                span.attributes["fractal_agent.outcome"] = ended.outcome
                if ended.outcome == "failed":
                    span.error, span.message = ended.outcome, ended.error
            case CaseSetAside() as left:
                span.end = line.at
                span.error, span.message = "set_aside", left.error if self._content else ""
            case GenerationRequested() | ExecutionRequested() | GradingRequested() as request:
                span.start = line.at  # of the last one, where a stopped run had asked before
                span.attributes.update(of_request(request, self._started.settings, content=self._content))
            case GenerationCompleted() | ExecutionCompleted() | GradingCompleted() as result:
                self._settle(span, result, line.at)
                if isinstance(result, GradingCompleted) and not place.role:
                    self._settle(self.by_path[place.case_id], result, line.at)
            case event if line.path and line.path == place.role_path:
                span.end = line.at
                name = event.type if isinstance(event, Unknown) else type(event).__name__
                span.attributes["fractal_agent.returned"] = name

    def _close(self) -> None:
        for span in self.by_path.values():
            if span.end is None:
                span.end = self._last
                span.attributes["fractal_agent.unfinished"] = True
            span.end = max(span.start, span.end)  # a clock may have been set back

    def _path_of(self, placed: Placed) -> str:
        """The path of the span that the line belongs to.

        An answer is no work of its own: its line belongs to whoever wrote it, whom its grading then follows.
        """
        line, place = placed.line, placed.place
        if isinstance(line.event, REQUESTS + RESULTS):
            return line.path
        if line.cause in self._where and line.path == f"{place.case_id}/answer":
            return self._where[line.cause]
        return place.role_path or place.case_id

    def _open(self, path: str, placed: Placed) -> Span:
        """A new span, and those around it that are not there yet."""
        place = placed.place
        fronts = [front for front in ("", place.case_id, place.role_path) if front != path]
        parent = max(fronts, key=len) if path else None
        if parent is not None and parent not in self.by_path:
            self._open(parent, placed)
        span = Span(
            path=path,
            parent=parent,
            case_id=place.case_id,
            name=self._name(path, placed),
            start=placed.line.at,
            remote=path == placed.line.path and isinstance(placed.line.event, GenerationRequested),
            attributes=self._identity(path, placed),
            links=self._links(path, placed),
        )
        self.by_path[path] = span
        return span

    def _name(self, path: str, placed: Placed) -> str:
        place, settings = placed.place, self._started.settings
        if not path:
            return f"run {settings.architecture}"
        if path == place.case_id:
            return f"invoke_workflow {settings.architecture}"
        if path == place.role_path:
            return f"invoke_agent {place.role}"
        match placed.line.event:
            case GenerationRequested():
                return f"chat {settings.model}"
            case ExecutionRequested():
                return "execute"
            case _:
                return "grade"

    def _identity(self, path: str, placed: Placed) -> dict[str, Value]:
        place = placed.place
        if not path:
            return {}
        identity: dict[str, Value] = {
            "fractal_agent.path": path,
            "fractal_agent.case_id": place.case_id,
            "fractal_agent.task_id": place.task_id,
        }
        if path == place.case_id:
            identity["gen_ai.operation.name"] = "invoke_workflow"
            identity["gen_ai.agent.name"] = self._started.settings.architecture
        elif path == place.role_path:
            identity["gen_ai.operation.name"] = "invoke_agent"
            identity["gen_ai.agent.name"] = place.role
        return identity

    def _links(self, path: str, placed: Placed) -> list[Link]:
        """What the span follows from, where that is not what it lies in.

        A role follows from whoever made the event that it took; what it asks follows from the same.
        """
        origin = self._started.origin
        if not path:
            return [Link(run_id=origin.run_id, path="", why="forked from")] if origin else []
        place, cause = placed.place, self._where.get(-1 if placed.line.cause is None else placed.line.cause)
        if cause is None or cause == place.case_id or (place.role_path and path != place.role_path):
            return []
        return [Link(run_id=self._started.run_id, path=cause, why="caused by")]

    def _settle(
        self, span: Span, result: GenerationCompleted | ExecutionCompleted | GradingCompleted, at: float
    ) -> None:
        """Ends a span with what the world answered, or a case with its verdict."""
        span.end = at
        span.attributes.update(of_result(result, content=self._content))
        outcome = result.finish_reason if isinstance(result, GenerationCompleted) else result.outcome
        if outcome in _FAILURES:
            span.error = outcome
            span.message = result.error if self._content else ""


_FAILURES = ("failed", "error", "timeout", "killed", "refused")
"""Outcomes and reasons to finish that show as errors; `length` is a full answer to the caller."""
