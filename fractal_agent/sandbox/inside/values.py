"""How values cross between judge and program: as JSON in which only exact builtins exist.

A `Writer` writes plain values as themselves, those of `standard` by name and parts, and hands any other object
to `stranger`. What a `Reader` builds is exact builtins, values that `standard` makes, and whatever `stranger`
makes of such an object's description; so nothing that a program defines can run where its results are judged.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from fractal_agent.sandbox.inside.graph import Graph, flattened
from fractal_agent.sandbox.inside.standard import (
    CACHED,
    STANDARD,
    Pair,
    global_name,
    global_value,
    made,
    name_of,
    pairs,
)

LOADED, BROKEN, RETURNED, RAISED, TRACED, UNREAD = "LBRXTU"
"""With which letter a frame from the program to the judge begins. The last: the question could not be read."""
MAX_DEPTH = 100
"""Of containers written inside each other; what goes deeper is written as a graph."""
MAX_BITS = 1 << 23
"""Of an integer; a longer one is a stranger, because arithmetic on it could stall the judge."""
PLAIN = frozenset({type(None), bool, int, float, str})
"""Arguments of these types alone have nothing that could come back changed or as the same object."""

_ENCODER = json.JSONEncoder(check_circular=False, separators=(",", ":"))
_MUTABLE = (list, dict, set, bytearray, deque)
_BASES = (int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
_IDENTIFIED = (*_MUTABLE, tuple, frozenset, bytes, complex, range)
_SHARED = frozenset({tuple, frozenset, bytes})
_SHORT = frozenset({type(None), bool, str})
_FLOATS = _SHORT | {float}
_INTEGERS = frozenset({int})
_DECIMAL = 1 << 10_000
"""Larger integers are written in hexadecimal, which has no limit of digits and takes linear time."""
_SURROGATE = "\\ud"
"""Where this is not in an encoded text, no string in it holds half a character."""
_SURROGATES = re.compile("[\ud800-\udfff]")


class Described:
    """What `stranger` has to say of an object: a description for JSON, and values that belong to it."""

    __slots__ = ("about", "values")

    def __init__(self, about: list[object], *values: object) -> None:
        self.about = about
        self.values = values


Stranger = Callable[[Any], Described]


class _Entangled(Exception):  # named by what it is about
    """The value is too deep to be written as a tree, or one object stands in it twice."""


class Numbers:
    """A call's arguments that are objects of their own, by number: in the order in which they are written."""

    def __init__(self, objects: list[Any] | None = None) -> None:
        self.all: list[Any] = objects or []
        self.growing = objects is None
        """Whether one that is met for the first time gets a number."""
        self._numbers = {id(each): number for number, each in enumerate(self.all)}

    def known(self, value: object) -> int | None:
        """The object's number; None if it has none."""
        return self._numbers.get(id(value))

    def add(self, value: object) -> None:
        """Give the object the next number. Raises _Entangled if it has one."""
        if id(value) in self._numbers:
            raise _Entangled
        self._numbers[id(value)] = len(self.all)
        self.all.append(value)

    def take(self, objects: list[Any]) -> None:
        """Have these instead."""
        self.all = objects
        self._numbers = {id(each): number for number, each in enumerate(objects)}


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
    """Writes values as JSON in ASCII. `keeps` tells of which types a value is handed to `stranger` at once."""

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
        except _Entangled:
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
        except _Entangled:
            return self._as_graph(_whole(given, named), numbers)
        finally:
            self._numbers = outer
        return self._as_graph(_whole(given, named), numbers) if _SURROGATE in text else text

    def graph(self, given: Iterable[object], named: dict[str, Any]) -> str:
        """The arguments of a call as a graph, however simple they are."""
        return self._as_graph(_whole(given, named), None)

    def contents(self, numbers: Numbers) -> str:
        """Number and content of each that can change, in which others of them are written as their numbers."""
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

    def _pack(self, value: Any, depth: int) -> object:  # noqa: PLR0911  # one for each kind
        """The value as what `json` can write: each JSON object has one key, which names a type."""
        kind = type(value)
        if kind in _SHORT:
            return value
        if kind is int:
            return value if -_DECIMAL < value < _DECIMAL else self._leaf(value)
        if kind is float:
            return value if value == value else self._leaf(value)
        if kind is Pair:
            return [self._pack(item, depth) for item in value]
        numbers = self._numbers
        if numbers is not None:
            if not numbers.growing:
                if (number := numbers.known(value)) is not None:
                    return {"g": [number]}
            elif kind is list or self._is_identified(value, kind):
                numbers.add(value)
        if depth == 0:
            raise _Entangled
        if kind is list:
            return self._items(value, depth)
        if kind is tuple:
            return {"t": self._items(value, depth)}
        letter, told, held = self._taken(value, own=True)
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
            or (kinds == _INTEGERS and min(items) > -_DECIMAL and max(items) < _DECIMAL)
            or (kinds <= _FLOATS and all(item == item for item in items))
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
            return -_DECIMAL < value < _DECIMAL
        return value is None or kind is bool or (kind is float and value == value)

    def _taken(self, value: Any, *, own: bool = False) -> tuple[str, list[Any], list[Any]]:
        """Letter, what stands behind it, and what the object holds. `own`: it was looked for among the numbered."""
        if not own and self._numbers is not None and (number := self._numbers.known(value)) is not None:
            return "=", [{"g": [number]}], []
        kind = type(value)
        if take := _TAKE.get(kind):
            return take(value)
        if kind in PLAIN:
            return "=", [self._leaf(value)], []
        if name := global_name(value):
            return "=", [{"T": name}], []
        if taken := _standard(name_of(kind), value):
            return taken
        if not self._keeps(kind):
            for base in kind.__mro__[1:]:
                if take := _TAKE.get(base):
                    return take(_reduced(value, base))
                if base in PLAIN and base in _BASES:
                    return "=", [self._leaf(_reduced(value, base))], []
                if taken := _standard(name_of(base), value):
                    return taken
        return self._strange(value)

    def _strange(self, value: object) -> tuple[str, list[Any], list[Any]]:
        described = self._stranger(value)
        return "o", [described.about], list(described.values)

    def _leaf(self, value: Any) -> object:
        """A plain value that is not written as it is wherever it stands."""
        kind = type(value)
        if kind is str and _SURROGATES.search(value):
            return {"u": list(map(ord, value))}
        if kind is float and value != value:
            return {"N": [self._nans.key(value)]}
        if kind is int and not -_DECIMAL < value < _DECIMAL:
            if value.bit_length() > MAX_BITS:
                return {"o": self._strange(value)[1]}
            return {"x": hex(value)}
        return value


