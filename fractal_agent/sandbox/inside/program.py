"""The untrusted side: loads one program in a fresh fork and answers the judge's calls until it is killed.

It holds no tests, no expected values and nothing that decides a verdict: a program that takes over this
process can choose what its own functions seem to return, and that is all.
"""

# ruff: noqa: BLE001, S102  # To run foreign code and to survive it is what this file is for.

from __future__ import annotations

import builtins
import collections
import functools
import importlib
import inspect
import itertools
import json
import os
import re
import sys
from collections.abc import Callable
from types import CoroutineType, FrameType
from typing import Any

from fractal_agent.sandbox.inside import whole
from fractal_agent.sandbox.inside.kinds import COMPARED, OPERATIONS, PROGRAM, Kinds, is_own
from fractal_agent.sandbox.inside.reading import Reader
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
)
from fractal_agent.sandbox.inside.writing import Writer

_ASKED: dict[str, Callable[..., object]] = {
    **OPERATIONS,
    "read": whole.read_file,
    "write": whole.write_file,
}
CHANNEL = 3
"""The descriptor of the socket to the judge."""
MOST_FIELDS = 20
"""So many attributes of an exception are told."""
_SLICE = 1 << 16
_WARM_ROUNDS = 20
_WARM = """
import math
from typing import List

def warm(x: List[int], *rest):
    \"\"\" Text. \"\"\"
    kept = [y for y in range(x) if y % 2 == 0 and not rest]
    for place, item in enumerate(rest):
        if isinstance(item, list):
            item.sort(key=lambda value: str(value))
        else:
            kept.append(f"{place}: {math.sqrt(4)}")
    while len(kept) > 2:
        kept = kept[1:]
    return {"kept": kept, "sum": sum(map(len, map(str, kept)))} if kept else None
"""
"""What most programs are made of."""
TRACED_STEPS = 40
TRACED_CHARACTERS = 60


