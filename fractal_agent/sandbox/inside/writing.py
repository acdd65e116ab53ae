"""How values are written: as JSON, plain ones as themselves, any other object as `stranger` describes it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from fractal_agent.sandbox.inside.graph import flattened
from fractal_agent.sandbox.inside.standard import CACHED, STANDARD, Pair, global_name, name_of
from fractal_agent.sandbox.inside.values import (
    BASES,
    DECIMAL,
    MAX_BITS,
    MUTABLE,
    PLAIN,
    Entangled,
    Nans,
    Numbers,
    Stranger,
    can_change,
    content,
    reduced_to,
)

MAX_DEPTH = 100
"""Of containers written inside each other; what goes deeper is written as a graph."""

_ENCODER = json.JSONEncoder(check_circular=False, separators=(",", ":"))
_IDENTIFIED = (*MUTABLE, tuple, frozenset, bytes, complex, range)
_SHARED = frozenset({tuple, frozenset, bytes})
_SHORT = frozenset({type(None), bool, str})
_FLOATS = frozenset({float})
_INTEGERS = frozenset({int})
_SURROGATE = "\\ud"
"""Where this is not in an encoded text, no string in it holds half a character."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_Taken = tuple[str, list[Any], list[Any]]
"""Letter of an object, what stands behind it as it is, and what it holds."""


def _encode_by_parts() -> Callable[[object], str]:
    """The encoder's `encode` without what it makes anew for each value: half of its time for a small one."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _ENCODER.encode
    parts = make(
        None, _ENCODER.default, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True
    )
    return lambda value: "".join(parts(value, 0))


_encode = _encode_by_parts()


class Writer:
    """Writes values as JSON in ASCII. Those of a type that `keeps` names are handed to `stranger` at once."""

    def __init__(self, stranger: Stranger, nans: Nans, keeps: Callable[[type], bool]) -> None:
        self._stranger = stranger
        self._nans = nans
        self._keeps = keeps
        self._numbers: Numbers | None = None
        self._identified: dict[type, bool] = {}

    def dumps(self, value: object, numbers: Numbers | None = None) -> str:
        """The value; an object that has a number already is written as that."""
        outer, self._numbers = self._numbers, numbers
        try:
            text = _encode(self._pack(value, MAX_DEPTH))
        except Entangled:
            return self._as_graph(value, numbers)
        finally:
            self._numbers = outer
        return self._as_graph(value, numbers) if _SURROGATE in text else text

    def shared(self, value: object) -> str:
        """The value, in which one object that stands in it twice will be one object."""
        return self._as_graph(value, None)

    def arguments(self, given: Iterable[object], named: dict[str, Any], numbers: Numbers | None) -> str:
        """The arguments of a call: a list, and behind it pairs of a name and a value if there are any."""
        outer, self._numbers = self._numbers, numbers  # An iterator of the tests may call the program.
        try:
            packed: list[object] = [self._items(given, MAX_DEPTH)]
            if named:
                packed.append([[name, self._pack(value, MAX_DEPTH)] for name, value in named.items()])
            text = _encode(packed)
        except Entangled:
            return self._as_graph(_whole(given, named), numbers)
        finally:
            self._numbers = outer
        return self._as_graph(_whole(given, named), numbers) if _SURROGATE in text else text

    def graph(self, given: Iterable[object], named: dict[str, Any]) -> str:
        """The arguments of a call as a graph, however simple they are."""
        return self._as_graph(_whole(given, named), None)

    def contents(self, numbers: Numbers) -> str:
        """Number and content of each that can change; others of them are written as their numbers."""
        numbers.growing = False
        held = [[number, content(each)] for number, each in enumerate(numbers.all) if can_change(each)]
        return self.dumps(held, numbers)

    def _as_graph(self, value: object, numbers: Numbers | None) -> str:
        growing = numbers is not None and numbers.growing
        outer, self._numbers = self._numbers, None if growing else numbers
        try:
            rows, objects = flattened(value, self._taken, self._is_inline)
        finally:
            self._numbers = outer
        if numbers is not None and growing:
            numbers.take(objects)
        return _encode({"G": rows})

    def _pack(self, value: Any, depth: int) -> object:
        """The value as what `json` can write: each JSON object has one key, which names a type."""
        kind = type(value)
        if kind in _SHORT:
            return value
        if kind in PLAIN:
            return value if -DECIMAL < value < DECIMAL else self._leaf(value)
        if kind is Pair:
            return [self._pack(item, depth) for item in value]
        if (numbers := self._numbers) is not None:
            if (number := numbers.places.get(id(value))) is not None:
                return self._again(number)
            if numbers.growing and (kind is list or self._is_identified(value, kind)):
                numbers.places[id(value)] = len(numbers.all)
                numbers.all.append(value)
        if depth == 0:
            raise Entangled
        return self._items(value, depth) if kind is list else self._tree(value, depth)

    def _again(self, number: int) -> object:
        """What stands for an object that has a number. Raises Entangled if it got that just now."""
        if self._numbers is not None and self._numbers.growing:
            raise Entangled
        return {"g": [number]}

    def _tree(self, value: Any, depth: int) -> object:
        """A value that is no list, with what it holds."""
        letter, told, held = self._taken_itself(value)
        if letter == "=":
            return told[0]
        if letter == "d":
            packed = [self._pack(item, depth - 1) for item in held]
            return {"d": list(zip(packed[::2], packed[1::2], strict=True))}
        if letter == "a":
            return self._items(held, depth)
        if letter in "tszkl":
            return {letter: self._items(held, depth)}
        return {letter: [*told, *(self._pack(item, depth - 1) for item in held)]}

    def _items(self, value: Iterable[object], depth: int) -> list[object]:
        items: list[Any] = list(value)
        kinds = set(map(type, items))
        if (
            kinds <= _SHORT
            or (kinds == _INTEGERS and min(items) > -DECIMAL and max(items) < DECIMAL)
            or (kinds == _FLOATS and not math.isnan(sum(items)))
        ):
            return items
        return [self._pack(item, depth - 1) for item in items]

    def _is_identified(self, value: Any, kind: type) -> bool:
        """It is an object of its own, here and where it is read."""
        identified = self._identified.get(kind)
        if identified is None:
            identified = self._identified[kind] = not self._keeps(kind) and _has_identity(kind)
        return identified and not _may_be_shared(value, kind)

    def _is_inline(self, value: Any) -> bool:
        """It stands in a graph's row as it is."""
        kind = type(value)
        if kind is str:
            return not _SURROGATES.search(value)
        if kind is int:
            return bool(-DECIMAL < value < DECIMAL)
        if kind is float:
            return not math.isnan(value)
        return value is None or kind is bool

    def _taken(self, value: Any) -> _Taken:
        """As `_taken_itself`, but one that has a number is written as that."""
        if self._numbers is not None and (number := self._numbers.places.get(id(value))) is not None:
            return "=", [{"g": [number]}], []
        return self._taken_itself(value)

    def _taken_itself(self, value: Any) -> _Taken:
        kind = type(value)
        if take := _TAKE.get(kind):
            return take(value)
        if kind in PLAIN:
            return "=", [self._leaf(value)], []
        if name := global_name(value):
            return "=", [{"T": name}], []
        taken = _standard(name_of(kind), value)
        if taken is None and not self._keeps(kind):
            taken = self._reduced(value, kind)
        return taken or self._strange(value)

    def _reduced(self, value: Any, kind: type) -> _Taken | None:
        """The value as the nearest type that it extends; None if it extends none that crosses."""
        for base in kind.__mro__[1:]:
            if take := _TAKE.get(base):
                return take(reduced_to(value, base))
            if base in PLAIN and base in BASES:
                return "=", [self._leaf(reduced_to(value, base))], []
            if taken := _standard(name_of(base), value):
                return taken
        return None

    def _strange(self, value: object) -> _Taken:
        described = self._stranger(value)
        return "o", [described.about], list(described.values)

    def _leaf(self, value: Any) -> object:
        """A plain value that is not written as it is wherever it stands."""
        kind = type(value)
        if kind is str and _SURROGATES.search(value):
            return {"u": list(map(ord, value))}
        if kind is float and math.isnan(value):
            return {"N": [self._nans.key(value)]}
        if kind is int and not -DECIMAL < value < DECIMAL:
            if value.bit_length() > MAX_BITS:
                return {"o": self._strange(value)[1]}
            return {"x": hex(value)}
        return value


