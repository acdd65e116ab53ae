"""What stands in the tests for a class of the program's, and what its instances can do there.

An operator whose answer decides a verdict is asked of the program only where that is a question to the
program's own function. An instance that the tests made themselves may be asked anything. What a method
returned may stand in the place of a plain value: comparing or reckoning with it would tell the program
what is expected, so there the tests cannot judge.
"""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

from fractal_agent.sandbox.inside.abilities import ASKED_ALONE, LETTERS, PLAIN
from fractal_agent.sandbox.inside.standins import CAN, Function, Opaque
from fractal_agent.sandbox.inside.stops import Unusable

_SLICE_SECONDS = 0.005
"""So long what is awaited may run before other tasks of the tests get their turn."""
_MOST_SLICES = 4
_DEEPEST = 20
"""Of objects in the attributes of objects that are compared."""


class OwnClass(Function):
    """A class of the program. Its bases are those among the builtins."""

    def __init__(self, remote: Any, name: str, bases: list[str], *, subject: bool) -> None:
        super().__init__(remote, name)
        vars(self)["_bases"] = tuple(getattr(builtins, base, object) for base in bases)
        vars(self)["_subject"] = subject

    @property
    def __bases__(self) -> tuple[type, ...]:
        return vars(self)["_bases"]  # type: ignore[no-any-return]  # set above

    def __call__(self, /, *given: object, **named: object) -> object:
        made = super().__call__(*given, **named)
        if vars(self)["_subject"] and isinstance(made, Opaque):
            self._remote.subjects.add(made._handle)  # type: ignore[attr-defined]  # noqa: SLF001  # see standins
        return made

    def __setattr__(self, name: str, value: object) -> None:
        if name.startswith("__") or "_subject" not in vars(self):
            object.__setattr__(self, name, value)
        else:
            self._remote.operate("setattr", self, name, value)

    def __getitem__(self, key: object) -> object:
        return self._remote.operate("getitem", self, key)

    def __iter__(self) -> Any:
        return self._remote.operate("iter", self)

    def __len__(self) -> int:
        return self._remote.operate("len", self)  # type: ignore[return-value]  # Python checks it

    def __contains__(self, item: object) -> bool:
        return bool(self._remote.operate("contains", self, item))

    def __bool__(self) -> bool:
        return True

    def __delattr__(self, name: str) -> None:
        self._remote.operate("delattr", self, name)

    def __instancecheck__(self, value: object) -> bool:
        if isinstance(value, Opaque):
            return bool(self._remote.operate("isinstance", value, self))
        kinds = set(self.__bases__) - {object}
        if kinds & set(type(value).__mro__):
            raise Unusable(
                f"they ask whether a {type(value).__name__} is a {self.__name__}, which extends it"
            )
        return False

    def __subclasscheck__(self, other: object) -> bool:
        if isinstance(other, OwnClass):
            return bool(self._remote.operate("issubclass", other, self))
        return False

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        raise Unusable(f"they derive a class from the program's {self.__name__}")


def stand_in_class(kind: str, able: str, *, operators: bool) -> type[Opaque]:
    """The class of the stand-ins for objects that can do what the letters say. Raises KeyError."""
    methods: dict[str, object] = {"__slots__": ()}
    for letter in able:
        if letter in LETTERS:
            if operators:
                methods[LETTERS[letter]] = _operator(LETTERS[letter])
        elif letter in CAN:
            name, method = CAN[letter]
            methods[name] = method
        else:
            methods[PLAIN[letter]] = _MORE[PLAIN[letter]]
    if operators:
        methods |= {"__repr__": _repr, "__copy__": _copied, "__deepcopy__": _deeply_copied}
    if "__await__" in methods:
        methods |= {"__slots__": ("_driving",), "send": _send, "throw": _throw, "close": _close}
    return type(kind, (Opaque,), methods)


def _ask(self: Any, operation: str, *given: object) -> Any:  # Any: whatever the program answers
    return self._remote.operate(operation, *given)


def _repr(self: Any) -> str:
    """What the program says, except where a failure is shown: then what it said last."""
    return self._shown if QUOTING.on else str(_ask(self, "repr", self))


def _copied(self: Any) -> Any:
    return _ask(self, "operator", "__copy__", self)


def _deeply_copied(self: Any, memo: object) -> Any:
    return _ask(self, "operator", "__deepcopy__", self)


class _Quoting:
    """Whether values are being shown and not tested. A context manager."""

    on = False

    def __enter__(self) -> None:
        self.on = True

    def __exit__(self, *_: object) -> None:
        self.on = False


QUOTING = _Quoting()


def _operator(name: str) -> Callable[..., Any]:
    if name in {"__eq__", "__ne__"}:
        return lambda self, other: _compared(self, name, other)
    if name in ASKED_ALONE:
        return lambda self, *given: _ask(self, "operator", name, self, *given)
    return lambda self, *given: _reckoned(self, name, *given)


def _reckoned(self: Any, name: str, *given: object) -> Any:
    subjects = self._remote.subjects
    known = self._handle in subjects
    others = [each for each in given if isinstance(each, Opaque)]
    joined = len(others) == len(given) and any(each._handle in subjects for each in others)  # noqa: SLF001  # see standins
    if not known and not joined:
        raise Unusable(
            f"they use {name} on an object that the program returned, where a plain value may be expected"
        )
    return _ask(self, "operator", name, self, *given)


