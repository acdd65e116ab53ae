"""Where something happened: `case/branch/role.ordinal/effect.ordinal`, the key of every record.

A path names a place in the work, never a moment: it is the same however tasks are scheduled. A case's
id may itself hold slashes (`HumanEval/12`), so a path is matched from its front, not split.
"""

from collections.abc import Container


def child(parent: str, name: str) -> str:
    """The path of `name` inside `parent`; `child("", name)` is `name` itself."""
    return f"{parent}/{name}" if parent else name


def nth(parent: str, name: str, ordinal: int) -> str:
    """The path of the `ordinal`-th `name` (from 0) inside `parent`: `HumanEval/12/coder.0`."""
    return child(parent, f"{name}.{ordinal}")


def is_within(path: str, ancestor: str) -> bool:
    """True when `path` is `ancestor` or lies below it."""
    return path == ancestor or path.startswith(ancestor + "/")


def case_of(path: str, cases: Container[str]) -> str:
    """The case that a path lies in, the longest that fits; empty when it lies in none."""
    front = path
    while front and front not in cases:
        front = front.rpartition("/")[0]
    return front
