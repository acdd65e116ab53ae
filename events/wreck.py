"""A damaged log taken apart: its undamaged lines in their order, wherever they stand, and what is lost."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from events.codec import BadLine, LineDecoder, Misfit, NewerEvent, check_line, digest_line, stated_format
from events.envelope import GENESIS, Envelope, Line
from events.errors import EventMisfit, LogForeign, LogUnsalvageable
from events.lifecycle import FORMAT, LostPart, RunStarted

_BEGINNING = b'{"seq":'
_ENDING = re.compile(rb',"crc":"[0-9a-f]{8}"\}')
_raw_decoder = msgspec.json.Decoder(Envelope[msgspec.Raw])


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An undamaged line, and where in the damaged file it stands."""

    entry: Line
    raw: bytes
    """The event, byte for byte."""
    digest: str
    number: int
    """Counts the lines of the file from 1."""
    offset: int
    """In bytes, as is the length."""
    length: int
    """Without the newline."""

    @property
    def seq(self) -> int:
        return self.entry.seq

    def as_part(self, problem: str) -> LostPart:
        """The line as something that the new log will not hold."""
        return LostPart(line=self.number, offset=self.offset, length=self.length, problem=problem)


class Wreck(msgspec.Struct, frozen=True, kw_only=True):
    """What a damaged log still holds."""

    header: RunStarted
    lines: Sequence[Found]
    """By their numbers, each once; the first is the header."""
    lost: Sequence[LostPart]
    """In the order of the file."""
    missing: Sequence[int]
    """The first number of each gap between the lines, in order."""

    def first_missing(self, after: int) -> int | None:
        """The lowest number above `after` that no line has although a later one is there."""
        place = bisect_right(self.missing, after)
        return self.missing[place] if place < len(self.missing) else None


def read_wreck(path: Path) -> Wreck:
    """The undamaged lines of a log. Events of plug-ins that are not imported stay unknown.

    Raises:
        LogForeign: it is no log, or of a newer format, or holds an event in a newer version.
        EventMisfit: it holds an event of a plug-in that is not as the plug-in's class is now.
        LogUnsalvageable: the header is lost or was changed, or two lines contradict each other.
    """
    found, lost = _search(path)
    if not found:
        raise LogForeign(path, found="no undamaged line", expected="a log that begins with a RunStarted line")
    lines, changed = _attested(_each_once(path, found))
    header = lines[0].entry if lines else None
    if header is None or header.seq or header.prev != GENESIS or not isinstance(header.event, RunStarted):
        raise LogUnsalvageable(
            path, "its header is lost, and nothing else in it tells which run this was, of what and with what"
        )
    gaps = [(one, other) for one, other in pairwise(lines) if other.seq > one.seq + 1]
    lost += changed
    lost += [_cut_out(one, other) for one, other in gaps if not _accounted(one, other, lost)]
    return Wreck(
        header=header.event,
        lines=lines,
        lost=sorted(lost, key=lambda part: part.offset),
        missing=[one.seq + 1 for one, _ in gaps],
    )


def _search(path: Path) -> tuple[list[Found], list[LostPart]]:
    """All undamaged lines as they stand, and the stretches of the file that belong to none."""
    decoder, found, lost, offset = LineDecoder(), list[Found](), list[LostPart](), 0
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            line, end = raw.removesuffix(b"\n"), 0
            for start, stop in _spans(line):
                if start > end:
                    lost.append(_stray(number, offset + end, start - end))
                one = _understood(path, decoder, line[start:stop], number, offset + start)
                if isinstance(one, Found):
                    found.append(one)
                else:
                    lost.append(one)
                end = stop
            if not end:
                lost.append(LostPart(line=number, offset=offset, length=len(raw), problem=_problem(line)))
            elif end < len(line):
                lost.append(_stray(number, offset + end, len(line) - end))
            offset += len(raw)
    return found, lost