class Program:
    """The one program of this process, and the objects of its own that it has shown to the judge."""

    def __init__(self, characters: int) -> None:
        self._characters = characters
        self._code = ""
        self._names: dict[str, object] = {}
        self._kinds = Kinds(lambda value: show(value, characters))
        nans = Nans(2)
        self._reader = Reader(self._own, nans)
        self._writer = Writer(self._kinds.described, nans, self._kinds.keeps)
        self._brief = Writer(self._kinds.brief, nans, self._kinds.keeps)
        """Writes what is compared and not sent."""
        self._awaits = False
        """What a function returns that is a coroutine is awaited here, and its value is the answer."""
        self._loop = whole.Loop()

    def warm(self) -> None:
        """Do everything that a program needs, so that each fork finds it done.

        A process's first compilation makes all types of syntax trees, and Python rewrites code that has run a
        few times into what is faster: each page that this changes is copied once here, and not in every fork.
        """
        main = sys.modules["__main__"]
        for _ in range(_WARM_ROUNDS):
            self.load("warm none", _WARM)
            self.answer('call warm\n[[1,"x",[1.5,null]]]')
            self.answer("call warm\n[[1]]")
        self._kinds.forget()
        sys.modules["__main__"] = main
        del sys.modules["program"]

    def serve(self) -> None:
        """Answer until the judge is gone.

        A frame is its length in four bytes and text. To the judge: a letter for its kind, then JSON. From it:
        first a line of names and the program, then `call NAME` or `trace NAME` and a line of arguments.
        The first line is JSON where there is more to say than names.
        """
        wanted, _, code = _receive().partition("\n")
        _send(self._begin(json.loads(wanted), code) if wanted.startswith("{") else self.load(wanted, code))
        while frame := _receive():
            _send(self.answer(frame))

    def _begin(self, asked: dict[str, Any], code: str) -> str:
        """As `load`, with files in the folder; or the whole program run on an input, if one is given."""
        self._code = code
        self._awaits = asked["awaits"]
        whole.place_files(asked["files"])
        if asked["stdin"] is None:
            return self.load(" ".join(asked["names"]), code)
        try:
            whole.run(code, PROGRAM, asked["stdin"])
        except BaseException as error:
            kind = RAISED if whole.is_compiled(code) else BROKEN
            return kind + json.dumps([*_error(error, code, self._characters), [], [], {"d": []}])
        return RETURNED + "null"

    def load(self, wanted: str, code: str) -> str:
        """What the program has under the names, or why it could not be loaded."""
        self._code = code
        try:
            self._names = _load(code)
        except BaseException as error:
            return BROKEN + json.dumps([*_error(error, code, self._characters), [], [], {"d": []}])
        named = [self._named(name) for name in wanted.split(" ")]
        return LOADED + self._writer.dumps(named)

    def _named(self, name: str) -> object:
        """What the judge is to know of the name."""
        if name not in self._names:
            return "missing"
        value = self._names[name]
        if isinstance(value, type) and issubclass(value, Exception):
            return ["exception", _builtin(value), _own_bases(value)]
        if isinstance(value, type):
            self._kinds.named = self._kinds.named or is_own(value)
            return ["value", value]
        if inspect.iscoroutinefunction(value):
            return "async"
        return "callable" if callable(value) else ["value", value]

    def _own(self, content: list[Any]) -> object:  # noqa: PLR0911  # one for each kind
        """The object that the judge means: one of the program's own, or one that it describes."""
        about, *values = content
        match about:
            case [str(name)] if not values:
                return self._names[name]
            case [int(handle)]:
                return self._kinds.shown[handle]
            case ["new", str(name)]:
                kind: Any = self._names.get(name) or getattr(builtins, name)
                return kind(*values[0])
            case ["std", str(module), str(name)]:
                return functools.reduce(getattr, name.split("."), importlib.import_module(module))
            case ["namedtuple", str(name), list(fields)]:
                return collections.namedtuple(name, fields)(*values)  # noqa: PYI024  # of the tests
            case ["pattern"]:
                return re.compile(*values)
            case ["iter"]:
                return iter(values[0])
        raise ValueError(f"no object is described by {content!r}")

    def answer(self, frame: str) -> str:
        """What the function returned or raised, and its arguments if changed; for `trace`, its steps."""
        header, _, sent = frame.partition("\n")
        kind, _, name = header.partition(" ")
        try:
            arguments: Any = self._reader.loads(
                sent
            )  # Any: a list of values, and pairs by name if there are any
        except Exception:
            return UNREAD
        given, named = arguments[0], dict(arguments[1]) if len(arguments) > 1 else {}
        if kind == "do":
            function: Any = _ASKED[name]  # Any: whatever the program made callable
        else:
            function = self._own([[int(name[1:]) if name.startswith("#") else name]])
        numbers, before = None, ""
        if kind != "do" and not PLAIN.issuperset(map(type, (*given, *named.values()))):
            numbers, before = self._numbered(given, named)
        if kind == "trace":
            return TRACED + json.dumps(_trace(function, given, named, self._code))
        try:
            told = function(*given, **named)
            if self._awaits and isinstance(told, CoroutineType):
                told = self._loop.value(told)
            compared = kind == "do" and name in COMPARED
            reply = RETURNED + (self._writer.shared(told) if compared else self._writer.dumps(told, numbers))
        except BaseException as error:
            reply = RAISED + self._raised(error)
        return reply + self._changes(given, named, before, numbers) if numbers else reply

    def _numbered(self, given: list[object], named: dict[str, object]) -> tuple[Numbers, str]:
        """The arguments that are objects of their own, numbered as the judge has them, and all in writing."""
        if self._reader.graph is not None:
            return Numbers(self._reader.graph), self._brief.graph(given, named)
        numbers = Numbers()
        before = self._brief.arguments(given, named, numbers)
        numbers.growing = False
        return numbers, before

    def _changes(self, given: list[object], named: dict[str, object], before: str, numbers: Numbers) -> str:
        """A line with the content of the arguments that can change, if it is not what it was."""
        try:
            graph = before.startswith('{"G"')
            after = (self._brief.graph if graph else self._compared)(given, named)
            return "" if after == before else f"\n{self._writer.contents(numbers)}"
        except BaseException:
            return ""

    def _compared(self, given: list[object], named: dict[str, object]) -> str:
        return self._brief.arguments(given, named, Numbers())

    def _raised(self, error: BaseException) -> str:
        """The exception with its arguments and attributes, or with its text where they cannot be told."""
        told = _error(error, self._code, self._characters)
        bases = _own_bases(type(error))
        try:
            fields = dict(itertools.islice(vars(error).items(), MOST_FIELDS))
            frame = self._writer.dumps([*told, list(error.args), bases, fields])
        except BaseException:
            frame = ""
        return (
            frame
            if 0 < len(frame) < _SLICE
            else json.dumps([*told, [_text(error)[:_SLICE]], bases, {"d": []}])
        )


