"""What stands in the tests for what only the program has: its functions, its objects, its exceptions.

What a stand-in is asked, the program answers in its own process. It is never asked whether it is equal to
something: an object of the program's own is equal to nothing but itself.
"""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from fractal_agent.sandbox.inside.values import MAX_DEPTH, pack

LEAVING = frozenset({"SystemExit", "MemoryError"})
"""A program that left or ran out of memory was stopped, not wrong."""
MOST_ITEMS = 10_000
"""So many items of an iterator of the tests are given to the program."""
_ENDS = frozenset({"StopIteration", "StopAsyncIteration"})
_NEED_MORE = frozenset({"ExceptionGroup"})


class Asked(Protocol):
    """Who passes questions on to the program."""

    def call(self, name: str, given: tuple[object, ...], named: dict[str, object], shown: str = "") -> object:
        """What the function returns that has this name."""

    def operate(self, operation: str, *given: object) -> object:
        """What an operation on an object of the program's own gives."""


class Function:
    """A function of the program, or a class."""

    def __init__(self, remote: Asked, name: str) -> None:
        self._remote = remote
        self.__name__ = self.__qualname__ = name

    def __call__(self, /, *given: object, **named: object) -> object:
        return self._remote.call(self.__name__, given, named)

    def __getattr__(self, name: str) -> object:
        return _attribute(self, self._remote, self.__name__, name)


class Opaque:
    """An object of the program's own. What its type can do besides, `classes` adds."""

    __slots__ = ("_handle", "_label", "_remote", "_shown")

    def __init__(self, remote: Asked | None, handle: int, shown: str) -> None:
        self._remote = remote
        self._handle = handle
        self._shown = shown
        self._label = ""

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return bool(_do(self, "bool"))

    def __repr__(self) -> str:
        return self._shown

    def __str__(self) -> str:
        return str(_do(self, "str"))

    def __getattr__(self, name: str) -> object:
        return _attribute(self, self._remote, label_of(self), name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            _do(self, "setattr", name, value)

    def __delattr__(self, name: str) -> None:
        _do(self, "delattr", name)


_OWN = frozenset({*Opaque.__slots__, "_driving", "_bases", "_subject"})
"""Attributes of the stand-ins themselves."""


def _attribute(owner: object, remote: Asked | None, label: str, name: str) -> object:
    if (name.startswith("__") and name.endswith("__")) or name in _OWN or remote is None:
        raise AttributeError(f"{label} shows no attribute {name!r}")
    found = remote.operate("getattr", owner, name)
    if isinstance(found, Opaque):
        name_it(found, f"{label}.{name}")
    return found


def _do(opaque: Any, operation: str, *given: object) -> Any:  # Any: whatever the program answers
    if opaque._remote is None:  # noqa: SLF001  # its attributes are the program's, so none is public
        raise TypeError(f"{opaque._shown} is not at hand")  # noqa: SLF001  # as above
    return opaque._remote.operate(operation, opaque, *given)  # noqa: SLF001  # as above


def _call(self: Opaque, /, *given: object, **named: object) -> object:
    assert self._remote is not None
    return self._remote.call(f"#{self._handle}", given, named, label_of(self))


def _next(self: Opaque) -> object:
    try:
        return _do(self, "next")
    except Ended:
        raise StopIteration from None


CAN: dict[str, tuple[str, object]] = {
    "c": ("__call__", _call),
    "i": ("__iter__", lambda self: _do(self, "iter")),
    "n": ("__next__", _next),
    "l": ("__len__", lambda self: _do(self, "len")),
    "g": ("__getitem__", lambda self, key: _do(self, "getitem", key)),
    "s": ("__setitem__", lambda self, key, value: _do(self, "setitem", key, value)),
    "h": ("__contains__", lambda self, item: _do(self, "contains", item)),
}
"""The first of `abilities.PLAIN`; `classes` has the others."""


def label_of(opaque: Opaque) -> str:
    """How the tests came by it, as Python would be written; else its text."""
    return opaque._label or opaque._shown  # noqa: SLF001  # as above


def name_it(opaque: Opaque, label: str) -> None:
    """Say how the tests came by it."""
    opaque._label = label  # noqa: SLF001  # as above


def outgoing(value: object) -> list[object] | None:  # noqa: PLR0911  # one for each kind
    """How a value that is no builtin goes to the program; None for one that cannot."""
    if isinstance(value, Function):
        return [value.__name__]
    if isinstance(value, Opaque):
        return [value._handle]  # noqa: SLF001  # as above
    if isinstance(value, slice):
        parts = [value.start, value.stop, value.step]
        return ["new", "slice", [pack(each, outgoing, MAX_DEPTH) for each in parts]]
    if isinstance(value, BaseException):
        arguments = [pack(each, outgoing, MAX_DEPTH) for each in value.args]
        return ["new", type(value).__name__, arguments]
    if isinstance(value, type | type(len)) and _builtin_name(value):
        return ["builtin", _builtin_name(value)]
    if isinstance(value, Iterator):
        items = itertools.islice(value, MOST_ITEMS)
        return ["iter", [pack(each, outgoing, MAX_DEPTH) for each in items]]
    return None


def _builtin_name(value: Any) -> str:
    name = str(getattr(value, "__name__", ""))
    return name if getattr(builtins, name, None) is value else ""


class Told(NamedTuple):
    """What is known of an exception that the program raised."""

    kind: str
    builtin: str
    """The builtin exception that it is."""
    description: str
    line: int
    """Of the program; 0 if none."""


class Raised(Exception):
    """The program raised something that is no builtin exception, or cannot be made like one."""


class Ended(RuntimeError):
    """The program raised StopIteration, which must not end an iteration of the tests (as in PEP 479)."""


_RAISABLE: dict[str, type[Exception]] = {
    name: Ended if name in _ENDS else kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and name not in _NEED_MORE
}


def exception_class(name: str, builtin: str, bases: list[type[Exception]]) -> type[Exception]:
    """What stands for an exception class of the program's own, so that tests can catch it."""
    return type(name, tuple(bases[:1]) or (_RAISABLE.get(builtin, Exception),), {})


def exception(
    told: Told, arguments: list[object], own: type[Exception] | None, fields: dict[str, object]
) -> Exception:
    """What is raised in the tests: the builtin exception that it is, made with its own arguments."""
    try:
        error = (own or _RAISABLE.get(told.builtin, Raised))(*arguments)
    except Exception:  # noqa: BLE001  # arguments that no such exception takes
        error = Raised(told.description)
    vars(error).update({name: value for name, value in fields.items() if not name.startswith("_")})
    error.told = told  # type: ignore[attr-defined]  # exceptions take any attribute
    return error


def told_of(error: BaseException) -> Told | None:
    """What is known of the exception if the program raised it; None if the tests did."""
    told = getattr(error, "told", None)
    return told if isinstance(told, Told) else None


def text_of(error: BaseException) -> str:
    """What the exception says, or why it says nothing: what it was made of may be too long for it."""
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001  # as above
        return f"<message that raises {type(second).__name__}>"
