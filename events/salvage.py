"""A new log of what is left of a damaged one: only what still hangs together, renumbered and chained anew.

A lost line can be of any case that was in flight there. So a case that was posed before a lost line and
graded after it is reopened: it loses its verdict, and keeps the records that cannot follow from the loss.
"""

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec

from events.base import Event
from events.effects import ExecutionRequested, GenerationRequested, GradingCompleted, GradingRequested
from events.envelope import Unknown
from events.lifecycle import LogSalvaged, LogSealed, LostPart, RunEnded, RunResumed, RunStarted
from events.log import LogFile
from events.path import case_of, child, nth
from events.work import ProblemPosed
from events.wreck import Found, Wreck

_REQUESTS = (GenerationRequested, ExecutionRequested, GradingRequested)


class Remains(msgspec.Struct, frozen=True, kw_only=True):
    """What of a wreck still hangs together."""

    kept: Sequence[Found]
    """In order; the first is the header."""
    dropped: Sequence[LostPart]
    """Undamaged lines that mean nothing without a lost one, in the order of the file."""
    reopened: Mapping[str, int]
    """Case to the first number that a line of it may have had and none has; 0 when its beginning is lost."""

    def narrowed(self, reached: Mapping[str, Collection[str]]) -> "Remains":
        """The same without the records of reopened cases that may follow from a lost one.

        `reached` holds, for each case, the paths that a replay comes by before it misses anything. A
        case that is not in there keeps what stands before the first lost line.
        """
        kept, dropped = list[Found](), list(self.dropped)
        for one in self.kept:
            case = case_of(one.entry.path, self.reopened)
            if not case or one.seq < self.reopened[case] or one.entry.path in reached.get(case, ()):
                kept.append(one)
            else:
                dropped.append(one.as_part("may follow from what is lost"))
        return Remains(kept=kept, dropped=_by_place(dropped), reopened=self.reopened)


def remains_of(wreck: Wreck) -> Remains:
    """The lines that a reader can make sense of: each case as far as its own lines say."""
    cases = frozenset(wreck.header.cases)
    of_run, of_cases, dropped = list[Found](), dict[str, list[Found]](), list[LostPart]()
    for one in wreck.lines:
        case = case_of(one.entry.path, cases)
        if not one.entry.path:
            of_run.append(one)
        elif not case:
            dropped.append(one.as_part("lies in no case of the run"))
        else:
            of_cases.setdefault(case, []).append(one)
    resumed = [one.seq for one in of_run if isinstance(one.entry.event, RunResumed)]
    kept, reopened, graded = list[Found](), dict[str, int](), set[str]()
    for case, lines in of_cases.items():
        rest = _Rest(case, lines, wreck, resumed)
        kept += rest.kept
        dropped += rest.dropped
        if rest.first_lost is not None:
            reopened[case] = rest.first_lost
        elif rest.graded:
            graded.add(case)
    kept += _lines_of_run(of_run, kept, whole=graded.issuperset(cases))
    return Remains(kept=sorted(kept, key=lambda one: one.seq), dropped=_by_place(dropped), reopened=reopened)


def write_remains(
    remains: Remains,
    wreck: Wreck,
    *,
    source: Path,
    folder: Path,
    run_id: str,
    clock: Callable[[], float] = time.time,
) -> LogSalvaged:
    """Writes the remains as the log of a new run, sealed, and returns the account of it that stands in there.

    Raises:
        LogExists, LogUnwritable, LogLocked, LogWriteFailed: as a new log does. None is left behind.
    """
    account = LogSalvaged(
        source=str(source),
        lost=tuple(wreck.lost),
        dropped=tuple(remains.dropped),
        reopened=tuple(remains.reopened),
    )
    header, *others = remains.kept
    # The seal has the time of the last line, because how long a run took is read from that.
    moments = [header.entry.at, clock(), *(one.entry.at for one in others), remains.kept[-1].entry.at]
    log = LogFile.create(folder, clock=iter(moments).__next__)
    try:
        log.stage("", _as_read(header, _renamed(header.raw, run_id, source, folder)))
        log.stage("", account)
        places = {header.seq: 0}
        for one in others:
            cause = one.entry.cause
            staged = log.stage(
                one.entry.path, _as_read(one, one.raw), None if cause is None else places.get(cause)
            )
            places[one.seq] = staged.seq
        log.seal()
    except BaseException:
        log.take()
        raise
    finally:
        log.close()
    return account


