"""Lines of Python that may not parse: which of them go together, and how deep each one stands."""

import re

_TOKEN = re.compile(
    r"\"\"\"|'''"
    r"|\"(?:[^\"\\\n]|\\[^\n])*+\"?|'(?:[^'\\\n]|\\[^\n])*+'?"
    r"|\#[^\n]*|[(\[{]|[)\]}]|\\\n|\n"
)
_NEVER_IN_BRACKETS = re.compile(
    r"\s*(?:@|(?:async\s+)?def\s|(?:class|return|import|while|with|try|raise|assert|break|continue|pass)\b)"
)
_OPENS_BLOCK = re.compile(r":[ \t]*(?:#.*)?$")
_LEADING = re.compile(r"[ \t]*")


def continuations(text: str) -> list[bool]:
    """For each line, whether it goes on with what began above it: brackets, a long string, a backslash.

    Works on text that is only partly Python: a long string that is never closed counts as none, and a
    line that begins as no line inside brackets can (`return`, `def`, ...) ends all brackets.
    """
    inside, depth, at, goes_on = [False], 0, 0, False
    while token := _TOKEN.search(text, at):
        at, found = token.end(), token.group()
        if found in ('"""', "'''"):
            closing = text.find(found, at)
            if closing >= 0:
                inside += [True] * text.count("\n", at, closing)
                at = closing + 3
        elif found in "([{":
            depth += 1
        elif found in ")]}":
            depth = max(0, depth - 1)
        elif found[-1] == "\n":
            goes_on = depth > 0 or len(found) == 2
            if goes_on and _NEVER_IN_BRACKETS.match(text, at):
                goes_on, depth = False, 0
            inside.append(goes_on)
    return inside


def logical_lines(text: str) -> list[str]:
    """The text cut where a statement or a clause may begin; each piece holds one or more whole lines."""
    pieces: list[list[str]] = []
    for line, goes_on in zip(text.split("\n"), continuations(text), strict=True):
        if goes_on and pieces:
            pieces[-1].append(line)
        else:
            pieces.append([line])
    return ["\n".join(piece) for piece in pieces]


def indented(text: str, margin: str) -> str:
    """The text with `margin` before each logical line that is not blank; long strings keep their inside."""
    return "\n".join(margin + line if line.strip() else line for line in logical_lines(text))


def dedented(text: str) -> str:
    """The text without the margin that its logical lines share; long strings keep their inside."""
    lines = logical_lines(text.expandtabs(4))
    margin = min((_width(line) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:] if line.strip() else "" for line in lines)


def relevelled(text: str) -> str:
    """The text with four blanks a level, the levels guessed from colons and from how the lines lie.

    A line that lies between two levels goes to the nearer; one that is deeper than the line above for
    no reason stands level with it. What the lines say is not changed.
    """
    levels: list[int] = []
    opened, written = True, []
    for line in logical_lines(text.expandtabs(4)):
        body = line.lstrip()
        if body and not body.startswith("#"):
            _step(levels, _width(line), opened=opened)
            opened = bool(_OPENS_BLOCK.search(body))
        written.append(" " * 4 * (len(levels) - 1) + body if body else "")
    return "\n".join(written)


def _step(levels: list[int], width: int, *, opened: bool) -> None:
    """Brings `levels`, the widths of the blocks we are in, to where a line of this width stands."""
    if opened:
        levels.append(max(width, levels[-1] + 1) if levels else width)
        return
    left = levels[-1]
    while len(levels) > 1 and levels[-1] > width:
        left = levels.pop()
    if left - width < width - levels[-1] and left > levels[-1]:
        levels.append(left)


def _width(line: str) -> int:
    found = _LEADING.match(line)
    return len(found.group()) if found else 0
