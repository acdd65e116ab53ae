"""What programs, models and logs say, printed such that it can only be read: it steers no terminal."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

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
    halves = found[0].encode("utf-16-be", "surrogatepass").hex(" ", 2)
    return "\\u" + halves.replace(" ", "\\u")


class Terminal(Console):
    """A console to which all text comes `visible`."""

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
