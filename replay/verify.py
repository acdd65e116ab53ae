"""A log checked without the model: its lines, and that each thing was logged before it was used."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from events.envelope import Line, Unknown
from events.errors import LogCorrupt
from events.lifecycle import LogSealed, Origin, RunEnded, RunResumed, RunStarted
from events.path import case_of, child
from events.reader import LogReader
from replay.lawful import Case, Fault

_NAMED = 3
"""How many of a list a sentence names."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A line that breaks a rule."""

    line: int
    """Counts from 1."""
    offset: int
    """Where the line begins, in bytes."""
    path: str
    found: str
    expected: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one check of the whole log."""

    name: str
    outcome: Literal["ok", "note", "failed"]
    says: str
    problem: Problem | None = None
    """The first one."""
    problems: int = 0
    """How many there are."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify --json` prints."""

    run_id: str
    log: str
    """Path of the log."""
    holds: bool
    """True when no check failed."""
    checks: tuple[Check, ...]


def verify_log(path: Path) -> Verified:
    """Reads the log once, in memory that grows with the cases in flight. Events of plug-ins must be imported.

    Raises:
        LogMissing, LogForeign: there is no log, or none that this version can read.
    """
    reader, verifier, offset = LogReader(path), _Verifier(), 0
    damage = None
    try:
        for line in reader:
            verifier.add(line, offset)
            offset = reader.end
    except LogCorrupt as corrupt:
        damage = corrupt
    checks = tuple(verifier.checks(reader, damage))
    return Verified(
        run_id=verifier.run_id,
        log=str(path),
        holds=all(check.outcome != "failed" for check in checks),
        checks=checks,
    )


