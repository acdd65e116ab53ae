"""The judge's end of one program: starts it, calls its functions, hears what it prints, and ends it."""

from __future__ import annotations

import json
import socket
import sys
from typing import Any, NoReturn, cast

from fractal_agent.sandbox.inside.channel import Channel
from fractal_agent.sandbox.inside.contexts import reset_context, told_context
from fractal_agent.sandbox.inside.mirrors import (
    OPERATORS,
    VALUES,
    Kind,
    Mirror,
    Owned,
    changed,
    kind_of,
    made,
    mirrored,
    name_it,
)
from fractal_agent.sandbox.inside.reading import Reader
from fractal_agent.sandbox.inside.standins import (
    AsyncFunction,
    Function,
    Told,
    drawn,
    exception,
    exception_class,
    keeps,
    outgoing,
)
from fractal_agent.sandbox.inside.stops import LEAVING, Broken, Stopped, Undecided
from fractal_agent.sandbox.inside.values import (
    BROKEN,
    LOADED,
    PLAIN,
    RAISED,
    RETURNED,
    TRACED,
    UNREAD,
    Nans,
    Numbers,
    refill,
)
from fractal_agent.sandbox.inside.writing import Writer

OUT_OF_TURN = "wrote to the sandbox's own channel"
_MOST_KINDS = 1_000
_LINE_BITS = 32
_STRANGE = ('{"v"', '{"o"', '["v"', '["o"', '{"T"')
"""In a question with none of these is nothing that the program's process could lack."""
RECURSION = 2_000
"""Frames of the judge: those of the tests stand on its own, and have at least what Python gives by itself."""
_ROOM = 500
"""So many frames more than the tests may have, the judge may have to hear an answer."""


class Call:
    """One call as it went out."""

    __slots__ = ("arguments", "given", "name", "result", "shown")

    def __init__(self, name: str, arguments: str, shown: str) -> None:
        self.name = name
        self.shown = shown
        self.arguments = arguments
        """As JSON, because the program may change them."""
        self.result: object = None
        self.given: list[Any] = []
        """The objects among the arguments and in them."""

    def source(self) -> str:
        """As Python would be written: `f([1, 2], key=3)`."""
        try:
            given, *rest = cast("list[list[Any]]", _MENTIONS.loads(self.arguments))  # Any: values, and pairs
        except (ValueError, TypeError, RecursionError, MemoryError):
            return f"{self.shown}(...)"
        named = rest[0] if rest else []
        parts = [*map(show, given), *(f"{key}={show(value)}" for key, value in named)]
        return f"{self.shown}({', '.join(parts)})"


def show(value: object) -> str:
    """`repr`, or why there is none."""
    try:
        return repr(value)
    except (ValueError, MemoryError, RecursionError) as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


class _Mention:
    """What stands in a call's text for an argument that is no value."""

    def __init__(self, content: list[Any]) -> None:
        about, *values = content
        match about:
            case [str(name)] if name not in {"iter", "pattern"}:
                self._text = name
            case ["std", str(), str(name)]:
                self._text = name
            case ["new", str(name)]:
                self._text = f"{name}({', '.join(map(show, values[0]))})"
            case ["namedtuple", str(name), _]:
                self._text = f"{name}({', '.join(map(show, values))})"
            case ["iter"]:
                self._text = f"iter({show(values[0])})"
            case ["pattern"]:
                self._text = f"re.compile({show(values[0])})"
            case _:
                self._text = "<object>"

    def __repr__(self) -> str:
        return self._text


_MENTIONS = Reader(_Mention, Nans(2))


