"""What stands in the tests for an object or a class of the program's own.

What a stand-in is asked, the program answers in its own process, one question at a time. Whether it is equal
to something is decided here: by identity, by fields, or by the value that it extends. Where the program's own
code would have to decide, nobody does: the tests cannot judge it.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Callable
from operator import eq, ge, gt, itemgetter, le, lt
from typing import Any, NoReturn, Protocol

from fractal_agent.sandbox.inside.values import MAX_BITS

_IDENTITY, _FIELDS, _BASE, _OWN, _HUGE = "idbxh"
"""How instances of a class compare, as `kinds` tells it."""
_ORDERS: dict[str, Callable[[Any, Any], Any]] = {"lt": lt, "le": le, "gt": gt, "ge": ge}
VALUES: dict[str, type] = {
    kind.__name__: kind for kind in (int, float, complex, str, bytes, tuple, frozenset)
}
"""A stand-in for what extends one of these is such a value itself."""
_SHOWN: tuple[Any, ...] = (
    *(map, filter, zip, enumerate, reversed, type(iter([])), type(iter(()))),
    *(types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType),
    *(types.FunctionType, types.MethodType, types.BuiltinFunctionType),
)
_TYPES: dict[str, type] = {str(kind.__name__): kind for kind in _SHOWN}
"""What a stand-in for an object of a builtin type says that it is."""
_BINARY = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("and", "or", "xor", "lshift", "rshift", "divmod"),
)
_UNARY = frozenset({"neg", "pos", "abs", "invert", "int", "float", "complex", "round"})
OPERATORS = _UNARY.union(_BINARY, (f"r{name}" for name in _BINARY), (f"i{name}" for name in _BINARY))
"""Of the methods that a class may have for them, those that can be asked of the program."""
_ENUMS = {"J": enum.IntFlag, "F": enum.Flag, "S": enum.StrEnum, "I": enum.IntEnum, "E": enum.Enum}


class Asked(Protocol):
    """Who passes questions on to the program."""

    reading: bool
    """It is just hearing an answer, so nothing can be asked."""
    expects: bool
    """The tests name a class of the program's, so they know what to do with its objects."""

    def call(self, name: str, given: tuple[object, ...], named: dict[str, object], shown: str = "") -> object:
        """What the function returns that has this name."""

    def operate(self, operation: str, *given: object) -> object:
        """What an operation on an object of the program's own gives."""

    def undecided(self, question: str) -> NoReturn:
        """End the tests: the question has no answer here. Raises Undecided."""


class Kind:
    """What is known of a class of the program's."""

    __slots__ = ("ancestors", "base", "comparison", "fields", "flags", "handle", "name", "remote")

    def __init__(self, remote: Asked, handle: int, base: str, comparison: str, flags: str) -> None:
        self.remote = remote
        self.handle = handle
        self.base = base
        self.comparison = comparison
        """Letters for `==`, `<`, `<=`, `>`, `>=`."""
        self.flags = flags
        self.ancestors = {handle}
        """Handles of all classes of the program's that it is."""
        self.fields: list[str] = []
        self.name = ""
        """By which the tests call it."""


class Mirror(type):
    """The type of the stand-ins for the program's classes."""

    fa_kind: Kind | None = None

    def __call__(cls, /, *given: object, **named: object) -> object:
        kind = _kind(cls)
        return kind.remote.call(kind.name or f"#{kind.handle}", given, named, cls.__name__)

    def __getattr__(cls, name: str) -> object:
        if cls.fa_kind is None:
            raise AttributeError(name)
        return _attribute(cls, cls.fa_kind.remote, cls.__name__, name)

    def __instancecheck__(cls, value: object) -> bool:
        if cls.fa_kind is None:
            return type.__instancecheck__(cls, value)
        return cls.__subclasscheck__(type(value))

    def __subclasscheck__(cls, other: type) -> bool:
        kind = cls.fa_kind
        if kind is None:
            return type.__subclasscheck__(cls, other)
        theirs = other.fa_kind if isinstance(other, Mirror) else None
        if theirs is not None and kind.handle in theirs.ancestors:
            return True
        if "v" in kind.flags:
            kind.remote.undecided(f"what is an instance of {cls.__name__}, whose metaclass has a say in it")
        return False

    def __bool__(cls) -> bool:
        return True

    def __iter__(cls) -> Any:
        return iter(_kind(cls).remote.operate("iter", cls))  # type: ignore[call-overload]  # or TypeError

    def __len__(cls) -> Any:
        return _kind(cls).remote.operate("len", cls)

    def __contains__(cls, item: object) -> Any:
        return _kind(cls).remote.operate("contains", cls, item)

    def __getitem__(cls, key: object) -> object:
        return _kind(cls).remote.operate("getitem", cls, key)

    def __setattr__(cls, name: str, value: object) -> None:
        if cls.fa_kind is None or name.startswith("_"):
            type.__setattr__(cls, name, value)
        else:
            cls.fa_kind.remote.operate("setattr", cls, name, value)


