"""What must hold of one case's lines: nothing is consumed, submitted or graded before it was logged."""

import hashlib
from collections.abc import Collection, Iterator

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
from events.envelope import Line, Unknown
from events.lifecycle import AnswerSubmitted, CaseSetAside
from events.path import child, nth
from events.work import CodeWritten, ProblemPosed

Request = GenerationRequested | ExecutionRequested | GradingRequested
Result = GenerationCompleted | ExecutionCompleted | GradingCompleted
_ANSWERS: dict[type[Event], type[Event]] = {
    GenerationRequested: GenerationCompleted,
    ExecutionRequested: ExecutionCompleted,
    GradingRequested: GradingCompleted,
}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that a line breaks."""

    check: str
    """`cases`, `effects`, `roles` or `answers`."""
    found: str
    expected: str


class _Asked(msgspec.Struct, kw_only=True):
    """An effect so far."""

    request: Request
    seq: int
    resumes: int
    """How often the run had been resumed when this was asked."""
    answered: bool = False


class _Acting(msgspec.Struct, kw_only=True):
    """A role that was given an event."""

    cause: int
    """The line of that event."""
    answered: bool = False


class Case:
    """One case, line by line. It remembers what a later line may name, until the verdict."""

    def __init__(self, path: str, edited: Collection[str] = ()) -> None:
        self.path = path
        self.posed = False
        self.graded = False
        self.set_aside = False
        """True while the case waits, after an error of its own, to be taken up again."""
        self._left_at = -1
        """How often the run had been resumed when the case was set aside."""
        self.asked = 0
        """Requests, over all beginnings of the case."""
        self.answered = 0
        self.own_answer = False
        """True when the architecture submitted a code that no role had written."""
        self._edited = edited
        """Paths where a fork changes what happens."""
        self._resumes = 0
        self._forget()

    def _forget(self) -> None:
        self._events: dict[int, str | None] = {}
        """Line of each event that a role may consume, to its code's digest; None for one without code."""
        self._codes: set[str] = set()
        self._effects: dict[str, _Asked] = {}
        self._roles: dict[str, _Acting] = {}
        self._problem: int = -1
        self._submitted: tuple[int, str] | None = None

    def add(self, line: Line, resumes: int) -> Iterator[Fault]:
        """The rules that the next line of the case breaks; `resumes` counts the run's."""
        event = line.event
        if line.path == self.path and isinstance(event, ProblemPosed):
            yield from self._pose(line, resumes)
        elif not self.posed:
            yield Fault(
                check="cases",
                found=f"{_name(event)} in a case that was not posed",
                expected="ProblemPosed first",
            )
        elif self.graded:
            yield Fault(
                check="cases", found=f"{_name(event)} after the verdict", expected="nothing more of the case"
            )
        elif self.set_aside and resumes == self._left_at:
            yield Fault(
                check="cases",
                found=f"{_name(event)} after the case was set aside",
                expected="nothing more of the case before the run is resumed",
            )
        elif isinstance(event, CaseSetAside):
            self.set_aside, self._left_at = True, resumes
        elif isinstance(event, Request):
            yield from self._ask(line, event, resumes)
        elif isinstance(event, Result):
            yield from self._settle(line, event)
        elif line.path == child(self.path, "answer"):
            yield from self._submit(line)
        elif line.path.endswith("/given"):
            yield from self._give(line)
        else:
            yield from self._return(line)

    def _pose(self, line: Line, resumes: int) -> Iterator[Fault]:
        if self.posed and resumes == self._resumes:
            yield Fault(
                check="cases",
                found="the problem posed a second time",
                expected="once, or anew after the run was resumed",
            )
        self._forget()
        self.posed, self.graded, self.set_aside, self._resumes = True, False, False, resumes
        self._problem = line.seq
        self._events[line.seq] = None

    def _ask(self, line: Line, request: Request, resumes: int) -> Iterator[Fault]:
        self.set_aside = False
        self.asked += 1
        before = self._effects.get(line.path)
        if before is not None and (before.answered or before.resumes == resumes):
            yield Fault(
                check="effects",
                found=f"a second {_name(request)} here, after line {before.seq + 1}",
                expected="one, or one more after a resume when the first had no result",
            )
        self._effects[line.path] = _Asked(request=request, seq=line.seq, resumes=resumes)
        if line.path == nth(self.path, "grade", 0):
            yield from self._grade(line, request)
            return
        role = line.path.rpartition("/")[0]
        yield from self._act(role, line)
        if self._roles[role].answered:
            yield Fault(
                check="roles",
                found=f"{_name(request)} after the role's answer",
                expected="all effects before it",
            )

    def _settle(self, line: Line, result: Result) -> Iterator[Fault]:
        self.answered += 1
        asked = self._effects.get(line.path)
        if asked is None or type(result) is not _ANSWERS[type(asked.request)]:
            yield Fault(
                check="effects",
                found=f"{_name(result)} without its request",
                expected="the request at this path",
            )
            return
        if asked.answered:
            yield Fault(
                check="effects", found=f"a second {_name(result)} here", expected="one result for one request"
            )
        if line.cause != asked.seq:
            yield Fault(
                check="effects",
                found=f"{_name(result)} that names {_line(line.cause)} as its request",
                expected=_line(asked.seq),
            )
        asked.answered = True
        if line.path == nth(self.path, "grade", 0):
            self._forget()
            self.graded = True

    def _act(self, role: str, line: Line) -> Iterator[Fault]:
        """The role at that path does something because of the event that it was given."""
        acting = self._roles.get(role)
        cause = -1 if line.cause is None else line.cause
        if cause not in self._events:
            yield Fault(
                check="roles",
                found=f"{_name(line.event)} that follows from {_line(line.cause)}",
                expected="the line of an event of this case, which the role consumed",
            )
        elif acting is not None and acting.cause != cause:
            yield Fault(
                check="roles",
                found=f"{_name(line.event)} that follows from {_line(line.cause)}",
                expected=f"{_line(acting.cause)}, as all that this role does here",
            )
        if acting is None:
            self._roles[role] = _Acting(cause=cause)

    def _give(self, line: Line) -> Iterator[Fault]:
        role = line.path.removesuffix("/given")
        if role in self._roles:
            yield Fault(
                check="roles",
                found="an event given after the role had begun",
                expected="before it does anything",
            )
        self._roles[role] = _Acting(cause=line.seq)
        self._remember(line)

    def _return(self, line: Line) -> Iterator[Fault]:
        self.set_aside = False
        yield from self._act(line.path, line)
        acting = self._roles[line.path]
        if acting.answered:
            yield Fault(check="roles", found=f"a second answer here, {_name(line.event)}", expected="one")
        acting.answered = True
        self._remember(line)

    def _remember(self, line: Line) -> None:
        self._events[line.seq] = None
        if isinstance(line.event, CodeWritten):
            code = _digest(line.event.code)
            self._events[line.seq] = code
            self._codes.add(code)
        elif isinstance(line.event, Unknown):
            self._events[line.seq] = _UNKNOWN

    def _submit(self, line: Line) -> Iterator[Fault]:
        self.set_aside = False
        if not isinstance(line.event, AnswerSubmitted):
            return
        if self._submitted is not None:
            yield Fault(check="answers", found="a second answer of the case", expected="one")
        code = _digest(line.event.code)
        self._submitted = line.seq, code
        written = self._events.get(-1 if line.cause is None else line.cause)
        if line.path in self._edited or written in {code, _UNKNOWN}:
            return
        if line.cause == self._problem:
            self.own_answer = code not in self._codes
            return
        yield Fault(
            check="answers",
            found=f"a code that is not the one in {_line(line.cause)}",
            expected="the code of the line that it follows from",
        )

    def _grade(self, line: Line, request: Request) -> Iterator[Fault]:
        if not isinstance(request, GradingRequested) or self._submitted is None:
            yield Fault(
                check="answers", found=f"{_name(request)} without an answer", expected="the answer first"
            )
            return
        seq, code = self._submitted
        if line.cause != seq or _digest(request.code) != code:
            yield Fault(
                check="answers",
                found=f"a grading that follows from {_line(line.cause)}",
                expected=f"the code and the line of the answer, {_line(seq)}",
            )


_UNKNOWN = "unknown"


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _name(event: Event | Unknown) -> str:
    return event.type if isinstance(event, Unknown) else type(event).__name__


def _line(seq: int | None) -> str:
    return "no line" if seq is None or seq < 0 else f"line {seq + 1}"