class Remote(Channel):
    """One running program, whose functions can be called."""

    def __init__(self, control: socket.socket, limits: dict[str, float]) -> None:
        super().__init__(control, limits)
        self._call_limits = (limits["cpu_seconds"], limits["wall_seconds"])
        self.calls: list[Call] = []
        """What was called since somebody last emptied the list."""
        self.called = 0
        """How many calls were made in all."""
        self.stopped: Stopped | Undecided | None = None
        """Why the tests were stopped, which they may have swallowed."""
        self.reading = self.expects = False
        self._question = ""
        self._context = reset_context()
        nans = Nans(1)
        self._answers = Reader(self._standin, nans)
        self._questions = Writer(outgoing, nans, keeps)
        self._owned: dict[int, Any] = {}
        self._kinds: dict[int, Mirror | type[Exception]] = {}
        self._exceptions: dict[str, type[Exception]] = {}

    def load(
        self,
        code: str,
        names: list[str],
        files: dict[str, str] | None = None,
        *,
        awaits: bool = False,
        coroutines: bool = False,
    ) -> dict[str, object]:
        """The names of these that the program defines: functions as stand-ins, other values as they are.

        `files` are put into its folder first. With `awaits` its coroutines are awaited in its own process;
        with `coroutines` its async functions are so for the tests too, which await them.

        Raises Broken if it cannot be loaded, Stopped if it ends on the way.
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
                case "callable" | "async":
                    waits = row == "async" and coroutines
                    found[name] = AsyncFunction(self, name) if waits else Function(self, name)
                case ["exception", str(builtin), list(bases)]:
                    found[name] = self._exceptions[name] = exception_class(
                        name, builtin, self._known(bases[1:])
                    )
                case ["value", value]:
                    found[name] = value
                    if isinstance(value, Mirror) and value.fa_kind:
                        value.fa_kind.name = name
                        self.expects = True
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
        if "decimal" in sys.modules and (context := told_context()) != self._context:
            self._context = context
            self.operate("context", *context)
        numbers = None
        if not PLAIN.issuperset(map(type, (*given, *named.values()))):
            given, numbers = tuple(map(drawn, given)), Numbers()
        arguments = self._questions.arguments(given, named, numbers)
        call = Call(name, arguments, shown or name)
        self.calls.append(call)
        self.called += 1
        call.given = numbers.all if numbers else []
        kind, told = self._ask(f"call {name}\n{arguments}", RETURNED + RAISED, call.given)
        if kind == RAISED:
            raise self._raised(told)
        if isinstance(told, Owned):
            name_it(told, call.source())
        call.result = told
        return told

    def operate(self, operation: str, *given: object) -> object:
        """What one of `program.OPERATIONS` gives. Raises as `call` does."""
        if self.reading:
            raise ValueError("asked while an answer is read")
        arguments = self._questions.arguments(given, {}, None)
        kind, told = self._ask(f"do {operation}\n{arguments}", RETURNED + RAISED)
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

    def undecided(self, question: str) -> NoReturn:
        """End the tests: what they ask has no answer here. Raises Undecided."""
        self.stopped = self.stopped or Undecided(question)
        raise self.stopped

    def _standin(self, content: list[Any]) -> object:
        """What stands for an object: the same for the same one. Raises ValueError for no description."""
        match content:
            case [["class", list(told)]]:
                return self._class(told)
            case [[int(handle), list(told), str(shown), "raised"], list(arguments), dict(fields)]:
                return self._exception(handle, told, shown, arguments, fields)
            case [[int(handle), list(told), str(shown)], *values]:
                kind = self._class(told)
            case _:
                raise ValueError(f"no object is described by {content!r}")
        known = self._owned.get(handle)
        if not isinstance(kind, Mirror):
            raise TypeError("an exception without its arguments")
        if type(known) is not kind:
            known = self._owned[handle] = made(cast(Mirror, kind), handle, shown, values)
        elif kind_of(known).base not in VALUES:
            changed(known, shown)
        return known

    def _class(self, told: list[Any]) -> Mirror | type[Exception]:
        """What stands for a class. Raises ValueError for no description."""
        match told:
            case [
                int(handle), str(name), str(base), str(comparison), str(),
                list(), str(flags), list(), list(parents),
            ] if len(self._kinds) < _MOST_KINDS and len(comparison) == 5:  # fmt: skip
                pass
            case _:
                raise ValueError(f"no class is described by {told!r}")
        if handle not in self._kinds:
            above = [self._class(parent) for parent in parents]
            self._kinds[handle] = (
                self._exception_class(name, base[1:], above)
                if base[:1] == "!"
                else self._mirror(Kind(self, handle, base, comparison, flags), told, above)
            )
        return self._kinds[handle]

    def _mirror(self, kind: Kind, told: list[Any], above: list[Any]) -> Mirror:
        _, name, _, _, able, operators, _, fields, _ = told
        # A field of another name could stand in for a method of the stand-in's own.
        kind.fields = [str(field) for field in fields if str(field).isidentifier() and str(field)[0] != "_"]
        for parent in above:
            if isinstance(parent, Mirror) and parent.fa_kind:
                kind.ancestors |= parent.fa_kind.ancestors
        return mirrored(kind, name, able, [each for each in operators if each in OPERATORS])

    def _exception_class(self, name: str, builtin: str, above: list[Any]) -> type[Exception]:
        if name not in self._exceptions:
            bases = [parent for parent in above if not isinstance(parent, Mirror)]
            self._exceptions[name] = exception_class(name, builtin, bases)
        return self._exceptions[name]

    def _exception(
        self, handle: int, told: list[Any], shown: str, arguments: list[object], fields: dict[str, object]
    ) -> Exception:
        """An exception that the program has as a value."""
        if handle not in self._owned:
            kind: Any = self._class(told)
            _, name, base, *_ = told
            own = None if base == f"!{name}" else kind
            self._owned[handle] = exception(Told(name, base[1:], shown, 0), arguments, own, fields)
            self._owned[handle].handle_of_program = handle
        return self._owned[handle]  # type: ignore[no-any-return]  # as was put there

    def _ask(self, frame: str, kinds: str, containers: list[Any] | None = None) -> tuple[str, object]:
        """Kind and value of the answer; the containers get what it says of them. Keeps a Stopped.

        However deep the tests are, there is room here: an answer left half read would be the next one's.
        """
        self._question = frame
        sys.setrecursionlimit(RECURSION + _ROOM)
        try:
            return self._read(self.ask(frame, *self._call_limits), kinds, containers or [])
        except Stopped as stop:
            self.stopped = self.stopped or stop
            raise
        finally:
            try:  # noqa: SIM105  # suppress takes as long as all the rest of this
                sys.setrecursionlimit(RECURSION)
            except RecursionError:  # At the very edge; the next question sets it.
                pass

    def _read(self, frame: bytes, kinds: str, containers: list[Any]) -> tuple[str, object]:
        """What a frame says. Raises Stopped for one that is not of these kinds."""
        self._answers.numbered = containers
        self.reading = True
        try:
            text, _, changes = frame.decode("ascii").partition("\n")
            if text == UNREAD and any(mark in self._question for mark in _STRANGE):
                self.undecided("an argument cannot be made in the program's process")
            if text[:1] not in kinds:
                raise ValueError("a frame of another kind")
            told = self._answers.loads(text, 1)
            for number, content in self._answers.loads(changes) if changes else ():  # type: ignore[attr-defined]  # else TypeError
                refill(containers[number], content)
        except MemoryError:
            raise Stopped("killed", "answered with more than the judge can hold") from None
        except Exception:  # noqa: BLE001  # a program can send anything
            raise Stopped("killed", OUT_OF_TURN) from None
        finally:
            self.reading = False
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