class _Rest:
    """What is left of one case."""

    def __init__(self, case: str, lines: Sequence[Found], wreck: Wreck, resumed: Sequence[int]) -> None:
        self._case = case
        self._resumed = resumed
        self.kept: list[Found] = []
        self.dropped: list[LostPart] = []
        self.first_lost: int | None = None
        """None when no line of the case can be lost."""
        self.graded = False
        posed = [place for place, one in enumerate(lines) if _poses(one, case)]
        if not posed:
            self.first_lost = 0
            self._drop(lines, "is of a case whose problem is lost")
            return
        self._add_beginnings(lines[: posed[-1]], lines[posed[-1]], wreck)
        self._add_last(lines[posed[-1] :], wreck)

    def _drop(self, lines: Iterable[Found], problem: str) -> None:
        self.dropped += [one.as_part(problem) for one in lines]

    def _add_beginnings(self, lines: Sequence[Found], posed: Found, wreck: Wreck) -> None:
        """What the case recorded before it began anew counts no more; it stays if it is whole."""
        if not lines:
            return
        lost = wreck.first_missing(lines[0].seq)
        if _poses(lines[0], self._case) and (lost is None or lost > posed.seq):
            self.kept += lines
        else:
            self._drop(lines, "was given up when the case began anew, and is not whole")

    def _add_last(self, lines: Sequence[Found], wreck: Wreck) -> None:
        """The case from where it was posed for the last time."""
        verdict = [one.seq for one in lines if _is_verdict(one, self._case)]
        self.graded = bool(verdict)
        self.first_lost = wreck.first_missing(lines[0].seq)
        if self.first_lost is None or (verdict and verdict[-1] < self.first_lost):
            self.first_lost = None
            self.kept += lines
            return
        ending = child(self._case, "answer"), nth(self._case, "grade", 0)
        self._drop((one for one in lines if one.entry.path in ending), "is of the verdict of a reopened case")
        self._add_consistent([one for one in lines if one.entry.path not in ending], self.first_lost)

    def _add_consistent(self, lines: Sequence[Found], first_lost: int) -> None:
        """What follows from nothing lost; of a path with two answers, only what was before the loss."""
        kept: dict[int, Found] = {}
        asked: dict[str, int] = {}
        settled: set[str] = set()
        for one in lines:
            path, cause = one.entry.path, one.entry.cause
            if cause is not None and cause not in kept:
                self._drop([one], "follows from a line that is lost")
            elif path in settled:
                late = [*(early for early in kept.values() if early.seq >= first_lost), one]
                self._drop(late + [other for other in lines if other.seq > one.seq], _ANEW)
                kept = {seq: early for seq, early in kept.items() if seq < first_lost}
                break
            elif isinstance(one.entry.event, _REQUESTS):
                if path in asked and not any(asked[path] < seq < one.seq for seq in self._resumed):
                    self._drop([kept.pop(asked[path])], "was asked again later")
                asked[path] = one.seq
                kept[one.seq] = one
            else:
                settled.add(path)
                kept[one.seq] = one
        self.kept += kept.values()


_ANEW = "is of a case that began anew, and where it did is lost"


def _lines_of_run(of_run: Sequence[Found], of_cases: Iterable[Found], *, whole: bool) -> list[Found]:
    """The run's own lines without seals, which count other lines, and without ends that were none."""
    own = [one for one in of_run if not isinstance(one.entry.event, LogSealed)]
    own = [one for one in own if one.seq == 0 or not isinstance(one.entry.event, RunStarted)]
    line = sorted([*own, *of_cases], key=lambda one: one.seq)
    following = dict(
        zip((one.seq for one in line), [*(one.entry.event for one in line[1:]), None], strict=True)
    )

    def stays(one: Found) -> bool:
        event, after = one.entry.event, following[one.seq]
        if not isinstance(event, RunEnded) or isinstance(after, RunResumed):
            return True
        return after is None and (whole or event.outcome != "completed")

    return [one for one in own if stays(one)]


def _poses(one: Found, case: str) -> bool:
    return one.entry.path == case and isinstance(one.entry.event, ProblemPosed)


def _is_verdict(one: Found, case: str) -> bool:
    return one.entry.path == nth(case, "grade", 0) and isinstance(one.entry.event, GradingCompleted)


def _by_place(parts: Iterable[LostPart]) -> list[LostPart]:
    return sorted(parts, key=lambda part: part.offset)


def _as_read(one: Found, raw: bytes) -> Event:
    """The event to be written as these bytes, whatever version it is of."""
    return cast(Event, Unknown(type=type(one.entry.event).__name__, raw=raw))


def _renamed(header: bytes, run_id: str, source: Path, folder: Path) -> bytes:
    """The header with another run id, a parent's log found from its new place, and fields not known here."""
    fields = {**msgspec.json.decode(header), "run_id": run_id}
    if origin := fields.get("origin"):
        fields["origin"] = {**origin, "log": os.path.relpath(source.parent / origin["log"], folder)}
    return msgspec.json.encode(fields)