def _spans(line: bytes) -> Iterator[tuple[int, int]]:
    """Where in one line of the file undamaged lines of the log stand; two, say, when a newline was lost."""
    if not _problem(line):
        yield 0, len(line)
        return
    start = line.find(_BEGINNING)
    while start >= 0:
        ends = (match.end() for match in _ENDING.finditer(line, start))
        stop = next((end for end in ends if not _problem(line[start:end])), None)
        if stop is not None:
            yield start, stop
        start = line.find(_BEGINNING, start + 1 if stop is None else stop)


def _problem(line: bytes) -> str:
    """What is wrong with a line, its newline aside; empty when it is undamaged."""
    try:
        check_line(line + b"\n")
    except BadLine as bad:
        return str(bad)
    return ""


def _stray(number: int, offset: int, length: int) -> LostPart:
    return LostPart(line=number, offset=offset, length=length, problem="holds bytes that belong to no line")


def _understood(path: Path, decoder: LineDecoder, line: bytes, number: int, offset: int) -> Found | LostPart:
    """The line with its place, or as lost when it cannot be read.

    Raises:
        LogForeign: a newer version of this package, or of a plug-in, can read it.
        EventMisfit: a plug-in's class has changed, and can read it once that is mended.
    """
    if line.startswith(b'{"seq":0,') and (stated := stated_format(line) or 0) > FORMAT:
        raise LogForeign(path, found=f"a log of format {stated}", expected=f"format {FORMAT} or older")
    try:
        entry, raw = decoder.decode(line), _raw_decoder.decode(line).event
    except BadLine as bad:
        return LostPart(line=number, offset=offset, length=len(line), problem=str(bad))
    except Misfit as misfit:
        raise EventMisfit(path, line=number, at=misfit.path, problem=str(misfit)) from None
    except NewerEvent as newer:
        found, known = newer.args
        raise LogForeign(
            path,
            found=f"{found} in line {number}",
            expected=f"version {known} or older: upgrade the package that brings it",
        ) from None
    return Found(
        entry=entry,
        raw=bytes(raw),
        digest=digest_line(line),
        number=number,
        offset=offset,
        length=len(line),
    )


def _each_once(path: Path, found: Iterable[Found]) -> list[Found]:
    """The lines by their numbers, a repeated one once; `LogUnsalvageable` when two of one number differ."""
    by_number: dict[int, Found] = {}
    for one in sorted(found, key=lambda one: one.seq):
        other = by_number.setdefault(one.seq, one)
        if other.digest != one.digest:
            raise LogUnsalvageable(
                path,
                f"lines {other.number} and {one.number} both say that they are number {one.seq} and differ: "
                "which of them happened cannot be known",
            )
    return list(by_number.values())


def _attested(lines: Sequence[Found]) -> tuple[list[Found], list[LostPart]]:
    """The lines without those that the line after them does not continue."""
    problem = "was changed after it had been written: the line after it continues another"
    false = {
        one.seq
        for one, other in pairwise(lines)
        if other.seq == one.seq + 1 and other.entry.prev != one.digest
    }
    changed = [one.as_part(problem) for one in lines if one.seq in false]
    return [one for one in lines if one.seq not in false], changed


def _accounted(one: Found, other: Found, lost: Iterable[LostPart]) -> bool:
    """True when something between two lines of the file is known to be lost."""
    return any(one.offset < part.offset < other.offset for part in lost)


def _cut_out(one: Found, other: Found) -> LostPart:
    """What is missing although the file shows no trace of it."""
    count = other.seq - one.seq - 1
    lines = f"line number {one.seq + 1}" if count == 1 else f"lines number {one.seq + 1} to {other.seq - 1}"
    return LostPart(
        line=one.number + 1,
        offset=one.offset + one.length + 1,
        length=0,
        problem=f"should be {lines} of the log, which {'is' if count == 1 else 'are'} nowhere in the file",
    )
