"""Which values of the standard library cross as themselves, and what each is made of.

Only exact types are known here. What the judge makes of a program's text is made by these constructors alone,
from parts whose exact types are checked first.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

_INTEGER, _TEXT, _NONE, _ANY = (int,), (str,), type(None), ()
_Kinds = tuple[type, ...]


class Pair(list[Any]):
    """A list that was made for writing alone, and is no object of the value's."""


class Standard(NamedTuple):
    """One type of the standard library."""

    parts: Callable[[Any], list[object]]
    """What `make` takes. Empty for a value that cannot cross."""
    kinds: tuple[_Kinds, ...]
    """The exact types that each part may have; no types at all allow any value."""
    make: Callable[..., Any]
    """Makes the value from the type and the parts, without its content."""
    content: Callable[[Any], list[Any]] | None = None
    """What the value holds and may hold other of later; None for a value that cannot change."""
    fill: Callable[[Any, list[Any]], None] | None = None
    """Gives the value other content in place of what it holds."""
    made_empty: bool = True
    """`make` leaves the content out, so that a value can hold itself."""


def _call(kind: Callable[..., Any], *parts: object) -> Any:
    return kind(*parts)


def _nothing(_: object) -> list[object]:
    return []


def pairs(value: Any) -> list[Any]:
    """Keys and items of a dict. None is looked up: to compare keys may mean to ask the program."""
    return list(map(Pair, value.items()))


def _fill_pairs(value: Any, content: list[Any]) -> None:
    value.clear()
    for key, item in content:
        value[key] = item


def _fill_items(value: Any, content: list[Any]) -> None:
    value.clear()
    value.extend(content)


def _fill_data(value: Any, content: list[Any]) -> None:
    (value.data,) = content


def _fill_maps(value: Any, content: list[Any]) -> None:
    value.maps[:] = content


def _fill_names(value: Any, content: list[Any]) -> None:
    vars(value).clear()
    vars(value).update((str(key), item) for key, item in content)


def _fill_array(value: Any, content: list[Any]) -> None:
    del value[:]
    value.frombytes(*content)


def _fill_view(value: Any, content: list[Any]) -> None:
    if not value.readonly:
        value.cast("B")[:] = content[0]


def _fill_file(value: Any, content: list[Any]) -> None:
    text, place = content
    value.seek(0)
    value.truncate(0)
    value.write(text)
    value.seek(place)


def _zone(value: Any) -> Any:
    """The time zone: a fixed offset for a class of somebody's own, whose methods are not to run elsewhere."""
    zone = value.tzinfo
    if zone is None or name_of(type(zone)) in CACHED:
        return zone
    offset = value.utcoffset()
    return None if offset is None else sys.modules["datetime"].timezone(offset, value.tzname() or "")


def _view_parts(value: Any) -> list[object]:
    return [value.tobytes(), value.format, value.shape, value.readonly] if value.c_contiguous else []


def _make_view(kind: Any, data: bytes, shown_as: str, shape: tuple[int, ...], readonly: bool) -> Any:
    view = kind(data if readonly else bytearray(data))
    if shown_as == "B":
        return view if len(shape) == 1 else view.cast("B", shape)
    return view.cast(shown_as, shape)


def _text_of(value: object) -> list[object]:
    return [str(value)]


def _zones() -> _Kinds:
    found = [importlib.import_module("datetime").timezone, _NONE]
    if "zoneinfo" in sys.modules:
        found.append(sys.modules["zoneinfo"].ZoneInfo)
    return tuple(found)


_PATH = Standard(_text_of, (_TEXT,), _call)
_ADDRESS = Standard(_text_of, (_TEXT,), _call)
_USER = Standard(_nothing, (), _call, lambda value: [value.data], _fill_data)
_FILE = Standard(_nothing, (), _call, lambda value: [value.getvalue(), value.tell()], _fill_file)

