"""The judge's end of one program: starts it, calls its functions, hears what it prints, and ends it."""

from __future__ import annotations

import json
import socket
from typing import Any, cast

from fractal_agent.sandbox.inside.channel import Channel
from fractal_agent.sandbox.inside.classes import QUOTING, OwnClass, stand_in_class
from fractal_agent.sandbox.inside.standins import (
    LEAVING,
    Function,
    Opaque,
    Told,
    exception,
    exception_class,
    name_it,
    outgoing,
)
from fractal_agent.sandbox.inside.stops import Broken, Stopped, Unusable
from fractal_agent.sandbox.inside.values import (
    BROKEN,
    CONTAINERS,
    LOADED,
    MAX_DEPTH,
    RAISED,
    REFERENCE,
    RETURNED,
    TRACED,
    Numbers,
    Reader,
    dump_arguments,
    refill,
    resolved,
)

OUT_OF_TURN = "wrote to the sandbox's own channel"
_MOST_KINDS = 1_000
_LINE_BITS = 32


class Call:
    """One call as it went out."""

    __slots__ = ("arguments", "name", "result", "shown")

    def __init__(self, name: str, arguments: str, shown: str) -> None:
        self.name = name
        self.shown = shown
        self.arguments = arguments
        """As JSON, because the program may change them."""
        self.result: object = None

    def source(self) -> str:
        """As Python would be written: `f([1, 2], key=3)`."""
        given, *rest = cast("list[list[Any]]", _MENTIONS.loads(self.arguments))  # Any: values, and pairs
        named = rest[0] if rest else []
        parts = [*map(show, given), *(f"{key}={show(value)}" for key, value in named)]
        return f"{self.shown}({', '.join(parts)})"


def show(value: object) -> str:
    """`repr`, or why there is none."""
    try:
        with QUOTING:
            return repr(value)
    except (ValueError, MemoryError, RecursionError) as error:
        if type(value) is int:
            return hex(value)  # Longer than Python writes in decimal.
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


_MENTIONS = Reader(lambda content: Opaque(None, 0, _mentioned(content)))


def _mentioned(content: list[object]) -> str:
    """What stands in a call's text for an argument that is no builtin value."""
    match content:
        case [str(name)] | ["builtin", str(name)]:
            return name
        case ["new", str(name), list(arguments)]:
            return f"{name}({', '.join(map(show, arguments))})"
        case ["iter", items]:
            return f"iter({show(items)})"
    return "<object>"


