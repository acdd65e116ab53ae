"""Advice that fits the command: a message of the packages may name an option that this command lacks."""

import re
from contextvars import ContextVar

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
_PART = re.compile(r"(?<=[.;:])\s+")
_CODE = re.compile(r"`[^`]*`")
"""A command line that is quoted, with the options of that command."""

OPTIONS: ContextVar[frozenset[str] | None] = ContextVar("OPTIONS", default=None)
"""The options of the command that is running; None where no command is."""

ENGINE = frozenset({"--engine", "--model", "--base-url", "--script"})
FORKED = "What answers a run is settled when it begins; `fork` can change it."


def options_in(text: str) -> list[str]:
    """The options that a text names outside quoted command lines, in their order."""
    return _OPTION.findall(_CODE.sub("", text))


def fitting(text: str, options: frozenset[str] | None = None) -> str:
    """The message without the parts that name an option which the command that is running lacks.

    `options` are that command's by default.

    Where advice on engines is lost by that, another is given.
    """
    options = OPTIONS.get() if options is None else options
    if options is None:
        return text
    lacking = [option for option in options_in(text) if option not in options]
    if not lacking:
        return text
    parts = [part for part in _PART.split(text) if all(one in options for one in options_in(part))]
    kept = re.sub(r"[;:,]$", ".", " ".join(parts).strip())
    return " ".join(filter(None, [kept, FORKED if ENGINE.intersection(lacking) else ""])) or text
