"""The context of decimal arithmetic: where tests change theirs, the program has it too, as in one process."""

from __future__ import annotations

import sys
from typing import Any


def told_context() -> list[object]:
    """What the current context is made of; `decimal` has been imported."""
    context = sys.modules["decimal"].getcontext()
    traps = [kind.__name__ for kind, caught in context.traps.items() if caught]
    return [
        context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp, traps,
    ]  # fmt: skip


def reset_context() -> list[object]:
    """Make Python's own context the current one, and tell what it is made of."""
    decimal: Any = sys.modules.get("decimal")
    if decimal is None:
        return _DEFAULT
    decimal.setcontext(decimal.Context())
    return told_context()


def set_context(*told: Any) -> None:
    """Make the context current that `told_context` told of."""
    decimal: Any = __import__("decimal")
    *numbers, traps = told
    caught = [getattr(decimal, name) for name in traps]
    decimal.setcontext(decimal.Context(*numbers, [], caught))


_DEFAULT: list[object] = [
    *(28, "ROUND_HALF_EVEN", -999_999, 999_999, 1, 0),
    ["InvalidOperation", "DivisionByZero", "Overflow"],
]