class Remote(Channel):
    """One running program, whose functions can be called."""

    def __init__(self, control: socket.socket, limits: dict[str, float]) -> None:
        super().__init__(control, limits)
        self._call_limits = (limits["cpu_seconds"], limits["wall_seconds"])
        self.calls: list[Call] = []
        """What was called since somebody last emptied the list."""
        self.called = 0
        """How many calls were made in all."""
        self.stopped: Stopped | None = None
        """Why the program was stopped, which tests may have swallowed."""
        self._answers = Reader(self._opaque)
        self._opaques: dict[int, Opaque] = {}
        self._kinds: dict[tuple[str, str], type[Opaque]] = {}
        self._exceptions: dict[str, type[Exception]] = {}
        self.subjects: set[int] = set()
        """Handles of the instances that the tests made of the class that they are about.

        One that comes back as an answer is none any more: it may stand where a plain value is expected.
        """
        self._is_of_class = False

    def load(
        self, code: str, names: list[str], files: dict[str, str] | None = None, *, awaits: bool = False
    ) -> dict[str, object]:
        """The names of these that the program defines: functions as stand-ins, other values as they are.

        With `awaits`, a function that returns a coroutine is awaited, and gives its value. The first name is
        what the tests are about. Raises Broken if it cannot be loaded, Stopped if it ends on the way.
        """
        header = " ".join(names)
        if files or awaits:
            header = json.dumps({"names": names, "files": files or {}, "awaits": awaits, "stdin": None})
        kind, told = self._ask(f"{header}\n{code}", LOADED + BROKEN)
        if kind == BROKEN:
            broken, *_ = _error(told)
            raise Broken(broken.kind, broken.builtin, broken.description)
        found: dict[str, object] = {}
        for name, row in zip(names, told if isinstance(told, list) else [], strict=False):
            match row:
                case "callable":
                    found[name] = Function(self, name)
                case ["exception", str(builtin), list(bases)]:
                    found[name] = self._exceptions[name] = exception_class(
                        name, builtin, self._known(bases[1:])
                    )
                case ["class", list(bases)]:
                    subject = name == names[0]
                    self._is_of_class = self._is_of_class or subject
                    found[name] = OwnClass(self, name, [str(base) for base in bases], subject=subject)
                case ["value", value]:
                    found[name] = value
        return found

    def run(self, code: str, given: str, files: dict[str, str]) -> None:
        """Run the whole program on this input; what it prints is heard.

        Raises Broken if it cannot be loaded, Stopped if it does not end by itself, or what it raised.
        """
        header = json.dumps({"names": [], "files": files, "awaits": False, "stdin": given})
        kind, told = self._ask(f"{header}\n{code}", RETURNED + RAISED + BROKEN)
        if kind == BROKEN:
            broken, *_ = _error(told)
            raise Broken(broken.kind, broken.builtin, broken.description)
        if kind == RAISED:
            raise self._raised(told)

    def limit_calls(self, cpu_seconds: float, wall_seconds: float) -> None:
        """From now on one call may use so much; without it, as much as the whole program."""
        self._call_limits = (cpu_seconds, wall_seconds)

    def call(self, name: str, given: tuple[object, ...], named: dict[str, object], shown: str = "") -> object:
        """What the function returns; arguments that it changed are changed.

        Raises Stopped, or what the program raised (see `standins.told_of`).
        """
        mutable = any(isinstance(value, CONTAINERS) for value in (*given, *named.values()))
        numbers = Numbers() if mutable else None
        arguments = dump_arguments(given, named, _outgoing, numbers)
        call = Call(name, arguments, shown or name)
        self.calls.append(call)
        self.called += 1
        containers = numbers.all if numbers else []
        kind, told = self._ask(f"call {name}\n{arguments}", RETURNED + RAISED, containers)
        if kind == RAISED:
            raise self._raised(told)
        if isinstance(told, Opaque):
            name_it(told, call.source())
        call.result = told
        return told

    def operate(self, operation: str, *given: object) -> object:
        """What one of `program.OPERATIONS` gives. Raises as `call` does."""
        numbers = Numbers() if any(isinstance(value, CONTAINERS) for value in given) else None
        arguments = dump_arguments(given, {}, _outgoing, numbers)
        containers = numbers.all if numbers else []
        kind, told = self._ask(f"do {operation}\n{arguments}", RETURNED + RAISED, containers)
        if kind == RAISED:
            raise self._raised(told)
        return told

    def trace(self, call: Call) -> list[object]:
        """Line, source and changed variables of the call's first steps. Raises Stopped."""
        _, steps = self._ask(f"trace {call.name}\n{call.arguments}", TRACED)
        return [step for step in steps if _is_step(step)] if isinstance(steps, list) else []

    def _raised(self, frame: object) -> Exception:
        """What to raise in the tests. Raises Stopped for what ends a program."""
        told, arguments, bases, fields = _error(frame)
        if told.builtin in LEAVING:
            self.stopped = Stopped("killed", told.description, told.kind)
            raise self.stopped
        own = self._known(bases)
        return exception(told, arguments, own[0] if own else None, fields)

    def _known(self, names: list[object]) -> list[type[Exception]]:
        """The exception classes of the program that tests can name, of those with these names."""
        return [
            self._exceptions[name] for name in names if isinstance(name, str) and name in self._exceptions
        ]

    def _opaque(self, content: list[object]) -> Opaque:
        """The stand-in for an object: the same for the same object. Raises ValueError for no description."""
        match content:
            case [int(handle), str(kind), str(shown), str(able)] if len(self._kinds) < _MOST_KINDS:
                pass
            case _:
                raise ValueError(f"no object is described by {content!r}")
        self.subjects.discard(handle)
        if handle in self._opaques:
            self._opaques[handle].__init__(self, handle, shown)  # type: ignore[misc]  # it has changed
            return self._opaques[handle]
        if (kind, able) not in self._kinds:
            self._kinds[kind, able] = stand_in_class(kind, able, operators=self._is_of_class)
        return self._opaques.setdefault(handle, self._kinds[kind, able](self, handle, shown))

    def _ask(self, frame: str, kinds: str, containers: list[Any] | None = None) -> tuple[str, object]:
        """Kind and value of the answer; the containers get what it says of them. Keeps a Stopped."""
        try:
            return self._read(self.ask(frame, *self._call_limits), kinds, containers or [])
        except Stopped as stop:
            self.stopped = self.stopped or stop
            raise

    def _read(self, frame: bytes, kinds: str, containers: list[Any]) -> tuple[str, object]:
        """What a frame says. Raises Stopped for one that is not of these kinds."""
        try:
            text, _, changes = frame.decode("ascii").partition("\n")
            if text[:1] not in kinds:
                raise ValueError("a frame of another kind")
            told = self._answers.loads(text, 1)
            if REFERENCE in text:
                told = resolved(told, containers)
            for number, content in self._answers.loads(changes) if changes else ():  # type: ignore[attr-defined]  # else TypeError
                refill(containers[number], resolved(content, containers))
        except MemoryError:
            raise Stopped("killed", "answered with more than the judge can hold") from None
        except Exception:  # noqa: BLE001  # a program can send anything
            raise Stopped("killed", OUT_OF_TURN) from None
        return text[0], told


def _is_step(step: object) -> bool:
    """A line, its source, and pairs of a variable and its value; a program can send anything."""
    match step:
        case [int(line), str(), list(changed)] if type(step) is list and line.bit_length() < _LINE_BITS:
            return all(type(pair) is list and [type(part) for part in pair] == [str, str] for pair in changed)
    return False


def _error(frame: object) -> tuple[Told, list[object], list[object], dict[str, object]]:
    """What is told of an exception: itself, arguments, own classes, attributes. Raises Stopped."""
    match frame:
        case [
            str(kind),
            str(builtin),
            str(description),
            int(line),
            list(arguments),
            list(bases),
            dict(fields),
        ]:
            return Told(kind, builtin, description, line), arguments, bases, fields
    raise Stopped("killed", OUT_OF_TURN)


def _outgoing(value: object) -> object:
    """How an argument goes out that is no builtin value. Raises Unusable for one that cannot."""
    content = outgoing(value)
    if content is not None:
        return content
    if isinstance(value, (int, *CONTAINERS)):
        raise ValueError(f"an argument is too large, or nested deeper than {MAX_DEPTH} levels")
    raise Unusable(
        f"they give the program a {type(value).__name__}, which cannot be given to another process"
    )
