"""What programs, models and logs say, printed such that it can only be read: it steers no terminal."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from fractal_agent.streams import escaped

_STEERING_ASCII = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"
    r"\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064"
    r"\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e007f"
    r"\ud800-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]"
)
"""Control characters but tab and newline; what formats text unseen, turns its direction, ends lines or
tags it; halves of characters; and characters of private use, by which some terminals place pictures."""


def visible(text: str) -> str:
    """The text with what could steer a terminal, or not be seen, written as JSON would escape it."""
    # Nearly all text is ASCII, and through the long list it would take eight times as long.
    return (_STEERING_ASCII if text.isascii() else _STEERING).sub(_escaped, text)


def visible_line(text: str) -> str:
    """As `visible`, and in one line."""
    return visible(text.replace("\n", "\\n"))


def _escaped(found: re.Match[str]) -> str:
    return escaped(found[0])


class Terminal(Console):
    """A console to which all text comes `visible`, and that takes its colours and width from the environment.

    With NO_COLOR it writes no escape sequence at all. FORCE_COLOR and CLICOLOR_FORCE colour what is piped
    too, and change nothing else of it.
    """

    def __init__(self, **options: Any) -> None:  # Any: those of Console
        self.asked_width = _number(os.environ, "COLUMNS")
        """$COLUMNS; 0 where it is not set."""
        super().__init__(**_from_environment(options, os.environ))

    @property
    def redraws(self) -> bool:
        """True where a line that was printed may be drawn again."""
        return self.is_terminal and not self.is_dumb_terminal and not self.no_color

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        """Nobody reads any more: nothing is printed from here on, and what is under way goes on."""
        self.quiet = True
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.file.fileno())
            os.close(nowhere)


def drawn_width(console: Console, room: int) -> int:
    """How wide a rule is: as a terminal, and where there is none as $COLUMNS says or a page has it."""
    if console.is_terminal or not isinstance(console, Terminal):
        return room
    return min(room, console.asked_width or _PAGE)


_PAGE = 100
WIDEST = 10_000
"""Columns at most, whatever the environment says."""


def _from_environment(given: dict[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """What is given, and for the rest what the environment asks for and Rich would read otherwise."""
    file = given.get("file") or (sys.stderr if given.get("stderr") else sys.stdout)
    width, height = _number(variables, "COLUMNS"), _number(variables, "LINES")
    read: dict[str, Any] = {
        "force_terminal": _is_terminal(file),
        # Rich takes for a number what `int` does not.
        "_environ": {**variables, "COLUMNS": str(width or ""), "LINES": str(height or "")},
    }
    if variables.get("TERM", "").lower() in ("dumb", "unknown"):
        size = _size(file)  # Rich would say 80 columns, whatever is asked for
        read |= {"width": width or size.columns or 80, "height": height or size.lines or 25}
    if colours := _forced_colours(variables):
        read["color_system"] = colours
    elif _unwanted_colours(variables):
        read["color_system"] = None
    if variables.get("NO_COLOR"):
        return read | given | {"color_system": None, "no_color": True}
    return read | given


def _is_terminal(file: Any) -> bool:  # Any: whatever text is written to
    with suppress(ValueError, AttributeError):  # one that is closed, or none
        return bool(file.isatty())
    return False


def _forced_colours(variables: Mapping[str, str]) -> str:
    """The colour system that is asked for although nothing says that there is a terminal; else empty."""
    level = variables.get("FORCE_COLOR", "").lower()
    if not level and variables.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        level = "1"
    return {"": "", "0": "", "false": "", "2": "256", "3": "truecolor"}.get(level, "standard")


def _unwanted_colours(variables: Mapping[str, str]) -> bool:
    return variables.get("CLICOLOR") == "0" or variables.get("FORCE_COLOR", "").lower() in ("0", "false")


def _number(variables: Mapping[str, str], name: str) -> int:
    """The variable where it is a size; else 0."""
    asked = variables.get(name, "")
    return min(int(asked[:9]), WIDEST) if asked.isascii() and asked.isdigit() else 0


def _size(file: Any) -> os.terminal_size:  # Any: whatever text is written to
    """The terminal's size; zeros where there is none."""
    with suppress(OSError, ValueError, AttributeError):
        return os.get_terminal_size(file.fileno())
    return os.terminal_size((0, 0))
