"""How a value is written that nests deeply, holds itself or holds one object twice: as a list of its objects.

Nothing here recurses, so neither depth nor a circle can exhaust a stack. The first object is the value. Each
is a list: a letter for what it is, then what it holds: None, a bool, a number or a text as it is, else
`[place]`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fractal_agent.sandbox.inside.standard import STANDARD, made

_INLINE = frozenset({type(None), bool})
_UNMADE: Any = object()
_PLAIN: dict[str, Callable[[list[Any]], Any]] = {
    "t": tuple,
    "z": frozenset,
    "k": lambda items: dict.fromkeys(items).keys(),
    "l": lambda items: dict(enumerate(items)).values(),
    "i": lambda items: dict(items).items(),
}
"""Makes of values that cannot be empty first and filled later."""
_EMPTY: dict[str, Callable[[], Any]] = {"a": list, "d": dict, "s": set}

Take = Callable[[Any], tuple[str, list[Any], list[Any]]]
"""Letter of an object, what stands behind it as it is, and what it holds."""


def flattened(root: object, take: Take, inline: Callable[[object], bool]) -> tuple[list[Any], list[Any]]:
    """The rows of all objects that can be reached, and the objects in the same order."""
    places: dict[int, int] = {id(root): 0}
    objects: list[Any] = [root]
    rows: list[Any] = []

    def written(value: object) -> object:
        if inline(value):
            return value
        place = places.get(id(value))
        if place is None:
            place = places[id(value)] = len(objects)
            objects.append(value)
        return [place]

    while len(rows) < len(objects):
        letter, told, held = take(objects[len(rows)])
        rows.append([letter, *told, *map(written, held)])
    return rows, objects


class Graph:
    """The objects of which rows tell."""

    def __init__(self, rows: list[Any], stranger: Callable[[list[object]], object]) -> None:
        """Raises ValueError or TypeError for what `flattened` does not write."""
        self._rows = rows
        self._stranger = stranger
        self.objects: list[Any] = [_UNMADE] * len(rows)
        for place in range(len(rows)):
            self._make(place)
        for row, value in zip(reversed(rows), reversed(self.objects), strict=True):
            self._fill(row, value)  # What a row holds stands behind it, pairs of key and value among it.

    def _make(self, start: int) -> None:
        """Make an object, and before it those that it cannot be made without."""
        waiting: set[int] = set()
        stack = [start]
        while stack:
            place = stack[-1]
            if self.objects[place] is not _UNMADE:
                stack.pop()
                continue
            needed = [each for each in self._needed(self._rows[place]) if self.objects[each] is _UNMADE]
            if not needed:
                self.objects[place] = self._made(self._rows[place])
            elif place in waiting:
                raise ValueError("a value that cannot change holds itself")
            else:
                waiting.add(place)
                stack += needed

    def _needed(self, row: list[Any]) -> list[int]:
        return [self._place(item) for item in self._before(row) if type(item) is list]

    def _place(self, item: list[Any]) -> int:
        (place,) = item
        if type(place) is not int or not 0 <= place < len(self._rows):
            raise ValueError(f"no object stands at {place!r}")
        return place

    def _before(self, row: list[Any]) -> list[Any]:
        """Of what a row tells, that without which its object cannot be made."""
        letter = row[0]
        if letter in _EMPTY or letter == "=":
            return []
        if letter == "v":
            return row[3 : 3 + row[2]]
        return row[2:] if letter == "o" else row[1:]

    def _made(self, row: list[Any]) -> Any:
        letter = row[0]
        if letter in _EMPTY:
            return _EMPTY[letter]()
        if letter == "=":
            return row[1]
        before = self._held(self._before(row))
        if letter == "v":
            return made(row[1], before)
        return self._stranger([row[1], *before]) if letter == "o" else _PLAIN[letter](before)

    def _held(self, items: list[Any]) -> list[Any]:
        return [self.objects[self._place(item)] if type(item) is list else item for item in items]

    def _fill(self, row: list[Any], value: Any) -> None:
        letter = row[0]
        if letter == "a":
            value += self._held(row[1:])
        elif letter == "s":
            value.update(self._held(row[1:]))
        elif letter == "d":
            held = self._held(row[1:])
            value.update(zip(held[::2], held[1::2], strict=True))
        elif letter == "v" and (fill := STANDARD[row[1]].fill):
            held = self._held(row[3 + row[2] :])
            if STANDARD[row[1]].made_empty:
                fill(value, held)


def is_inline(value: object) -> bool:
    """What stands in a row as it is."""
    return type(value) in _INLINE