def _whole(given: Iterable[object], named: dict[str, Any]) -> list[object]:
    """The arguments of a call in one value."""
    pairs_of_names: list[object] = [[name, value] for name, value in named.items()]
    return [list(given), pairs_of_names] if named else [list(given)]


def _standard(name: str, value: Any) -> _Taken | None:
    if not name:
        return None
    standard = STANDARD[name]
    parts = standard.parts(value)
    if not parts and standard.kinds:
        return None
    held = standard.content(value) if standard.content and standard.made_empty else []
    return "v", [name, len(parts)], [*parts, *held]


def _has_identity(kind: type) -> bool:
    """Two values of the type are two objects, also where they were read."""
    names = [name for base in kind.__mro__ if (name := name_of(base))]
    return issubclass(kind, _IDENTIFIED) or bool(names and names[0] not in CACHED)


def _may_be_shared(value: Any, kind: type) -> bool:
    """Python itself keeps one object for all such values."""
    return kind in _SHARED and len(value) < (2 if kind is bytes else 1)


_TAKE: dict[type, Callable[[Any], _Taken]] = {
    list: lambda value: ("a", [], value),
    Pair: lambda value: ("a", [], value),
    tuple: lambda value: ("t", [], list(value)),
    dict: lambda value: ("d", [], [part for pair in value.items() for part in pair]),
    set: lambda value: ("s", [], list(value)),
    frozenset: lambda value: ("z", [], list(value)),
    type({}.keys()): lambda value: ("k", [], list(value)),
    type({}.values()): lambda value: ("l", [], list(value)),
    type({}.items()): lambda value: ("i", [], list(value)),
    bytes: lambda value: ("=", [{"b": value.decode("latin-1")}], []),
    bytearray: lambda value: ("=", [{"y": value.decode("latin-1")}], []),
    complex: lambda value: ("=", [{"c": [value.real, value.imag]}], []),
    range: lambda value: ("=", [{"r": [hex(part) for part in (value.start, value.stop, value.step)]}], []),
}