def _kind(cls: Mirror) -> Kind:
    if cls.fa_kind is None:
        raise TypeError("it stands for no class")
    return cls.fa_kind


class Owned(metaclass=Mirror):
    """An object of the program's own."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(f"{type(self).__name__} shows no attribute {name!r}")
        return _attribute(self, kind_of(self).remote, label_of(self), name)

    def __setattr__(self, name: str, value: object) -> None:
        _ask(self, "setattr", name, value)

    def __delattr__(self, name: str) -> None:
        _ask(self, "delattr", name)

    def __repr__(self) -> str:
        return _state(self).shown

    def __copy__(self) -> object:
        return _ask(self, "copy")

    def __deepcopy__(self, _: object) -> object:
        return _ask(self, "deepcopy")


class Opaque(Owned):
    """An object of the program's own that extends no value."""

    def __eq__(self, other: object) -> Any:
        if self is other:
            return True
        if kind_of(self).remote.reading:
            return False
        return _compared(self, other, 0, eq)

    def __hash__(self) -> int:
        kind = kind_of(self)
        if "u" in kind.flags:
            raise TypeError(f"unhashable type: {type(self).__name__!r}")
        return object.__hash__(self) if kind.comparison[0] == _IDENTITY else hash(kind.handle)

    def __bool__(self) -> bool:
        return bool(_ask(self, "bool"))

    def __str__(self) -> str:
        return str(_ask(self, "str"))

    def __format__(self, form: str) -> str:
        return str(_ask(self, "format", form))


class _State:
    """What is known of one object."""

    __slots__ = ("handle", "label", "shown")

    def __init__(self, handle: int, shown: str) -> None:
        self.handle = handle
        self.shown = shown
        self.label = ""


_variables: Callable[[object], dict[str, Any]] = Owned.__dict__["__dict__"].__get__


def _state(owned: object) -> _State:
    return _variables(owned)["state"]  # type: ignore[no-any-return]  # put there by `made`


def handle_of(owned: object) -> int:
    """By which the program knows the object."""
    return _state(owned).handle


def kind_of(owned: object) -> Kind:
    """What is known of its class."""
    return type(owned).fa_kind  # type: ignore[attr-defined,no-any-return]  # a Mirror


def label_of(owned: object) -> str:
    """How the tests came by it, as Python would be written; else its text."""
    return _state(owned).label or _state(owned).shown


def name_it(owned: object, label: str) -> None:
    """Say how the tests came by it."""
    _state(owned).label = label


def made(cls: Mirror, handle: int, shown: str, values: list[object]) -> Owned:
    """A stand-in of that class; `values` has the value that it extends. Raises ValueError without it."""
    base: Any = VALUES.get(_kind(cls).base, object)
    if base is not object and [type(value) for value in values] != [base]:
        raise ValueError(f"{cls.__name__} does not extend {values!r}")
    owned = base.__new__(cls, *values) if base is not object else object.__new__(cls)  # type: ignore[arg-type]  # no instance of Mirror
    _variables(owned)["state"] = _State(handle, shown)
    return owned  # type: ignore[no-any-return]  # by construction


def changed(owned: object, shown: str) -> None:
    """It has another text now."""
    _state(owned).shown = shown


def mirrored(kind: Kind, name: str, able: str, operators: list[str]) -> Mirror:
    """The stand-in for a class of that name, whose instances can do what the letters and operators say."""
    base = VALUES.get(kind.base)
    names: dict[str, Any] = {
        "__dict__": property(lambda self: _ask(self, "vars")),
        "__match_args__": tuple(kind.fields),
    }
    if base is None:
        names |= {_CAN[letter][0]: _CAN[letter][1] for letter in able if letter in _CAN}
        names |= {f"__{order}__": _ordering(place, order) for place, order in enumerate(_ORDERS, 1)}
        if kind.fields:
            fields = dataclasses.make_dataclass("_", kind.fields)
            names["__dataclass_fields__"] = fields.__dataclass_fields__  # type: ignore[attr-defined]  # it has
    else:
        names |= _of_value(kind, base)
    names |= {f"__{operator}__": _operator(operator, base) for operator in operators}
    if shown_as := _shown_as(kind, name):
        names["__class__"] = property(lambda _: shown_as)
    names["fa_kind"] = kind
    return Mirror(name, (Opaque,) if base is None else (Owned, base), names)


def _of_value(kind: Kind, base: Any) -> dict[str, Any]:
    names: dict[str, Any] = {
        name: property(itemgetter(place)) for place, name in enumerate(kind.fields) if base is tuple
    }
    if "t" in kind.flags:
        names["__str__"] = lambda self: str(_ask(self, "str"))
    if "f" in kind.flags:
        names["__format__"] = lambda self, form: str(_ask(self, "format", form))
    for place, name in enumerate(("eq", *_ORDERS)):
        if kind.comparison[place] == _OWN and (known := getattr(base, f"__{name}__", None)):
            names[f"__{name}__"] = _guarded(name, known)
    return names | {"__hash__": base.__hash__}