class _Verifier:
    """The fold: cases by their paths, and the first problem of each check."""

    def __init__(self) -> None:
        self.run_id = ""
        self._cases: dict[str, Case] = {}
        self._problems: dict[str, Problem] = {}
        self._counts: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._resumes = 0
        self._ended: RunEnded | None = None
        self._closed = False
        """True behind the end or the seal, until the run is resumed."""

    def add(self, line: Line, offset: int) -> None:
        for fault in self._faults(line):
            self._counts[fault.check] += 1
            self._problems.setdefault(
                fault.check,
                Problem(
                    line=line.seq + 1,
                    offset=offset,
                    path=line.path,
                    found=fault.found,
                    expected=fault.expected,
                ),
            )

    def _faults(self, line: Line) -> Iterable[Fault]:
        if isinstance(line.event, Unknown):
            self._unknown[line.event.type] += 1
        if line.cause is not None and not 0 <= line.cause < line.seq:
            yield Fault(check="causes", found=f"cause {line.cause}", expected=f"a line before {line.seq}")
        if not line.path:
            yield from self._of_run(line)
            return
        if self._closed:
            yield Fault(
                check="run", found="a line of a case after the run had ended", expected="RunResumed first"
            )
        case = self._cases.get(case_of(line.path, self._cases))
        if case is None:
            yield Fault(
                check="cases",
                found="a path in no case of the run",
                expected="one that begins with a case's id",
            )
        else:
            yield from case.add(line, self._resumes)

    def _of_run(self, line: Line) -> Iterable[Fault]:
        match line.event:
            case RunStarted() as started if line.seq == 0:
                self.run_id = started.run_id
                edited = _edited(started.origin)
                self._cases = {path: Case(path, edited) for path in started.cases}
            case RunStarted():
                yield Fault(check="run", found="a second RunStarted", expected="one, in the first line")
            case RunResumed():
                self._resumes += 1
                self._ended, self._closed = None, False
            case RunEnded() as ended:
                left = [path for path, case in self._cases.items() if not (case.graded or case.set_aside)]
                if ended.outcome == "completed" and left:
                    yield Fault(
                        check="run",
                        found=f"a completed run with no verdict on {_listed(left)}",
                        expected="every case with a verdict or set aside",
                    )
                self._ended, self._closed = ended, True
            case LogSealed(events=events, head=head):
                self._closed = True
                if (events, head) != (line.seq, line.prev):
                    yield Fault(check="run", found=f"a seal on {events} lines", expected=f"on {line.seq}")

    def checks(self, reader: LogReader, damage: LogCorrupt | None) -> Iterable[Check]:
        yield _lines(reader, damage)
        cases = self._cases.values()
        posed, graded = sum(case.posed for case in cases), sum(case.graded for case in cases)
        aside = sum(case.set_aside for case in cases)
        left = f", {aside} set aside" if aside else ""
        yield self._check("causes", "each line follows from an earlier one")
        yield self._check(
            "cases", f"{posed} posed, {graded} graded{left}; nothing before the one or after the other"
        )
        asked, answered = sum(case.asked for case in cases), sum(case.answered for case in cases)
        yield self._check("effects", f"{asked} requests, {answered} results, each after its own request")
        yield self._check("roles", "each event was logged before a role consumed it")
        yield self._check("answers", "each is a code that was written; each grading follows its answer")
        yield self._check("run", self._story(reader))
        if damage is None:
            yield from self._notes(reader)

    def _check(self, name: str, says: str) -> Check:
        problem = self._problems.get(name)
        if problem is None:
            return Check(name=name, outcome="ok", says=says)
        count = self._counts[name]
        more = f" ({count} such lines)" if count > 1 else ""
        at = f", {problem.path}" if problem.path else ""
        return Check(
            name=name,
            outcome="failed",
            says=f"line {problem.line} (byte {problem.offset}){at}: found {problem.found}, "
            f"expected {problem.expected}{more}",
            problem=problem,
            problems=count,
        )

    def _story(self, reader: LogReader) -> str:
        ended = self._ended.outcome if self._ended else "not ended"
        times = "once" if self._resumes == 1 else f"{self._resumes} times"
        resumed = f", resumed {times}" if self._resumes else ""
        return f"{ended}{resumed}{', sealed' if reader.sealed else ''}"

    def _notes(self, reader: LogReader) -> Iterable[Check]:
        if not reader.sealed:
            yield _note("seal", "there is none: the run is still going on, or was killed")
        if reader.torn:
            yield _note(
                "tail",
                f"{reader.torn} bytes of an unfinished line at byte {reader.end}; `resume` sets them aside",
            )
        if missing := [path for path, case in self._cases.items() if not case.posed]:
            yield _note("tasks", f"{len(missing)} of {len(self._cases)} never posed: {_listed(missing)}")
        if own := [path for path, case in self._cases.items() if case.own_answer]:
            yield _note("own", f"an answer that no role wrote, but the architecture itself: {_listed(own)}")
        if self._unknown:
            told = ", ".join(f"{count} {name}" for name, count in sorted(self._unknown.items()))
            yield _note("unknown", f"events that need a plug-in which is not loaded: {told}")


def _lines(reader: LogReader, damage: LogCorrupt | None) -> Check:
    if damage is None:
        return Check(
            name="lines", outcome="ok", says=f"{reader.lines}: checksums, chain, numbers and schema are good"
        )
    return Check(
        name="lines",
        outcome="failed",
        says=f"line {damage.line} (byte {damage.offset}) {damage.problem}; "
        f"what follows is of the {reader.lines} lines before it",
        problem=Problem(
            line=damage.line,
            offset=damage.offset,
            path="",
            found=damage.problem,
            expected="an undamaged line that continues the one before it",
        ),
        problems=1,
    )


def _edited(origin: Origin | None) -> frozenset[str]:
    """The paths where a fork changes what happens."""
    if origin is None:
        return frozenset()
    return frozenset(
        child(branch.name, edit.path)
        for branch in origin.branches
        for edit in (*origin.edits, *branch.edits)
        if edit.path
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _note(name: str, says: str) -> Check:
    return Check(name=name, outcome="note", says=says)
