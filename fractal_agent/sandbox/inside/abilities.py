"""What tests can do with an object of the program's own: the questions, by the letters that announce them.

Both sides load this. The program says of each object by letters what its type can do; the judge gives the
stand-in those methods, and each asks the program by name.
"""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Callable
from typing import Any

PLAIN = {
    "c": "__call__", "i": "__iter__", "n": "__next__", "l": "__len__", "g": "__getitem__",
    "s": "__setitem__", "h": "__contains__", "d": "__delitem__", "r": "__reversed__",
    "e": "__enter__", "x": "__exit__",
    "a": "__await__", "y": "__aiter__", "m": "__anext__", "E": "__aenter__", "X": "__aexit__",
}  # fmt: skip
"""What any object may be asked."""

_ARITHMETIC = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("and", "or", "xor", "lshift", "rshift", "divmod"),
)
_UNARY: dict[str, Callable[..., Any]] = {
    "__neg__": operator.neg, "__pos__": operator.pos, "__abs__": abs, "__invert__": operator.invert,
    "__int__": int, "__float__": float, "__complex__": complex, "__index__": operator.index,
    "__round__": round, "__trunc__": math.trunc, "__floor__": math.floor, "__ceil__": math.ceil,
    "__bytes__": bytes, "__hash__": hash, "__format__": format,
    "__copy__": copy.copy, "__deepcopy__": lambda value, *_: copy.deepcopy(value),
}  # fmt: skip
_COMPARING: dict[str, Callable[..., Any]] = {
    "__lt__": operator.lt,
    "__le__": operator.le,
    "__gt__": operator.gt,
    "__ge__": operator.ge,
    "__eq__": operator.eq,
    "__ne__": operator.ne,
}


def _forward(name: str) -> Callable[..., Any]:
    if name == "divmod":
        return divmod
    if name == "pow":
        return pow
    return getattr(operator, f"{name}_" if name in {"and", "or"} else name)  # type: ignore[no-any-return]  # one of them


def _backward(name: str) -> Callable[..., Any]:
    forward = _forward(name)
    return lambda one, other, *more: forward(other, one, *more)


OPERATORS: dict[str, Callable[..., Any]] = {
    **_UNARY,
    **_COMPARING,
    **{f"__{name}__": _forward(name) for name in _ARITHMETIC},
    **{f"__r{name}__": _backward(name) for name in _ARITHMETIC},
    **{f"__i{name}__": getattr(operator, f"i{name}") for name in _ARITHMETIC if name != "divmod"},
}
"""What only tests of a class ask, of its instances: special method to the operation as Python does it."""
LETTERS = {chr(0x100 + place): name for place, name in enumerate(OPERATORS)}
"""The operators by the letters that announce them."""
ASKED_ALONE = frozenset(_UNARY)
"""Operators that are given nothing to compare or to reckon with."""


def able(kind: type, own: str) -> str:
    """The letters of what objects of that type can do; operators only of a class of the module `own`."""
    bases = [base for base in kind.__mro__ if base is not object]
    names = {name for base in bases for name in vars(base)}
    letters = "".join(letter for letter, name in PLAIN.items() if name in names)
    if any(base.__module__ == own for base in bases):
        letters += "".join(letter for letter, name in LETTERS.items() if name in names)
    return letters
