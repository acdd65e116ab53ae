"""A short name for a piece of source text, to tell whether code changed since a run was recorded."""

import hashlib
from collections.abc import Mapping


def fingerprint(source: str) -> str:
    """First 64 bits of sha256 over the text, hex, blind to trailing blanks and blank lines at the end."""
    text = "\n".join(line.rstrip() for line in source.splitlines()).rstrip()
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def changed(recorded: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names, sorted, whose recorded fingerprint is no longer the present one."""
    return sorted(name for name, value in recorded.items() if now.get(name) != value)
