"""What programs, models and logs say, printed such that it can only be read: it steers no terminal."""

import re
from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and newline, what turns the direction of text, and halves of characters."""


def visible(text: str) -> str:
    """The text with what could steer a terminal written as JSON and Python would escape it."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def visible_line(text: str) -> str:
    """As `visible`, and in one line."""
    return visible(text.replace("\n", "\\n"))


class Terminal(Console):
    """A console to which all text comes `visible`."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)