def _guarded(name: str, known: Callable[..., Any]) -> Callable[[Any, object], Any]:
    def compare(self: Any, other: object) -> Any:
        remote = kind_of(self).remote
        if self is not other and not remote.reading and (isinstance(other, Owned) or remote.expects):
            _give_up(self, f"__{name}__")
        return known(self, other)

    return compare


def _shown_as(kind: Kind, name: str) -> type | None:
    """The type that `isinstance` is to see, where that is one of the standard library's."""
    if "b" in kind.flags:
        return _TYPES.get(name)
    parent: Any = next((_ENUMS[letter] for letter in _ENUMS if letter in kind.flags), None)
    return parent(name, []) if parent else None


def _ordering(place: int, order: str) -> Callable[[Any, object], Any]:
    return lambda self, other: _compared(self, other, place, _ORDERS[order])


def _compared(self: Any, other: object, place: int, compare: Callable[[Any, Any], Any]) -> Any:
    """What the comparison gives, decided here. Raises Undecided where the program would have to decide."""
    kind, theirs = kind_of(self), isinstance(other, Owned)
    if kind.remote.reading:
        return NotImplemented
    mode = kind.comparison[place]
    if mode == _FIELDS:
        if type(other) is not type(self):
            return NotImplemented
        one, two = _ask(self, other, operation="fields")
        return compare(tuple(one), tuple(two))
    if mode == _BASE and kind.base:
        one, two = _ask(self, other if theirs else None, operation="reduced")
        return compare(one, two if theirs else other)
    if mode == _HUGE and (theirs or (isinstance(other, int) and (place or other.bit_length() > MAX_BITS))):
        kind.remote.undecided("they depend on an integer that is too large to be sent")
    if mode not in {_IDENTITY, _HUGE} and (theirs or kind.remote.expects):
        _give_up(self, ("__eq__", "__lt__", "__le__", "__gt__", "__ge__")[place])
    return NotImplemented


def _give_up(self: object, method: str) -> NoReturn:
    name = type(self).__name__
    kind_of(self).remote.undecided(f"they depend on {name}.{method}, which the program itself defines")


def _operator(name: str, base: type | None) -> Callable[..., Any]:
    """The operator, asked of the program if all of it is the program's."""
    reflected = name[0] == "r" and name not in {"rshift", "round"}
    plain = name.removeprefix("r") if reflected else name
    own = getattr(base, f"__{name}__", None)

    def operate(self: Any, *others: object) -> Any:
        remote = kind_of(self).remote
        if name not in _UNARY and not all(isinstance(other, Owned) for other in others):
            if remote.expects:
                _give_up(self, f"__{name}__")
            return own(self, *others) if own else NotImplemented
        return _ask(*others, self, operation=plain) if reflected else _ask(self, *others, operation=plain)

    return operate


def _attribute(owner: object, remote: Asked, label: str, name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(f"{label} shows no attribute {name!r}")
    found = remote.operate("getattr", owner, name)
    if isinstance(found, Owned):
        name_it(found, f"{label}.{name}")
    return found


def _ask(self: Any, *given: Any, operation: str = "") -> Any:  # Any: whatever the program answers
    if not operation:
        operation, *given = given  # type: ignore[assignment]  # a list does
    return kind_of(self).remote.operate(operation, self, *given)


def _call(self: Any, /, *given: object, **named: object) -> object:
    return kind_of(self).remote.call(f"#{handle_of(self)}", given, named, label_of(self))


class Ended(RuntimeError):
    """The program raised StopIteration, which must not end an iteration of the tests (as in PEP 479)."""


def _next(self: Owned) -> object:
    try:
        return _ask(self, "next")
    except Ended:
        raise StopIteration from None


_CAN: dict[str, tuple[str, object]] = {
    "c": ("__call__", _call),
    "i": ("__iter__", lambda self: _ask(self, "iter")),
    "n": ("__next__", _next),
    "l": ("__len__", lambda self: _ask(self, "len")),
    "g": ("__getitem__", lambda self, key: _ask(self, "getitem", key)),
    "s": ("__setitem__", lambda self, key, value: _ask(self, "setitem", key, value)),
    "h": ("__contains__", lambda self, item: _ask(self, "contains", item)),
    "d": ("__delitem__", lambda self, key: _ask(self, "delitem", key)),
    "e": ("__enter__", lambda self: _ask(self, "enter")),
    "x": ("__exit__", lambda self, kind, error, at: _ask(self, "exit", error)),
    "r": ("__reversed__", lambda self: _ask(self, "reversed")),
}
