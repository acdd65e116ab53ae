"""Racing contenders: each once in every round, so that a slow disk slows all, and ratios within a round."""

import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Run = Callable[[Path, int], float]
"""Stores or reads so many events in an empty folder of its own; the seconds that it took."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    name: str
    run: Run
    events: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """One contender's figures, and how ours compare."""

    section: str
    name: str
    unit: str
    figures: tuple[float, ...]
    """One a round."""
    ratios: tuple[float, ...] = ()
    """One a round: how many times as fast ours is, or what else the section's title says."""
    bar: str = ""
    """What the median ratio must be: `>= 1.8`; empty where nothing is asked."""

    @property
    def met(self) -> bool | None:
        """None where nothing is asked."""
        if not self.bar:
            return None
        sign, limit = self.bar.split()
        median = statistics.median(self.ratios)
        return median >= float(limit) if sign == ">=" else median <= float(limit)


def race(contenders: Sequence[Contender], rounds: int, within: Path) -> dict[str, list[float]]:
    """Events a second, by name and round. Who cannot run here is named on stderr and left out."""
    rates: dict[str, list[float]] = {}
    absent: set[str] = set()
    for _ in range(rounds):
        for contender in contenders:
            if contender.name in absent:
                continue
            with tempfile.TemporaryDirectory(dir=within) as folder:
                try:
                    seconds = contender.run(Path(folder), contender.events)
                except ImportError as error:
                    print(f"left out: {contender.name}: {error}", file=sys.stderr)
                    absent.add(contender.name)
                    continue
            rates.setdefault(contender.name, []).append(contender.events / seconds)
    return rates


def rows(section: str, rates: Mapping[str, Sequence[float]], ours: str, bars: Mapping[str, str]) -> list[Row]:
    """A row for each contender, with the ratio of `ours` to it."""
    return [
        Row(
            section=section,
            name=name,
            unit="/s",
            figures=tuple(figures),
            ratios=tuple(mine / its for mine, its in zip(rates[ours], figures, strict=True)),
            bar=bars.get(name, ""),
        )
        for name, figures in rates.items()
    ]


def table(found: Sequence[Row]) -> str:
    """The rows in Markdown, a table for each section."""
    lines: list[str] = []
    for section in dict.fromkeys(row.section for row in found):
        lines += [
            "",
            f"**{section}**",
            "",
            "| contender | median | ratio | bar | |",
            "|---|---:|---|---|---|",
        ]
        for row in found:
            if row.section == section:
                verdict = {None: "", True: "met", False: "**missed**"}[row.met]
                figure = f"{number(statistics.median(row.figures))} {row.unit}"
                lines.append(f"| {row.name} | {figure} | {spread(row.ratios)} | {row.bar} | {verdict} |")
    return "\n".join(lines[1:])


def spread(values: Sequence[float]) -> str:
    """`1.50 [1.41-1.62]`: median, least and most."""
    if not values:
        return ""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{number(middle)} [{number(low)}-{number(high)}]"


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
