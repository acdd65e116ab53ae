"""How values are built from what was written: exact builtins, standard values, and what `stranger` makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fractal_agent.sandbox.inside.graph import Graph
from fractal_agent.sandbox.inside.standard import global_value, remade
from fractal_agent.sandbox.inside.values import MAX_BITS, Nans


class Reader:
    """Builds values; what it makes of an object that is no builtin, `stranger` says."""

    def __init__(self, stranger: Callable[[list[object]], object], nans: Nans) -> None:
        self._stranger = stranger
        self._nans = nans
        self._scan: Any = json.JSONDecoder(object_hook=self._build).scan_once  # type: ignore[attr-defined]  # documented by its use
        self.numbered: list[Any] = []
        """What the numbers stand for that are read."""
        self.graph: list[Any] | None = None
        """All objects of the graph that was read last, if one was."""

    def loads(self, text: str, start: int = 0) -> object:
        """The value that stands from `start` to the end.

        Raises ValueError, TypeError or RecursionError for what a `Writer` does not write.
        """
        self.graph = None
        try:
            value, end = self._scan(text, start)
        except (StopIteration, LookupError, ArithmeticError, AttributeError, ImportError) as error:
            raise ValueError(f"not a value: {error!r}") from error
        if end != len(text):
            raise ValueError(f"something stands behind the value, at {end}")
        return value

    def _build(self, fields: dict[str, object]) -> object:
        ((tag, content),) = fields.items()
        if tag in _OF_TEXT:
            return _BUILD[tag](content)
        if not isinstance(content, list):
            raise TypeError(f"{tag!r} of what is no list")
        match tag:
            case "o":
                return self._stranger(content)
            case "g":
                return self._numbered(*content)
            case "N":
                return self._nans.value(*content)
            case "G":
                self.graph = Graph(content, self._stranger).objects
                return self.graph[0]
        return _BUILD[tag](content)

    def _numbered(self, number: object) -> object:
        if type(number) is not int or not 0 <= number < len(self.numbered):
            raise ValueError(f"no object has the number {number!r}")
        return self.numbered[number]


_BUILD: dict[str, Callable[..., object]] = {
    "t": tuple,
    "d": dict,
    "s": set,
    "z": frozenset,
    "b": lambda text: text.encode("latin-1"),
    "y": lambda text: bytearray(text.encode("latin-1")),
    "c": lambda parts: complex(*parts),
    "r": lambda parts: range(*(int(part, 16) for part in parts)),
    "x": lambda text: int(text[: MAX_BITS // 4 + 4], 16),
    "u": lambda codes: "".join(map(chr, codes)),
    "T": global_value,
    "v": lambda told: remade(told[0], told[2 : 2 + told[1]], told[2 + told[1] :]),
    "k": lambda items: dict.fromkeys(items).keys(),
    "l": lambda items: dict(enumerate(items)).values(),
    "i": lambda items: dict(items).items(),
}
_OF_TEXT = frozenset("byxT")
"""Tags of values that are written as text; what the others are made of is a list."""
