"""What the judge is told of an object of the program's own, and what it may ask of one.

What is told of a class says how its instances compare: by identity, by the fields of a dataclass whose
comparison is the generated one, as the builtin that it extends, or by code that the program wrote. That code
decides nothing.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from typing import Any

from fractal_agent.sandbox.inside.contexts import set_context
from fractal_agent.sandbox.inside.standard import name_of
from fractal_agent.sandbox.inside.values import Described, reduced

VALUES = (int, float, complex, str, bytes, tuple, frozenset)
"""Of an instance of a class that extends one of these, the judge gets the value too: it cannot change."""
_CONTAINERS = (list, dict, set, bytearray)
ABILITIES = {
    "c": "__call__", "i": "__iter__", "n": "__next__", "l": "__len__", "g": "__getitem__",
    "s": "__setitem__", "h": "__contains__", "d": "__delitem__", "r": "__reversed__",
    "e": "__enter__", "x": "__exit__",
}  # fmt: skip
"""What an object can do, by the letter that says so."""
BINARY = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("and", "or", "xor", "lshift", "rshift", "divmod"),
)
UNARY = ("neg", "pos", "abs", "invert", "int", "float", "complex", "round")
ORDER = ("lt", "le", "gt", "ge")
OPERATORS = frozenset([*BINARY, *(f"r{name}" for name in BINARY), *(f"i{name}" for name in BINARY), *UNARY])
ENUMS = {"E": "Enum", "I": "IntEnum", "S": "StrEnum", "F": "Flag", "J": "IntFlag"}
"""Classes of the standard library's `enum` that a class may extend, by the letter that says so."""
IDENTITY, FIELDS, BASE, OWN, HUGE = "idbxh"
"""How instances of a class compare: as objects, by a dataclass's fields, as what they extend, by code of its
own, as an integer that is too large to be sent."""
PROGRAM = "<program>"
"""File name by which a traceback tells whose code it passed through."""


def _copied(value: Any) -> Any:
    return __import__("copy").copy(value)


def _deeply_copied(value: Any) -> Any:
    return __import__("copy").deepcopy(value)


OPERATIONS: dict[str, Callable[..., object]] = {
    "iter": iter,
    "next": next,
    "len": len,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "reversed": reversed,
    "contains": operator.contains,
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "enter": lambda value: type(value).__enter__(value),
    "exit": lambda value, error: type(value).__exit__(value, error and type(error), error, None),
    "bool": bool,
    "str": str,
    "format": format,
    "vars": lambda value: dict(vars(value)),
    "fields": lambda *values: [_compared(value) for value in values],
    "reduced": lambda *values: [reduced(value) for value in values],
    "context": set_context,
    "copy": _copied,
    "deepcopy": _deeply_copied,
    **{
        name: getattr(operator, f"{name}_" if name in {"and", "or"} else name)
        for name in BINARY
        if name != "divmod"
    },
    **{f"i{name}": getattr(operator, f"i{name}") for name in BINARY if name != "divmod"},
    "divmod": divmod,
    **{name: getattr(builtins, name, None) or getattr(operator, name) for name in UNARY},
}
"""What tests can do with an object of the program's own, besides calling it."""


COMPARED = frozenset({"fields", "reduced"})
"""Operations whose answer is compared: which objects in it are one decides."""


