"""What stands in the tests for the program's functions and exceptions; how the tests' own values go to it."""

from __future__ import annotations

import builtins
import enum
import itertools
import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from fractal_agent.sandbox.inside.mirrors import Asked, Ended, Mirror, Owned, handle_of, name_it
from fractal_agent.sandbox.inside.standard import name_of
from fractal_agent.sandbox.inside.stops import Unusable
from fractal_agent.sandbox.inside.values import Described

MOST_ITEMS = 10_000
"""So many items of an iterator of the tests are given to the program."""
TESTS = "tests"
"""The module of what the tests define."""
_ENDS = frozenset({"StopIteration", "StopAsyncIteration"})
_NEED_MORE = frozenset({"ExceptionGroup"})


class Function:
    """A function of the program."""

    def __init__(self, remote: Asked, name: str) -> None:
        self._remote = remote
        self.__name__ = self.__qualname__ = name

    def __call__(self, /, *given: object, **named: object) -> object:
        return self._remote.call(self.__name__, given, named)

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(f"{self.__name__} shows no attribute {name!r}")
        found = self._remote.operate("getattr", self, name)
        if isinstance(found, Owned):
            name_it(found, f"{self.__name__}.{name}")
        return found


class AsyncFunction(Function):
    """An async function of the program: a call gives the tests a coroutine, which asks when it is awaited."""

    async def __call__(self, /, *given: object, **named: object) -> object:
        return self._remote.call(self.__name__, given, named)


class _Drawn:
    """What an iterator of the tests gives. It can be gone through once, and may have to be written twice."""

    def __init__(self, items: list[object]) -> None:
        self.items = items


def drawn(value: object) -> object:
    """The value; of an iterator of the tests, what it gives."""
    kind = type(value)
    if hasattr(kind, "__next__") and not isinstance(kind, Mirror) and not name_of(kind):
        return _Drawn(list(itertools.islice(cast("Iterator[object]", value), MOST_ITEMS)))
    return value


def keeps(kind: type) -> bool:
    """Whether a value of the type goes to the program by `outgoing`, although it extends a builtin."""
    if isinstance(kind, Mirror) or kind.__module__ == TESTS:
        return True
    return issubclass(kind, enum.Enum) and kind.__module__ in sys.stdlib_module_names


def outgoing(value: Any) -> Described:
    """How a value that is no builtin goes to the program. Raises Unusable for one that cannot."""
    kind = type(value)
    described = _of_program(value) or _of_library(value)
    if described is not None:
        return described
    if issubclass(kind, tuple) and hasattr(kind, "_fields") and kind.__bases__ == (tuple,):
        return Described(["namedtuple", kind.__name__, list(kind._fields)], *value)
    value = drawn(value)
    if isinstance(value, _Drawn):
        return Described(["iter"], value.items)
    if isinstance(value, int):
        raise Unusable(f"they give the program an integer of {value.bit_length()} bits, which is too large")
    raise Unusable(f"they give the program a {kind.__name__}, which cannot be given to another process")


def _of_program(value: Any) -> Described | None:
    """What has a name or a handle in the program; None for anything else."""
    if isinstance(value, Function):
        return Described([value.__name__])
    if isinstance(value, Owned):
        return Described([handle_of(value)])
    if isinstance(value, Mirror) and value.fa_kind:
        return Described([value.fa_kind.name or value.fa_kind.handle])
    handle = getattr(value, "handle_of_program", None) if isinstance(value, BaseException) else None
    return None if handle is None else Described([handle])


def _of_library(value: Any) -> Described | None:
    """What can be made of the standard library alone; None for anything else."""
    kind = type(value)
    if isinstance(value, BaseException) and kind.__module__ in {"builtins", __name__}:
        return Described(["new", kind.__name__], list(value.args))
    if isinstance(value, re.Pattern):
        return Described(["pattern"], value.pattern, value.flags)
    place = [] if kind.__module__ == TESTS else _place(value)
    return Described(["std", *place]) if place else None


def _place(value: Any) -> list[str]:
    """Module and name of what the standard library has under that name; empty for anything else."""
    module = getattr(value, "__module__", None) or getattr(
        getattr(value, "__objclass__", None), "__module__", "builtins"
    )
    name = getattr(value, "__qualname__", "")
    if isinstance(value, enum.Enum):
        name = f"{type(value).__qualname__}.{value.name}"
    if (
        type(module) is not str
        or type(name) is not str
        or module.partition(".")[0] not in sys.stdlib_module_names
    ):
        return []
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return [module, name] if found is value and value is not None else []


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