_CLOCK = ((int,),) * 4
STANDARD: dict[str, Standard] = {
    "collections.OrderedDict": Standard(_nothing, (), _call, pairs, _fill_pairs),
    "collections.Counter": Standard(_nothing, (), _call, pairs, _fill_pairs),
    "collections.defaultdict": Standard(
        lambda value: [value.default_factory], (_ANY,), _call, pairs, _fill_pairs
    ),
    "collections.deque": Standard(
        lambda value: [value.maxlen], ((int, _NONE),),
        lambda kind, most: kind((), most), list, _fill_items,
    ),
    "collections.ChainMap": Standard(
        _nothing, (), _call, lambda value: list(value.maps), _fill_maps
    ),
    "collections.UserDict": _USER,
    "collections.UserList": _USER,
    "collections.UserString": Standard(lambda value: [value.data], (_TEXT,), _call),
    "types.SimpleNamespace": Standard(
        _nothing, (), _call, lambda value: list(map(Pair, vars(value).items())), _fill_names
    ),
    "builtins.mappingproxy": Standard(lambda value: [dict(value)], ((dict,),), _call),
    "builtins.slice": Standard(lambda value: [value.start, value.stop, value.step], (_ANY,) * 3, _call),
    "builtins.memoryview": Standard(
        _view_parts, ((bytes,), _TEXT, (tuple,), (bool,)), _make_view,
        lambda value: [value.tobytes()], _fill_view, made_empty=False,
    ),
    "array.array": Standard(
        lambda value: [value.typecode], (_TEXT,), _call, lambda value: [value.tobytes()], _fill_array
    ),
    "_io.StringIO": _FILE,
    "_io.BytesIO": _FILE,
    "datetime.date": Standard(lambda value: [value.year, value.month, value.day], (_INTEGER,) * 3, _call),
    "datetime.time": Standard(
        lambda value: [
            value.hour, value.minute, value.second, value.microsecond,
            _zone(value), value.fold,
        ],
        (*_CLOCK, _ANY, _INTEGER),
        lambda kind, *parts: kind(*parts[:5], fold=parts[5]),
    ),
    "datetime.datetime": Standard(
        lambda value: [
            value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond,
            _zone(value), value.fold,
        ],
        (*(_INTEGER,) * 3, *_CLOCK, _ANY, _INTEGER),
        lambda kind, *parts: kind(*parts[:8], fold=parts[8]),
    ),
    "datetime.timedelta": Standard(
        lambda value: [value.days, value.seconds, value.microseconds], (_INTEGER,) * 3, _call
    ),
    "datetime.timezone": Standard(
        lambda value: list(value.__getinitargs__()), (_ANY, _TEXT), _call
    ),
    "zoneinfo.ZoneInfo": Standard(lambda value: [value.key] if value.key else [], (_TEXT,), _call),
    "decimal.Decimal": Standard(_text_of, (_TEXT,), _call),
    "fractions.Fraction": Standard(
        lambda value: [value.numerator, value.denominator], (_INTEGER,) * 2, _call
    ),
    "uuid.UUID": Standard(lambda value: [value.int], (_INTEGER,), lambda kind, number: kind(int=number)),
    "pathlib.PurePosixPath": _PATH,
    "pathlib.PureWindowsPath": _PATH,
    "pathlib.PosixPath": _PATH,
    **{
        f"ipaddress.IPv{version}{kind}": _ADDRESS
        for version in (4, 6)
        for kind in ("Address", "Network", "Interface")
    },
}  # fmt: skip
"""By module and name. Nothing else of the standard library is made in the judge."""
_CHECKED = {"datetime.time": 4, "datetime.datetime": 7}
"""Which part is a time zone."""
_PLACES = {
    "builtins.mappingproxy": "types.MappingProxyType",
    "_io.StringIO": "io.StringIO",
    "_io.BytesIO": "io.BytesIO",
}
"""Where a type is found that does not stand where it says."""
CACHED = frozenset({"datetime.timezone", "zoneinfo.ZoneInfo"})
"""Of these the same object may come of two makings."""
_OF_FUNCTIONS = frozenset({"builtins", "math", "cmath", "operator", "heapq", "bisect"})
"""Modules whose functions cross by name."""
_MODULES = _OF_FUNCTIONS.union(
    ("types", "functools", "itertools", "re", "string", "enum", "numbers", "statistics", "abc"),
    ("collections.abc", "dataclasses", "random", "textwrap"),
    (name.rpartition(".")[0] for name in STANDARD if name[0] != "_"),
)
"""Modules whose types cross by name: to have them in hand does nothing to the judge."""
_WITHHELD = frozenset(
    {
        *("__import__", "breakpoint", "compile", "copyright", "credits", "delattr", "eval", "exec", "exit"),
        *("globals", "help", "input", "license", "locals", "open", "print", "quit", "setattr", "vars"),
    }
)
"""Builtins with which a program could reach out of the judge's answers."""
_PUBLIC = {f"_{name}": name for name in ("io", "operator", "functools", "collections", "heapq", "bisect")}
_FUNCTIONS = frozenset({type(len), type(_call)})
_names: dict[type, str] = {}


