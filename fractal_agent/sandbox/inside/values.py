"""How values cross between judge and program: as JSON in which only exact builtins exist.

`pack` reduces an instance of a subclass to the builtin value it extends, and hands any other object to
`stranger`. What a `Reader` builds is exact builtins, and whatever `stranger` makes of such an object's
description; so nothing that a program defines can run where its results are judged.
"""

from __future__ import annotations

import builtins
import importlib
import json
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

LOADED, BROKEN, RETURNED, RAISED, TRACED = "LBRXT"
"""With which letter a frame from the program to the judge begins."""
MAX_DEPTH = 100
"""Of containers in containers; one that goes deeper, a cyclic one say, is a stranger."""
MAX_BITS = 1 << 23
"""Of an integer; a longer one is a stranger, because arithmetic on it could stall the judge."""

_ENCODER = json.JSONEncoder(check_circular=False, separators=(",", ":"))
MUTABLE = (list, dict, set, bytearray, deque)
"""What a function can change that gets it, with the types that extend these."""
CONTAINERS = (*MUTABLE, tuple)
REFERENCE = '{"g":'
"""Where this is not in a text there is no reference in it."""
_BASES = (int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
_SHORT = frozenset({type(None), bool, float, str})
_INTEGERS = frozenset({int})
_DECIMAL = 1 << 10_000
"""Larger integers are written in hexadecimal, which has no limit of digits and takes linear time."""


Stranger = Callable[[object], object]
"""Gives what JSON is to hold for an object that is no builtin."""


class Numbers:
    """A call's arguments that can change, by number: the containers in the order in which they are packed."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self.growing = True
        """Whether one that is met for the first time gets a number."""
        self._numbers: dict[int, int] = {}

    def of(self, container: object) -> int | None:
        """The container's number; None if it had none before this."""
        number = self._numbers.get(id(container))
        if number is None and self.growing:
            self._numbers[id(container)] = len(self.all)
            self.all.append(container)
        return number


class Reference:
    """Stands in what was read for a container that has a number."""

    def __init__(self, content: list[object]) -> None:
        (self.number,) = content

    def __repr__(self) -> str:
        return "<the same>"


def dumps(value: object, stranger: Stranger, numbers: Numbers | None = None) -> str:
    """The value as JSON in ASCII; a container that has a number already is written as that."""
    return _encode(pack(value, stranger, MAX_DEPTH, numbers))


def dump_arguments(
    given: Iterable[object], named: dict[str, Any], stranger: Stranger, numbers: Numbers | None
) -> str:
    """The arguments of a call: a list, and behind it pairs of a name and a value if there are any."""
    packed: list[object] = [_items(given, stranger, MAX_DEPTH, numbers)]
    if named:
        packed.append(
            [[name, pack(value, stranger, MAX_DEPTH - 1, numbers)] for name, value in named.items()]
        )
    return _encode(packed)


def dump_contents(stranger: Stranger, numbers: Numbers) -> str:
    """Number and content of each of the containers, in which others of them are written as their numbers."""
    numbers.growing = False
    return _encode([[n, _content(each, stranger, numbers)] for n, each in enumerate(numbers.all)])


def _content(container: Any, stranger: Stranger, numbers: Numbers) -> object:
    if isinstance(container, dict):
        return [_items(pair, stranger, MAX_DEPTH, numbers) for pair in container.items()]
    return _items(container, stranger, MAX_DEPTH, numbers)


def refill(container: Any, content: list[Any]) -> None:
    """Give the container the content that `dump_contents` wrote."""
    if isinstance(container, dict):
        container.clear()
        container.update((key, value) for key, value in content)
    elif isinstance(container, list | bytearray):
        container[:] = content
    else:
        container.clear()
        container.update(content) if isinstance(container, set) else container.extend(content)


def resolved(value: Any, containers: list[Any]) -> Any:
    """The value with containers in place of references. Raises ValueError for a number that none has."""
    if isinstance(value, Reference):
        if type(value.number) is not int or not 0 <= value.number < len(containers):
            raise ValueError(f"no container has the number {value.number!r}")
        return containers[value.number]
    if isinstance(value, tuple):
        return tuple(resolved(item, containers) for item in value)
    if isinstance(value, list):
        value[:] = [resolved(item, containers) for item in value]
    elif isinstance(value, dict):
        for key, item in list(value.items()):
            value[key] = resolved(item, containers)
    elif isinstance(value, deque):
        for _ in range(len(value)):
            value.append(resolved(value.popleft(), containers))
    return value


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


class Reader:
    """Builds values; what it makes of an object that is no builtin, `stranger` says."""

    def __init__(self, stranger: Callable[[list[object]], object]) -> None:
        self._stranger = stranger
        self._scan: Any = json.JSONDecoder(object_hook=self._build).scan_once  # type: ignore[attr-defined]  # documented by its use

    def loads(self, text: str, start: int = 0) -> object:
        """The value that stands from `start` to the end.

        Raises ValueError, TypeError or RecursionError for what `dumps` does not write.
        """
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
        return self._stranger(content) if tag == "o" else _BUILD[tag](content)


def pack(value: Any, stranger: Stranger, depth: int, numbers: Numbers | None = None) -> object:  # noqa: PLR0911  # one for each kind
    """The value as what `json` can write: each JSON object has one key, which names a type."""
    kind = type(value)
    if kind in _SHORT:
        return value
    if kind is int:
        return _integer(value, stranger)
    if numbers is not None and isinstance(value, MUTABLE):
        number = numbers.of(value)
        if number is not None:
            return {"g": [number]}
    if depth == 0:
        return {"o": stranger(value)}
    if kind is list:
        return _items(value, stranger, depth, numbers)
    if pack_kind := _PACK.get(kind):
        return pack_kind(value, stranger, depth, numbers)
    return _pack_other(value, stranger, depth, numbers)


def _pack_other(value: Any, stranger: Stranger, depth: int, numbers: Numbers | None) -> object:
    """A builtin type, a value of the standard library, an instance of a subclass, or a stranger."""
    kind = type(value)
    if kind is type and (name := _builtin_name(value)):
        return {"T": name}
    if (standard := _STANDARD.get(f"{kind.__module__}.{kind.__qualname__}")) and (
        parts := standard[0](value)
    ):
        packed = [_items(part, stranger, depth, numbers) if type(part) is list else part for part in parts]
        return {"v": [f"{kind.__module__}.{kind.__qualname__}", *packed]}
    for base in _BASES:
        if base in kind.__mro__:
            return pack(_reduced(value, base), stranger, depth)
    return {"o": stranger(value)}


def _pairs(value: Any, stranger: Stranger, depth: int, numbers: Numbers | None) -> list[list[object]]:
    return [
        [pack(key, stranger, depth - 1, numbers), pack(item, stranger, depth - 1, numbers)]
        for key, item in value.items()
    ]


def _integer(value: int, stranger: Callable[[object], object]) -> object:
    if -_DECIMAL < value < _DECIMAL:
        return value
    return {"x": hex(value)} if value.bit_length() <= MAX_BITS else {"o": stranger(value)}


def _items(value: Iterable[object], stranger: Stranger, depth: int, numbers: Numbers | None) -> list[object]:
    items: list[Any] = list(value)
    kinds = set(map(type, items))
    if kinds <= _SHORT or (kinds == _INTEGERS and min(items) > -_DECIMAL and max(items) < _DECIMAL):
        return items
    return [pack(item, stranger, depth - 1, numbers) for item in items]


def _reduced(value: Any, base: Any) -> object:  # Any: what the two have in common, types cannot say
    """The builtin value that an instance of a subclass extends, made without the subclass's methods."""
    if base in {int, float, complex}:
        return base.__pos__(value)
    if base in {str, bytes, bytearray}:
        return base.__getitem__(value, slice(None))
    if base is dict:
        return {key: dict.__getitem__(value, key) for key in dict.__iter__(value)}
    return base(base.__iter__(value))


def _builtin_name(kind: Any) -> str:
    """The type's name; empty for one that is no builtin."""
    name = str(kind.__name__)
    return name if getattr(builtins, name, None) is kind else ""


def _builtin_type(name: str) -> type:
    kind = getattr(builtins, name)
    if not isinstance(kind, type):
        raise TypeError(f"{name} is no type")
    return kind


_PACK: dict[type, Callable[..., object]] = {
    tuple: lambda value, stranger, depth, numbers: {"t": _items(value, stranger, depth, numbers)},
    dict: lambda value, stranger, depth, numbers: {"d": _pairs(value, stranger, depth, numbers)},
    type({}.keys()): lambda value, stranger, depth, numbers: {"k": _items(value, stranger, depth, numbers)},
    type({}.values()): lambda value, stranger, depth, numbers: {"l": _items(value, stranger, depth, numbers)},
    type({}.items()): lambda value, stranger, depth, numbers: {"i": _items(value, stranger, depth, numbers)},
    set: lambda value, stranger, depth, numbers: {"s": _items(value, stranger, depth, numbers)},
    frozenset: lambda value, stranger, depth, numbers: {"z": _items(value, stranger, depth, numbers)},
    bytes: lambda value, *_: {"b": value.decode("latin-1")},
    bytearray: lambda value, *_: {"y": value.decode("latin-1")},
    complex: lambda value, *_: {"c": [value.real, value.imag]},
    range: lambda value, stranger, *_: {
        "r": [_integer(part, stranger) for part in (value.start, value.stop, value.step)]
    },
}
_OF_TEXT = frozenset("byxT")
"""Tags of values that are written as text; what the others are made of is a list."""
_STANDARD: dict[str, tuple[Callable[[Any], list[object]], tuple[type, ...]]] = {
    "collections.OrderedDict": (lambda value: [list(value.items())], (list,)),
    "collections.deque": (lambda value: [list(value), value.maxlen], (list, int)),
    "datetime.date": (lambda value: [value.year, value.month, value.day], (int,) * 3),
    "datetime.datetime": (
        lambda value: [*value.timetuple()[:6], value.microsecond] if value.tzinfo is None else [],
        (int,) * 7,
    ),
    "datetime.timedelta": (lambda value: [value.days, value.seconds, value.microseconds], (int,) * 3),
    "decimal.Decimal": (lambda value: [str(value)], (str,)),
    "fractions.Fraction": (lambda value: [hex(value.numerator), hex(value.denominator)], (str,) * 2),
}
"""Values of the standard library that cross as they are: what their types are called with, and its types."""


def _standard(content: list[object]) -> object:
    name, *arguments = content
    _, kinds = _STANDARD[str(name)]
    fits = len(arguments) == len(kinds) and all(
        type(argument) is kind or (argument is None and name == "collections.deque")
        for argument, kind in zip(arguments, kinds, strict=True)
    )
    if not fits:
        raise ValueError(f"{name!r} is not made of that")
    module, _, kind = str(name).partition(".")
    if kind == "Fraction":
        arguments = [int(str(part), 16) for part in arguments]
    return getattr(importlib.import_module(module), kind)(*arguments)


_BUILD: dict[str, Callable[..., object]] = {
    "t": tuple,
    "d": dict,
    "s": set,
    "z": frozenset,
    "b": lambda text: text.encode("latin-1"),
    "y": lambda text: bytearray(text.encode("latin-1")),
    "c": lambda parts: complex(*parts),
    "r": lambda parts: range(*parts),
    "x": lambda text: int(text[: MAX_BITS // 4 + 4], 16),
    "T": _builtin_type,
    "v": _standard,
    "k": lambda items: dict.fromkeys(items).keys(),
    "l": lambda items: dict(enumerate(items)).values(),
    "i": lambda items: dict(items).items(),
    "g": Reference,
}
_PACK[Reference] = lambda value, *_: {"g": [value.number]}
