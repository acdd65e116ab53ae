"""What stands in the tests for what only the program has: its functions, its objects, its exceptions.

What a stand-in is asked, the program answers in its own process. It is never asked whether it is equal to
something: an object of the program's own is equal to nothing but itself.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import NamedTuple, Protocol

LEAVING = frozenset({"SystemExit", "MemoryError"})
"""A program that left or ran out of memory was stopped, not wrong."""
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

    def __call__(self, *given: object, **named: object) -> object:
        return self._remote.call(self.__name__, given, named)


class Opaque:
    """An object of the program's own."""

    __slots__ = ("_handle", "_kind", "_remote", "_shown", "_truth")

    def __init__(self, remote: Asked | None, content: list[object]) -> None:
        handle, kind, shown, truth = content
        self._remote = remote
        self._handle = int(handle)  # type: ignore[call-overload]  # else it raises TypeError, which is right
        self._kind = str(kind)
        self._shown = str(shown)
        self._truth = bool(truth)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return self._truth

    def __repr__(self) -> str:
        return self._shown

    def __iter__(self) -> Iterator[object]:
        return self._do("iter")  # type: ignore[return-value]  # an iterator, or the caller raises TypeError

    def __next__(self) -> object:
        try:
            return self._do("next")
        except Ended:
            raise StopIteration from None

    def __len__(self) -> int:
        return self._do("len")  # type: ignore[return-value]  # as above

    def __getitem__(self, key: object) -> object:
        return self._do("getitem", key)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(f"{self._kind!r} object shows no attribute {name!r}")
        return self._do("getattr", name)

    def __call__(self, *given: object, **named: object) -> object:
        if self._remote is None:
            raise TypeError(f"{self._kind!r} object is not at hand")
        return self._remote.call(f"#{self._handle}", given, named, self._shown)

    def _do(self, operation: str, *given: object) -> object:
        if self._remote is None:
            raise TypeError(f"{self._kind!r} object is not at hand")
        return self._remote.operate(operation, self, *given)


def handle_of(value: object) -> object:
    """By what the program knows the stand-in; None for any other object."""
    if isinstance(value, Function):
        return value.__name__
    return value._handle if isinstance(value, Opaque) else None  # noqa: SLF001  # its attributes are the program's


class Told(NamedTuple):
    """What is known of an exception that the program raised."""

    kind: str
    description: str


class Raised(Exception):
    """The program raised something that is no builtin exception, or cannot be made like one."""


class Ended(RuntimeError):
    """The program raised StopIteration, which must not end an iteration of the tests (as in PEP 479)."""


_RAISABLE: dict[str, type[Exception]] = {
    name: Ended if name in _ENDS else kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and name not in _NEED_MORE
}


def exception_class(name: str, builtin: str) -> type[Exception]:
    """What stands for an exception class of the program's own, so that tests can catch it."""
    return type(name, (_RAISABLE.get(builtin, Exception),), {})


def exception(told: Told, builtin: str, arguments: list[object], own: type[Exception] | None) -> Exception:
    """What is raised in the tests: the builtin exception that it is, made with its own arguments."""
    try:
        error = (own or _RAISABLE.get(builtin, Raised))(*arguments)
    except Exception:  # noqa: BLE001  # arguments that no such exception takes
        error = Raised(told.description)
    error.told = told  # type: ignore[attr-defined]  # exceptions take any attribute
    return error


def told_of(error: BaseException) -> Told | None:
    """What is known of the exception if the program raised it; None if the tests did."""
    told = getattr(error, "told", None)
    return told if isinstance(told, Told) else None