def name_of(kind: type) -> str:
    """The name in `STANDARD` of exactly that type; empty for any other."""
    found = _names.get(kind)
    if found is None:
        name = f"{kind.__module__}.{kind.__qualname__}".replace("pathlib._local.", "pathlib.")
        found = name if name in STANDARD and _found(_PLACES.get(name, name)) is kind else ""
        if type(kind) is type or found:
            _names[kind] = found
    return found


def made(name: str, parts: list[Any]) -> Any:
    """The value, without the content that `fill` gives it. Raises ValueError for parts of other types."""
    standard = STANDARD[name]
    fits = len(parts) <= len(standard.kinds) and all(
        not kinds or type(part) in kinds for part, kinds in zip(parts, standard.kinds, strict=False)
    )
    if fits and name in _CHECKED:
        fits = len(parts) > _CHECKED[name] and type(parts[_CHECKED[name]]) in _zones()
    if fits and name == "datetime.timezone":
        fits = type(parts[0]) is importlib.import_module("datetime").timedelta
    if not fits:
        raise ValueError(f"{name!r} is not made of that")
    kind = _found(_PLACES.get(name, name), load=True)
    return standard.make(kind, *parts)


def remade(name: str, parts: list[Any], content: list[Any]) -> Any:
    """The value with its content. Raises ValueError for parts of other types."""
    value = made(name, parts)
    standard = STANDARD[name]
    if standard.fill and standard.made_empty:
        standard.fill(value, content)
    return value


def global_name(value: Any) -> str:
    """The name of a type, function or constant of the standard library that crosses by it; else empty."""
    if value is Ellipsis or value is NotImplemented:
        return f"builtins.{value!r}"
    if type(value) not in _FUNCTIONS and not issubclass(type(value), type):
        return ""
    module = getattr(value, "__module__", None) or "builtins"
    if type(module) is str and module[0] == "_":
        module = _PUBLIC.get(module, module)
    name = getattr(value, "__qualname__", "")
    if type(name) is not str or type(module) is not str or module not in _MODULES:
        return ""
    full = f"{module}.{name}"
    if module == "builtins" and not hasattr(builtins, name):
        names = vars(sys.modules["types"]) if "types" in sys.modules else {}
        full = next((f"types.{key}" for key, item in names.items() if item is value), "")
    return full if full and _crosses(full, value) and _found(full) is value else ""


def _crosses(name: str, value: object) -> bool:
    """Whether what has that full name may be had by it."""
    module, _, rest = name.rpartition(".")
    if value is Ellipsis or value is NotImplemented:
        return True
    known = _MODULES if isinstance(value, type) else _OF_FUNCTIONS
    return module in known and rest not in _WITHHELD and callable(value)


def global_value(name: str) -> Any:
    """What stands under such a name. Raises ValueError for a name that `global_name` does not give."""
    module = name.rpartition(".")[0]
    value = _found(name, load=module in _MODULES)
    if module not in _MODULES or not _crosses(name, value):
        raise ValueError(f"{name!r} does not cross")
    return value


def _found(name: str, *, load: bool = False) -> Any:
    module, _, rest = name.rpartition(".")
    if load and module not in sys.modules:
        importlib.import_module(module)
    return getattr(sys.modules.get(module), rest, None)
