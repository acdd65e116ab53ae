"""Whether an event costs more the longer its log is: the same append and the same read at four lengths."""

import statistics
import time
from pathlib import Path

from material import PATH, answers, write_log
from measure import Row

from events import LogFile, LogReader

APPENDS = 200
LENGTHS = (1_000, 10_000, 100_000, 1_000_000)


def growing(rounds: int, scale: float, within: Path) -> list[Row]:
    lengths = [length for length in LENGTHS if length <= 1_000_000 * scale]
    paths = {length: write_log(within / f"grown-{length}", length) for length in lengths}
    logs = {length: LogFile.reopen(path.parent)[0] for length, path in paths.items()}
    appends: dict[int, list[float]] = {length: [] for length in lengths}
    reads: dict[int, list[float]] = {length: [] for length in lengths}
    for _ in range(rounds):
        for length, seconds in append_in_turn(logs).items():
            appends[length].append(seconds * 1e6)
        for length, path in paths.items():
            reads[length].append(read(path) * 1e6)
    sizes = {length: (path.stat().st_size / count(path),) for length, path in paths.items()}
    for log in logs.values():
        log.close()
    section = "The cost of an event in logs of four lengths; it / at the first length"
    return [
        Row(
            section=section,
            name=f"{what}, {length:,} events",
            unit=unit,
            figures=tuple(costs[length]),
            ratios=tuple(cost / first for cost, first in zip(costs[length], costs[lengths[0]], strict=True)),
            bar=bar if length == lengths[-1] else "",
        )
        for what, unit, costs, bar in (
            ("durable append, p50", "µs", appends, "<= 1.15"),
            ("read and verify", "µs", reads, "<= 1.15"),
            ("size", "bytes", sizes, "<= 1.02"),
        )
        for length in lengths
    ]


def append_in_turn(logs: dict[int, LogFile]) -> dict[int, float]:
    """The median seconds of a durable append to each log, taken in turn, so that all meet the same disk."""
    events = answers()
    taken: dict[int, list[float]] = {length: [] for length in logs}
    for number in range(APPENDS):
        for length, log in logs.items():
            began = time.perf_counter()
            log.stage(PATH, events[number], number)
            log.commit()
            taken[length].append(time.perf_counter() - began)
    return {length: statistics.median(times) for length, times in taken.items()}


def read(path: Path) -> float:
    """Seconds for an event, from as many readings as make a time worth measuring."""
    events, began = 0, time.perf_counter()
    while events < 20_000:
        events += count(path)
    return (time.perf_counter() - began) / events


def count(path: Path) -> int:
    return sum(1 for _ in LogReader(path))
