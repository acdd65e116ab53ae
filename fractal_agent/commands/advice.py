"""Advice that fits the command: a message of the packages may name an option that this command lacks."""

import re
from contextvars import ContextVar

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
_PART = re.compile(r"(?<=[.;:])\s+")
_CODE = re.compile(r"`[^`]*`")
"""A command line that is quoted, with the options of that command."""

LACKING: ContextVar[frozenset[str]] = ContextVar("LACKING", default=frozenset())
"""The options of other commands that the one that is running does not have."""

ENGINE = frozenset({"--engine", "--model", "--base-url", "--script"})
FORKED = "What answers a run is settled when it begins; `fork` can change it."


def options_in(text: str) -> list[str]:
    """The options that a text names outside quoted command lines, in their order."""
    return _OPTION.findall(_CODE.sub("", text))


def fitting(text: str, lacking: frozenset[str] | None = None) -> str:
    """The message without the parts that name an option which only other commands have.

    `lacking` are the options that the command which is running does not have, by default. Where advice on
    engines is lost by that, another is given. What a server says of options of its own is left alone.
    """
    lacking = LACKING.get() if lacking is None else lacking
    named = lacking.intersection(options_in(text))
    if not named:
        return text
    parts = [part for part in _PART.split(text) if lacking.isdisjoint(options_in(part))]
    kept = re.sub(r"[;:,]$", ".", " ".join(parts).strip())
    return " ".join(filter(None, [kept, FORKED if ENGINE & named else ""])) or text