def _load(code: str) -> dict[str, object]:
    """The program's names, once it ran as a module of its own. Raises whatever the program raises."""
    module = type(sys)("program")
    # Dataclasses and pickle look their module up here; `__main__` would show them the harness.
    sys.modules["program"] = sys.modules["__main__"] = module
    exec(compile(code, PROGRAM, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def show(value: object, characters: int) -> str:
    """`repr`, cut, or why there is none."""
    try:
        return repr(value)[:characters]
    except BaseException as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


def _error(error: BaseException, code: str, characters: int) -> list[object]:
    """Type, the builtin exception that it is, and `ValueError: message (line 4: return int(x))`."""
    kind = type(error).__name__
    builtin = _builtin(type(error))
    message = error.msg if isinstance(error, SyntaxError) else _text(error)
    summary = f"{kind}: {message}"[:characters] if message else kind
    line = _line(error)
    source = code.split("\n")
    if 0 < line <= len(source):
        summary += f" (line {line}: {source[line - 1].strip()[:characters]})"
    return [kind, builtin, summary, line]


def _own_bases(kind: type[BaseException]) -> list[str]:
    """Names of the classes of the program that it is, itself first."""
    return [base.__name__ for base in kind.__mro__ if base.__module__ == "program"]


def _builtin(kind: type[BaseException]) -> str:
    """The builtin exception that it is."""
    return next(base.__name__ for base in kind.__mro__ if base.__module__ == "builtins")


def _line(error: BaseException) -> int:
    """The innermost line of the program that the exception passed through; 0 if none."""
    if isinstance(error, SyntaxError) and error.filename == PROGRAM:
        return error.lineno or 0
    line = 0
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == PROGRAM:
            line = step.tb_lineno
        step = step.tb_next
    return line


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as second:
        return f"<str raises {type(second).__name__}>"


def _trace(
    function: Callable[..., object], given: list[object], named: dict[str, object], code: str
) -> list[object]:
    """Line, source and changed local variables of the first steps of a call."""
    source = code.split("\n")
    steps: list[object] = []
    before: dict[int, dict[str, str]] = {}

    def follow(frame: FrameType, event: str, _: object) -> Any:  # Any: a trace function returns itself
        if frame.f_code.co_filename != PROGRAM or len(steps) >= TRACED_STEPS:
            return None
        if event in {"line", "return"}:
            values = {name: show(value, TRACED_CHARACTERS) for name, value in frame.f_locals.items()}
            known = before.get(id(frame), {})
            changed = [[name, value] for name, value in values.items() if known.get(name) != value]
            before[id(frame)] = values
            line = frame.f_lineno
            text = source[line - 1].strip() if 0 < line <= len(source) else ""
            steps.append([line, text[:TRACED_CHARACTERS], changed])
        return follow

    sys.settrace(follow)
    try:
        function(*given, **named)
    except BaseException:  # noqa: S110  # the judge has seen it already
        pass
    finally:
        sys.settrace(None)
    return steps


def _receive() -> str:
    """The next frame; empty when the judge is gone."""
    data = os.read(CHANNEL, _SLICE)  # The judge waits for an answer before it sends another.
    while data and (len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big")):
        chunk = os.read(CHANNEL, _SLICE)
        data = data + chunk if chunk else b""
    return data[4:].decode("utf-8", "surrogatepass")


def _send(text: str) -> None:
    """One frame, after what the program printed so far."""
    try:  # noqa: SIM105  # contextlib is one more thing to fork
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):  # The program closed or replaced it.
        pass
    data = text.encode()
    data = len(data).to_bytes(4, "big") + data
    while written := os.write(CHANNEL, data):
        if written == len(data):
            break
        data = data[written:]
