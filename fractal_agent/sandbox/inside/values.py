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

LOADED, BROKEN, RETURNED, GAVE_BACK, RAISED, TRACED = "LBRGXT"
"""With which letter a frame from the program to the judge begins."""
MAX_DEPTH = 100
"""Of containers in containers; one that goes deeper, a cyclic one say, is a stranger."""
MAX_BITS = 1 << 23
"""Of an integer; a longer one is a stranger, because arithmetic on it could stall the judge."""

_ENCODER = json.JSONEncoder(check_circular=False, separators=(",", ":"))
_MUTABLE = (list, dict, set, bytearray, deque)
_BASES = (int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
_SHORT = frozenset({type(None), bool, float, str})
_INTEGERS = frozenset({int})
_DECIMAL = 1 << 10_000
"""Larger integers are written in hexadecimal, which has no limit of digits and takes linear time."""


def dumps(value: object, stranger: Callable[[object], object]) -> str:
    """The value as JSON in ASCII. `stranger` gives what JSON is to hold for an object that is no builtin."""
    return _encode(pack(value, stranger, MAX_DEPTH))


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
        except (StopIteration, LookupError, ArithmeticError, AttributeError) as error:
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


def pack(value: Any, stranger: Callable[[object], object], depth: int) -> object:  # noqa: PLR0911  # one for each kind
    """The value as what `json` can write: each JSON object has one key, which names a type."""
    kind = type(value)
    if kind in _SHORT:
        return value
    if kind is int:
        return _integer(value, stranger)
    if depth == 0:
        return {"o": stranger(value)}
    if kind is list:
        return _items(value, stranger, depth)
    if pack_kind := _PACK.get(kind):
        return pack_kind(value, stranger, depth)
    if kind is type and (name := _builtin_name(value)):
        return {"T": name}
    if standard := _STANDARD.get(f"{kind.__module__}.{kind.__qualname__}"):
        return {"v": pack([f"{kind.__module__}.{kind.__qualname__}", *standard(value)], stranger, depth)}
    for base in _BASES:
        if base in kind.__mro__:
            return pack(_reduced(value, base), stranger, depth)
    return {"o": stranger(value)}


def is_mutable(value: object) -> bool:
    """True when a function that gets the value can change it, or something inside."""
    return isinstance(value, (*_MUTABLE, tuple))


def write_back(old: object, new: object) -> object:
    """`old` with the content of `new`, where it is a container that can be changed; else `new`."""
    if type(old) is not type(new):
        return new
    if isinstance(old, list) and isinstance(new, list):
        kept = [write_back(before, after) for before, after in zip(old, new, strict=False)]
        old[:] = kept + new[len(kept) :]
    elif isinstance(old, dict) and isinstance(new, dict):
        values = {key: write_back(old[key], new[key]) if key in old else new[key] for key in new}
        old.clear()
        old.update(values)
    elif isinstance(old, set) and isinstance(new, set):
        old.clear()
        old.update(new)
    elif isinstance(old, deque) and isinstance(new, deque):
        old.clear()
        old.extend(new)
    elif isinstance(old, bytearray) and isinstance(new, bytearray):
        old[:] = new
    elif isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        return tuple(write_back(before, after) for before, after in zip(old, new, strict=True))
    else:
        return new
    return old


def _integer(value: int, stranger: Callable[[object], object]) -> object:
    if -_DECIMAL < value < _DECIMAL:
        return value
    return {"x": hex(value)} if value.bit_length() <= MAX_BITS else {"o": stranger(value)}


def _items(value: Iterable[object], stranger: Callable[[object], object], depth: int) -> list[object]:
    items: list[Any] = list(value)
    kinds = set(map(type, items))
    if kinds <= _SHORT or (kinds == _INTEGERS and min(items) > -_DECIMAL and max(items) < _DECIMAL):
        return items
    return [pack(item, stranger, depth - 1) for item in items]


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
    tuple: lambda value, stranger, depth: {"t": _items(value, stranger, depth)},
    dict: lambda value, stranger, depth: {
        "d": [
            [pack(key, stranger, depth - 1), pack(item, stranger, depth - 1)] for key, item in value.items()
        ]
    },
    set: lambda value, stranger, depth: {"s": _items(value, stranger, depth)},
    frozenset: lambda value, stranger, depth: {"z": _items(value, stranger, depth)},
    bytes: lambda value, *_: {"b": value.decode("latin-1")},
    bytearray: lambda value, *_: {"y": value.decode("latin-1")},
    complex: lambda value, *_: {"c": [value.real, value.imag]},
    range: lambda value, stranger, _: {
        "r": [_integer(part, stranger) for part in (value.start, value.stop, value.step)]
    },
}
_OF_TEXT = frozenset("byxT")
"""Tags of values that are written as text; what the others are made of is a list."""
_STANDARD: dict[str, Callable[[Any], list[object]]] = {
    "collections.OrderedDict": lambda value: [list(value.items())],
    "collections.deque": lambda value: [list(value)],
    "datetime.date": lambda value: [value.year, value.month, value.day],
    "datetime.timedelta": lambda value: [value.days, value.seconds, value.microseconds],
    "decimal.Decimal": lambda value: [str(value)],
    "fractions.Fraction": lambda value: [value.numerator, value.denominator],
}
"""Values of the standard library that cross as they are, and what their types are called with."""


def _standard(content: list[object]) -> object:
    name, *arguments = content
    if name not in _STANDARD:
        raise ValueError(f"{name!r} does not cross")
    module, _, kind = str(name).partition(".")
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
}