def _compared(self: Any, name: str, other: object) -> bool:
    """What the program says, where that can be believed."""
    says = bool(_ask(self, "operator", name, self, other))
    equal = says == (name == "__eq__")
    if not equal or self is other or self._handle in self._remote.subjects:
        known = not isinstance(other, Opaque) or other._handle in self._remote.subjects  # noqa: SLF001  # see standins
        if not equal or self is other or known:
            return says
    if isinstance(other, Opaque) and _alike(self, other, _DEEPEST):
        return says
    raise Unusable("they compare objects of the program, and it calls equal what is not alike")


def _alike(one: Any, other: Any, depth: int) -> bool:
    """Of one class and with the same attributes, of which there are some."""
    if not isinstance(one, Opaque) or not isinstance(other, Opaque):
        return type(one) is type(other) and _same_items(one, other, depth)
    if one is other:
        return True
    if depth == 0 or _ask(one, "type", one) != _ask(other, "type", other):
        return False
    first, second = _ask(one, "state", one), _ask(other, "state", other)
    if type(first) is not dict or type(second) is not dict or not first:
        return False
    return _same_items(first, second, depth - 1)


def _same_items(one: Any, other: Any, depth: int) -> bool:
    """Equal; of containers item by item, in case there are objects in them."""
    if isinstance(one, dict):
        same_keys = list(one) == list(other) or set(one) == set(other)
        return same_keys and all(_alike(value, other[key], depth) for key, value in one.items())
    if isinstance(one, list | tuple):
        pairs = itertools.zip_longest(one, other, fillvalue=_NOTHING)
        return all(_alike(first, second, depth) for first, second in pairs)
    return bool(one == other)


_NOTHING = object()


def _exit(self: Any, kind: object, error: object, trace: object) -> Any:
    return _ask(self, "exit", self, error if isinstance(error, Exception) else None)


async def _aexit(self: Any, kind: object, error: object, trace: object) -> Any:
    return await _ask(self, "aexit", self, error if isinstance(error, Exception) else None)


async def _anext(self: Any) -> Any:
    more, item = await _ask(self, "anext", self)
    if not more:
        raise StopAsyncIteration
    return item


_MORE: dict[str, object] = {
    "__delitem__": lambda self, key: _ask(self, "delitem", self, key),
    "__reversed__": lambda self: _ask(self, "reversed", self),
    "__enter__": lambda self: _ask(self, "enter", self),
    "__exit__": _exit,
    "__aiter__": lambda self: _ask(self, "aiter", self),
    "__anext__": _anext,
    "__aenter__": lambda self: _ask(self, "aenter", self),
    "__aexit__": _aexit,
    "__await__": lambda self: _driven(self).__await__(),
}


async def _driven(opaque: Any) -> Any:
    """What awaiting it gives: the program's loop runs it, a while at a time, with all that was started."""
    import asyncio

    task = _ask(opaque, "start", opaque)
    slices = 0
    try:
        await asyncio.sleep(0)
        while not _ask(opaque, "step", task, _SLICE_SECONDS * min(1 + slices, _MOST_SLICES)):
            slices += 1
            await asyncio.sleep(0)
    except (asyncio.CancelledError, GeneratorExit):
        _ask(opaque, "cancel", task)
        raise
    return _ask(opaque, "result", task)


def _driving(self: Any) -> Coroutine[Any, Any, Any]:
    try:
        found: Coroutine[Any, Any, Any] = object.__getattribute__(self, "_driving")
    except AttributeError:
        found = _driven(self)
        object.__setattr__(self, "_driving", found)
    return found


def _send(self: Any, value: Any) -> Any:
    return _driving(self).send(value)


def _throw(self: Any, *error: Any) -> Any:
    return _driving(self).throw(*error)


def _close(self: Any) -> None:
    _driving(self).close()


def in_tests(remote: Any, found: dict[str, object]) -> dict[str, object]:
    """Builtins that know the program's classes, for tests of a class."""
    classes = {name: value for name, value in found.items() if isinstance(value, OwnClass)}

    def type_(value: object, *more: Any) -> Any:
        if more or not isinstance(value, Opaque):
            return type(value, *more) if more else type(value)
        return classes.get(str(remote.operate("type", value)), type(value))

    def isinstance_(value: object, kinds: Any) -> bool:
        for kind in kinds if isinstance(kinds, tuple) else (kinds,):
            plain = type if kind is type_ else kind
            if isinstance(value, OwnClass) and plain is type:
                return True
            if isinstance(value, Opaque) and getattr(builtins, getattr(plain, "__name__", ""), None) is plain:
                if remote.operate("isinstance", value, plain):
                    return True
            elif isinstance(value, plain):
                return True
        return False

    return {
        "type": type_,
        "isinstance": isinstance_,
        "vars": _asking(remote, "vars", vars),
        "dir": _asking(remote, "dir", dir),
    }


def _asking(remote: Any, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    """The builtin, which asks the program about what is the program's own."""

    def ask(*given: object) -> Any:
        own = given and isinstance(given[0], Opaque | OwnClass)
        return remote.operate(name, *given) if own else plain(*given)

    return ask


assert set(_MORE) | {name for name, _ in CAN.values()} == set(PLAIN.values()), "each letter has a method"
