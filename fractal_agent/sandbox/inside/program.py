"""The untrusted side: loads one program in a fresh fork and answers the judge's calls until it is killed.

It holds no tests, no expected values and nothing that decides a verdict: a program that takes over this
process can choose what its own functions seem to return, and that is all.
"""

# ruff: noqa: BLE001, S102  # To run foreign code and to survive it is what this file is for.

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, cast

from fractal_agent.sandbox.inside.values import Reader, dumps, is_mutable

PROGRAM = "<program>"
"""File name by which a traceback tells whose code it passed through."""
CHANNEL = 3
"""The descriptor of the socket to the judge."""
LAZY_ITEMS = 10_000
"""How much of an iterator is taken so that the judge can go through it too."""
TRACED_STEPS = 40
TRACED_CHARACTERS = 60


def serve(characters: int) -> None:
    """Answer until the judge is gone. A frame is its length in four bytes, then its kind and the rest."""
    _, code, wanted = json.loads(_receive())
    try:
        names = _load(code)
    except BaseException as error:
        _send(json.dumps(["broken", *_error(error, code, characters)]))
        return
    program = _Program(names, code, characters)
    _send(dumps(["loaded", [program.named(name) for name in wanted]], program.describe))
    while frame := _receive():
        _send(program.answer(frame))


class _Program:
    """A loaded program, and the objects of its own that it has shown to the judge."""

    def __init__(self, names: dict[str, object], code: str, characters: int) -> None:
        self._names = names
        self._code = code
        self._characters = characters
        self._shown: list[object] = []
        self._reader = Reader(lambda content: self._shown[cast(int, content[0])])

    def named(self, name: str) -> list[object]:
        """The name, and `missing`, `callable` or `value` with the value."""
        if name not in self._names:
            return [name, "missing", None]
        value = self._names[name]
        return [name, "callable", None] if callable(value) else [name, "value", value]

    def describe(self, value: object) -> list[object]:
        """A handle, type, text, truth and, if any, items: all that the judge learns of an object."""
        return [*self._mention(value), _truth(value), self._items(value)]

    def _mention(self, value: object) -> list[object]:
        self._shown.append(value)
        return [len(self._shown) - 1, type(value).__name__, show(value, self._characters)]

    def answer(self, frame: str) -> str:
        """What the function returned or raised, and its arguments if changed; for `trace`, its steps."""
        header, _, sent = frame.partition("\n")
        kind, _, name = header.partition(" ")
        given, named = cast("tuple[list[object], dict[str, object]]", self._reader.loads(sent))
        function = cast("Callable[..., object]", self._names[name])
        if kind == "trace":
            return json.dumps(["traced", _trace(function, given, named, self._code)])
        try:
            result = function(*given, **named)
            changed = None
            if any(map(is_mutable, given)):
                changed = dumps([given, named], self.describe)
            reply = dumps(["returned", result], self.describe)
        except BaseException as error:
            return json.dumps(["raised", *_error(error, self._code, self._characters)])
        return reply if changed is None or changed == sent else f"{reply}\n{changed}"

    def _items(self, value: object) -> list[object] | None:
        if not hasattr(type(value), "__iter__") or isinstance(value, type):
            return None
        try:
            items = list(itertools.islice(iter(value), LAZY_ITEMS))  # type: ignore[call-overload]  # it has __iter__
            return json.loads(dumps(items, lambda item: [*self._mention(item), True, None]))  # type: ignore[no-any-return]  # a list
        except BaseException:
            return None


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


def _truth(value: object) -> bool:
    try:
        return bool(value)
    except BaseException:
        return True


def _error(error: BaseException, code: str, characters: int) -> list[object]:
    """Type, the builtin exception that it is, and `ValueError: message (line 4: return int(x))`."""
    kind = type(error).__name__
    builtin = next(base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins")
    message = error.msg if isinstance(error, SyntaxError) else _text(error)
    summary = f"{kind}: {message}"[:characters] if message else kind
    line = _line(error)
    source = code.split("\n")
    if 0 < line <= len(source):
        summary += f" (line {line}: {source[line - 1].strip()[:characters]})"
    return [kind, builtin, summary]


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
    size = int.from_bytes(_exactly(4), "big")
    return _exactly(size).decode()


def _exactly(size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = os.read(CHANNEL, size - len(data))
        if not chunk:
            return b""
        data += chunk
    return data


def _send(text: str) -> None:
    """One frame, after what the program printed so far."""
    try:  # noqa: SIM105  # contextlib is one more thing to fork
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):  # The program closed or replaced it.
        pass
    data = text.encode()
    rest = memoryview(len(data).to_bytes(4, "big") + data)
    while rest:
        rest = rest[os.write(CHANNEL, rest) :]
