"""Every engine splits a model's thinking off its answer here."""

import msgspec

from agents.replies.thinking import split_thinking

_OPENERS = ("<", "[", "\u25c1")
"""What a thinking block begins with, whatever its tag."""


class Parted(msgspec.Struct, frozen=True):
    """What a model wrote, its thinking apart."""

    reasoning: str
    answer: str


def parted(written: str, *, prefill: str = "") -> Parted:
    """Splits what the model wrote after the prefill.

    Behind a prefill only a block that begins the text counts: code or a plan is under way there, and a
    lone closing tag is part of it.
    """
    if prefill and not written.lstrip().startswith(_OPENERS):
        return Parted("", written)
    return Parted(*split_thinking(written))