class Kinds:
    """The classes and objects that the judge was told of. They are kept, so that no other gets a handle."""

    def __init__(self, show: Callable[[object], str]) -> None:
        self.shown: list[object] = []
        """By handle."""
        self.named = False
        """The tests name a class of the program's, so they know what to do with its objects."""
        self._show = show
        self._handles: dict[int, int] = {}
        self._classes: dict[type, list[object]] = {}

    def forget(self) -> None:
        """Start anew."""
        self.shown.clear()
        self._handles.clear()
        self._classes.clear()
        self.named = False

    def keeps(self, kind: type) -> bool:
        """Instances of the class cross as objects, although they extend a builtin."""
        if issubclass(kind, VALUES):
            return kind not in VALUES
        return self.named and is_own(kind)

    def described(self, value: Any) -> Described:
        """A handle, the class and the text, and besides what a value extends or an exception is made of."""
        kind = type(value)
        if issubclass(kind, type):
            return Described(["class", self._class(value)])
        if kind is int:
            told: list[object] = [self._handle(int), "int", "", HUGE * 5, "", [], "", [], []]
            return Described([self._handle(value), told, self._show(value)])
        about = [self._handle(value), self._class(kind), self._show(value)]
        if issubclass(kind, VALUES) and kind not in VALUES:
            return Described(about, reduced(value))
        if issubclass(kind, Exception):
            return Described([*about, "raised"], list(value.args), dict(vars(value)))
        return Described(about)

    def brief(self, value: object) -> Described:
        """Which object it is, and no more."""
        return Described([self._handle(value)])

    def _handle(self, value: object) -> int:
        handle = self._handles.get(id(value))
        if handle is None:
            handle = self._handles[id(value)] = len(self.shown)
            self.shown.append(value)
        return handle

    def _class(self, kind: type) -> list[object]:
        """Handle, name, base, how it compares and is ordered, what it can do, its fields, its parents."""
        known = self._classes.get(kind)
        if known is None:
            known = self._classes[kind] = self._told(kind)
        return known

    def _told(self, kind: type) -> list[object]:
        names = {name for base in kind.__mro__ for name in vars(base)}
        own = {name for base in kind.__mro__ if not _is_builtin(base) for name in vars(base)}
        parents = {base.__name__ for base in kind.__mro__ if base.__module__ == "enum"}
        able = "".join(letter for letter, name in ABILITIES.items() if name in names)
        operators = sorted(name for name in OPERATORS if f"__{name}__" in (own if _base(kind) else names))
        flags = "".join(
            letter for letter, holds in {
                "u": kind.__hash__ is None,
                "v": type(kind) is not type and not _is_plain(type(kind)),
                "t": "__str__" in own,
                "f": "__format__" in own,
                "b": _is_builtin(kind),
                **{letter: name in parents for letter, name in ENUMS.items()},
            }.items() if holds
        )  # fmt: skip
        return [
            self._handle(kind), kind.__name__, _base(kind),
            _comparison(kind, "__eq__") + "".join(_comparison(kind, f"__{name}__") for name in ORDER),
            able, operators, flags, _fields(kind),
            [self._class(base) for base in kind.__bases__ if is_own(base)],
        ]  # fmt: skip


def is_own(kind: type) -> bool:
    """The program defines it."""
    return kind.__module__ == "program"


def _is_builtin(kind: type) -> bool:
    return kind is object or kind.__module__ == "builtins" or bool(name_of(kind))


def _is_plain(meta: type) -> bool:
    """The metaclass has no part in what is an instance of its classes."""
    return meta.__module__ == "enum" and "__instancecheck__" not in vars(meta)


def _base(kind: type) -> str:
    """The builtin type that it extends; for an exception the builtin exception."""
    for base in kind.__mro__:
        if base in VALUES or base in _CONTAINERS:
            return base.__name__
        if issubclass(base, Exception) and base.__module__ == "builtins":
            return f"!{base.__name__}"
        if base is not kind and name_of(base):
            return name_of(base)
    return ""


def _comparison(kind: type, name: str) -> str:
    """By what instances compare."""
    owner = next((base for base in kind.__mro__ if name in vars(base)), object)
    if owner is object:
        inequality = next((base for base in kind.__mro__ if "__ne__" in vars(base)), object)
        return OWN if name == "__eq__" and not _is_builtin(inequality) else IDENTITY
    if _is_builtin(owner) or (not is_own(owner) and any(map(name_of, kind.__mro__))):
        return BASE
    if "__dataclass_fields__" in vars(owner) and _is_generated(vars(owner)[name]):
        return FIELDS
    return OWN


def _is_generated(function: object) -> bool:
    code = getattr(function, "__code__", None)
    return getattr(code, "co_filename", "") == "<string>"


def _fields(kind: type) -> list[object]:
    """Names of the fields of a named tuple or a dataclass."""
    names = getattr(kind, "_fields" if issubclass(kind, tuple) else "__dataclass_fields__", ())
    return [str(name) for name in names] if isinstance(names, tuple | dict) else []


def _compared(value: Any) -> list[object]:
    """The fields by which a dataclass's generated comparison goes."""
    owner = next(base for base in type(value).__mro__ if "__eq__" in vars(base))
    return [
        getattr(value, name) for name, field in vars(owner)["__dataclass_fields__"].items() if field.compare
    ]