def _whole(given: Iterable[object], named: dict[str, Any]) -> list[object]:
    """The arguments of a call in one value."""
    pairs_of_names: list[object] = [[name, value] for name, value in named.items()]
    return [list(given), pairs_of_names] if named else [list(given)]


def _standard(name: str, value: Any) -> tuple[str, list[Any], list[Any]] | None:
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


def can_change(value: object) -> bool:
    """It can come back with another content."""
    if isinstance(value, _MUTABLE):
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


def _reduced(value: Any, base: Any) -> Any:  # Any: what the two have in common, types cannot say
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
        if base in _BASES:
            return _reduced(value, base)
        if name := name_of(base):
            standard = STANDARD[name]
            return _make_standard(
                [name, len(parts := standard.parts(value)), *parts, *(standard.content or list)(value)]
            )
    return value


_TAKE: dict[type, Callable[[Any], tuple[str, list[Any], list[Any]]]] = {
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


def _make_standard(told: list[Any]) -> object:
    name, count, *held = told
    value = made(name, held[:count])
    fill = STANDARD[name].fill
    if fill and STANDARD[name].made_empty:
        fill(value, held[count:])
    return value


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
    "v": _make_standard,
    "k": lambda items: dict.fromkeys(items).keys(),
    "l": lambda items: dict(enumerate(items)).values(),
    "i": lambda items: dict(items).items(),
}
_OF_TEXT = frozenset("byxT")
"""Tags of values that are written as text; what the others are made of is a list."""
