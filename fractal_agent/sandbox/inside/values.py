"""What judge and program both know of the values that cross, and of how these stay the same ones.

`writing` writes a value, `reading` builds it. What is built is exact builtins, values that `standard` makes,
and stand-ins; so nothing that a program defines can run where its results are judged.
"""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

from fractal_agent.sandbox.inside.standard import STANDARD, name_of, pairs, remade

LOADED, BROKEN, RETURNED, RAISED, TRACED, UNREAD = "LBRXTU"
"""With which letter a frame from the program to the judge begins. UNREAD: the question made no sense."""
MAX_BITS = 1 << 23
"""Of an integer; a longer one is a stranger, because arithmetic on it could stall the judge."""
PLAIN = frozenset({type(None), bool, int, float, str})
"""Arguments of these types alone have nothing that could come back changed or as the same object."""
MUTABLE = (list, dict, set, bytearray, deque)
BASES = (int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
"""Builtin types to which an instance of a subclass can be reduced."""
DECIMAL = 1 << 10_000
"""Larger integers are written in hexadecimal, which has no limit of digits and takes linear time."""


class Described:
    """What `stranger` has to say of an object: a description for JSON, and values that belong to it."""

    __slots__ = ("about", "values")

    def __init__(self, about: list[object], *values: object) -> None:
        self.about = about
        self.values = values


Stranger = Callable[[Any], Described]


class Entangled(Exception):  # named by what it is about
    """The value is too deep to be written as a tree, or one object stands in it twice."""


class Numbers:
    """A call's arguments that are objects of their own, by number: in the order in which they are written."""

    __slots__ = ("all", "growing", "places")

    def __init__(self, objects: list[Any] | None = None) -> None:
        self.all: list[Any] = []
        self.places: dict[int, int] = {}
        """Number of each, by identity."""
        self.growing = objects is None
        """Whether one that is met for the first time gets a number."""
        if objects is not None:
            self.take(objects)

    def take(self, objects: list[Any]) -> None:
        """Have these instead."""
        self.all = objects
        self.places = {id(each): number for number, each in enumerate(objects)}


class Nans:
    """Keeps floats that are no number apart: which one it is decides whether two lists are equal."""

    def __init__(self, first: int) -> None:
        """`first` is 1 on one side and 2 on the other."""
        self._next = first
        self._values: dict[object, float] = {0: math.nan}
        self._keys: dict[int, object] = {id(math.nan): 0}

    def key(self, value: float) -> object:
        """What names this one on both sides."""
        key = self._keys.get(id(value))
        if key is None:
            if value is getattr(sys.modules.get("cmath"), "nan", None):
                return "cmath"
            key = self._next
            self._next += 2
            self._keep(key, value)
        return key

    def value(self, key: object) -> float:
        """The one that is so named."""
        if key == "cmath":
            return __import__("cmath").nan  # type: ignore[no-any-return]  # a float
        if type(key) is not int:
            raise ValueError(f"{key!r} names no float")
        if key not in self._values:
            self._keep(key, float("nan"))
        return self._values[key]

    def _keep(self, key: object, value: float) -> None:
        self._values[key] = value
        self._keys[id(value)] = key


def can_change(value: object) -> bool:
    """It can come back with another content."""
    if isinstance(value, MUTABLE):
        return True
    name = name_of(type(value))
    return bool(name) and STANDARD[name].fill is not None


def content(value: Any) -> list[Any]:
    """What the value holds, such that `refill` can give it to another."""
    if isinstance(value, deque):
        return list(value)
    if isinstance(value, dict):
        return pairs(value)
    taken = STANDARD[name_of(type(value))].content if name_of(type(value)) else None
    return taken(value) if taken else list(value)


def refill(value: Any, held: list[Any]) -> None:
    """Give the value the content that `content` took."""
    if isinstance(value, dict):
        value.clear()
        for key, item in held:
            value[key] = item
    elif isinstance(value, list | bytearray):
        value[:] = held
    elif isinstance(value, set):
        value.clear()
        value.update(held)
    elif fill := STANDARD[name_of(type(value))].fill if name_of(type(value)) else None:
        fill(value, held)
    else:
        value.clear()
        value.extend(held)


def reduced_to(value: Any, base: Any) -> Any:  # Any: what the two have in common, types cannot say
    """The builtin value that an instance of a subclass extends, made without the subclass's methods."""
    if base in {int, float, complex}:
        return base.__pos__(value)
    if base in {str, bytes, bytearray}:
        return base.__getitem__(value, slice(None))
    if base is dict:
        return dict(dict.items(value))
    return base(base.__iter__(value))


def reduced(value: Any) -> Any:
    """The value that an instance of a subclass extends, builtin or standard; itself if it extends none."""
    for base in type(value).__mro__[1:]:
        if base in BASES:
            return reduced_to(value, base)
        if name := name_of(base):
            standard = STANDARD[name]
            held = standard.content(value) if standard.content else []
            return remade(name, standard.parts(value), held)
    return value
