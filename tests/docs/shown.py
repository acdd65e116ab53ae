"""Comparing what a command prints with what a page shows of it, where `...` stands for what is left out."""

import re
from itertools import groupby


def blocks(page: str) -> list[tuple[str, str]]:
    """Each command that a page shows in a console block, with the output that stands under it."""
    return re.findall(r"```console\n\$ (.*)\n((?:.*\n)*?)```", page)


def missing(printed: str, shown: str) -> list[str]:
    """The first lines of the page that the output does not have in their place; empty when it has all.

    Lines agree but for blanks at their ends. A line that is only `...` stands for any lines, `...` at the end
    of one for any rest of it.
    """
    lines = [line.rstrip() for line in printed.rstrip().split("\n")]
    parts = [list(part) for left_out, part in groupby(_lines(shown), key="...".__eq__) if not left_out]
    at, first, last = 0, not shown.startswith("..."), not shown.rstrip().endswith("\n...")
    for number, part in enumerate(parts):
        places = range(at, len(lines) - len(part) + 1)
        if first and number == 0:
            places = places[:1]
        if last and number == len(parts) - 1:
            places = places[-1:]
        found = next((place for place in places if _agree(lines[place : place + len(part)], part)), None)
        if found is None:
            return part
        at = found + len(part)
    return []


def _lines(shown: str) -> list[str]:
    return [line.rstrip() for line in shown.rstrip().split("\n")]


def _agree(printed: list[str], shown: list[str]) -> bool:
    return all(_same(line, pattern) for line, pattern in zip(printed, shown, strict=True))


def _same(line: str, pattern: str) -> bool:
    return line.startswith(pattern.removesuffix("...")) if pattern.endswith("...") else line == pattern
