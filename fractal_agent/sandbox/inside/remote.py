"""The judge's end of one program: starts it, calls its functions, hears what it prints, and ends it."""

from __future__ import annotations

import builtins
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self, cast

from fractal_agent.sandbox.inside.values import (
    BROKEN,
    LOADED,
    RAISED,
    RETURNED,
    TRACED,
    Reader,
    dumps,
    write_back,
)

REPLY_BYTES = 32 << 20
"""The longest reply that is read; the program is stopped over a longer one."""
OUT_OF_TIME = "it did not finish in time"
"""Why a call was stopped that used up what one call may use."""
OUT_OF_TURN = "wrote to the sandbox's own channel"
LEAVING = frozenset({"SystemExit", "MemoryError"})
"""A program that left or ran out of memory was stopped, not wrong."""
_SLICE = 1 << 18


class Stopped(BaseException):
    """The program came to an end before its judge did. Not an Exception: no test may swallow it."""

    def __init__(self, outcome: str, error: str, kind: str = "") -> None:
        self.outcome = outcome
        """`timeout` or `killed`."""
        self.error = error
        self.kind = kind
        """Type of the exception behind it, if there was one."""
        super().__init__(error)


class ZygoteGone(BaseException):
    """The zygote no longer serves, so nothing is known about the program."""


class Unusable(BaseException):
    """The tests themselves cannot work, whatever the program is."""


class Raised(Exception):
    """The program raised something. Its subclasses are also the builtin exception that it raised."""

    kind = ""
    description = ""

    def __init__(self, *_: object) -> None:
        pass

    def __str__(self) -> str:
        return self.description


class Broken(Exception):
    """The program could not be loaded."""

    def __init__(self, kind: str, builtin: str, description: str) -> None:
        self.outcome = "killed" if builtin in LEAVING else "error"
        self.kind = kind
        self.description = description
        super().__init__(description)


class Opaque:
    """An object of the program's own: equal to nothing, but it can be given back to the program."""

    def __init__(self, content: list[object]) -> None:
        handle, kind, shown, truth, items = content
        self.handle = int(handle)  # type: ignore[call-overload]  # else it raises TypeError, which is right
        self.kind = str(kind)
        self.shown = str(shown)
        self._truth = bool(truth)
        self._items = items

    def __eq__(self, _: object) -> bool:
        return False

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return self._truth

    def __iter__(self) -> Iterator[object]:
        if not isinstance(self._items, list):
            raise TypeError(f"{self.kind!r} object is not iterable")
        return iter(self._items)

    def __repr__(self) -> str:
        return self.shown


class Call:
    """One call as it went out."""

    __slots__ = ("arguments", "name", "result")

    def __init__(self, name: str, arguments: str) -> None:
        self.name = name
        self.arguments = arguments
        """As JSON, because the program may change them."""
        self.result: object = None

    def source(self) -> str:
        """As Python would be written: `f([1, 2], key=3)`."""
        given, *rest = cast("list[list[object]]", _MENTIONS.loads(self.arguments))
        named = cast("dict[str, object]", rest[0] if rest else {})
        parts = [show(argument) for argument in given] + [
            f"{key}={show(item)}" for key, item in named.items()
        ]
        return f"{self.name}({', '.join(parts)})"


def show(value: object) -> str:
    """`repr`, or why there is none."""
    try:
        return repr(value)
    except (ValueError, MemoryError, RecursionError) as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


_ANSWERS = Reader(Opaque)
_QUICK_MS = 10
"""A reply that comes within so many milliseconds is not timed."""
_MENTIONS = Reader(lambda content: Opaque([*content, "", "<object>", True, None]))


class Remote:
    """One running program. As a context manager it ends the program in any case."""

    def __init__(self, control: socket.socket, limits: dict[str, float]) -> None:
        self._control = control
        self._limits = limits
        self._call_limits = (limits["cpu_seconds"], limits["wall_seconds"])
        self._heard = bytearray()
        self._received = bytearray()
        self._clock = 0
        self._asked = False
        self.status: int | None = None
        """Exit status once it ended, the negative number of a signal."""
        self.calls: list[Call] = []
        """What was called since somebody last emptied the list."""

    def __enter__(self) -> Self:
        self._socket, theirs = socket.socketpair()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._output, writing = os.pipe()
        with theirs:
            try:
                socket.send_fds(self._control, [b"f"], [theirs.fileno(), writing])
            except OSError as error:
                raise ZygoteGone(str(error)) from error
            finally:
                os.close(writing)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._poll.register(self._output, select.POLLIN)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._drain()
        self._socket.close()
        os.close(self._output)

    @property
    def stdout(self) -> bytes:
        return bytes(self._heard)

    def load(self, code: str, names: list[str]) -> dict[str, object]:
        """The names of these that the program defines: functions as stand-ins, other values as they are.

        Raises Broken if it cannot be loaded, Stopped if it ends on the way.
        """
        self._send(f"{' '.join(names)}\n{code}")
        self._greet()
        kind, told, _ = self._reply(LOADED + BROKEN, *self._call_limits)
        if kind == BROKEN:
            raise Broken(*_error(told))
        found: dict[str, object] = {}
        for name, row in zip(names, told if isinstance(told, list) else [], strict=False):
            if row == "callable":
                found[name] = _Function(self, name)
            elif isinstance(row, list) and len(row) == 1:
                found[name] = row[0]
        return found

    def limit_calls(self, cpu_seconds: float, wall_seconds: float) -> None:
        """From now on one call may use so much; without it, as much as the whole program."""
        self._call_limits = (cpu_seconds, wall_seconds)

    def call(self, name: str, given: tuple[object, ...], named: dict[str, object]) -> object:
        """What the function returns; arguments that it changed are changed. Raises Raised or Stopped."""
        arguments = dumps([list(given), named] if named else [list(given)], _handle)
        call = Call(name, arguments)
        self.calls.append(call)
        self._send(f"call {name}\n{arguments}")
        kind, told, changed = self._reply(RETURNED + RAISED, *self._call_limits)
        if kind == RAISED:
            raise _raised(*_error(told))
        if changed is not None:
            write_back([given, named], [tuple(changed[0]), changed[1]])
        call.result = told
        return told

    def trace(self, call: Call) -> list[object]:
        """Line, source and changed variables of the call's first steps. Raises Stopped."""
        self._send(f"trace {call.name}\n{call.arguments}")
        _, steps, _ = self._reply(TRACED, *self._call_limits)
        return steps if isinstance(steps, list) else []

    def _greet(self) -> None:
        """Learn which process it is from the kernel, which the process cannot deceive."""
        if not self._poll.poll(self._limits["wall_seconds"] * 1000):
            raise Stopped("timeout", "it did not start")
        data, ancillary, _, _ = self._socket.recvmsg(1, socket.CMSG_SPACE(12))
        if not data or not ancillary:
            raise ZygoteGone("a child ended before it began")
        pid, _, _ = struct.unpack("=iII", ancillary[0][2])
        self._clock = (~pid << 3) | 2
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)

    def _send(self, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        try:
            self._socket.sendall(len(data).to_bytes(4, "big") + data)
        except OSError:
            self._end()

    def _reply(
        self, kinds: str, cpu_seconds: float, wall_seconds: float
    ) -> tuple[str, object, tuple[list[object], dict[str, object]] | None]:
        """The next frame, of one of these kinds: its value, and the arguments if they were changed."""
        try:
            text, _, changes = self._frame(cpu_seconds, wall_seconds).decode("ascii").partition("\n")
            told = _ANSWERS.loads(text, 1)
            changed = _ANSWERS.loads(changes) if changes else None
        except (ValueError, TypeError, RecursionError):
            raise Stopped("killed", OUT_OF_TURN) from None
        if text[0] in kinds:
            match changed:
                case None:
                    return text[0], told, None
                case [list(given)]:
                    return text[0], told, (given, {})
                case [list(given), dict(named)]:
                    return text[0], told, (given, named)
        raise Stopped("killed", OUT_OF_TURN)

    def _frame(self, cpu_seconds: float, wall_seconds: float) -> bytes:
        """The next frame's text. Raises Stopped when it is too long or does not come in time."""
        received = self._received
        wait: float = _QUICK_MS
        until: tuple[float, float] | None = None
        while True:
            for descriptor, _ in self._poll.poll(wait):
                if descriptor == self._output:
                    self._hear()
                    continue
                chunk = self._socket.recv(_SLICE)
                if not chunk:
                    self._end()
                received += chunk
            if len(received) >= 4:
                size = 4 + int.from_bytes(received[:4], "big")
                if size > REPLY_BYTES:
                    raise Stopped("killed", f"answered with more than {REPLY_BYTES} bytes")
                if len(received) >= size:
                    frame = bytes(received[4:size])
                    del received[:size]
                    return frame
            if until is None:
                until = time.monotonic() + wall_seconds, self._used() + cpu_seconds
            left = min(until[0] - time.monotonic(), until[1] - self._used())
            if left <= 0:
                raise Stopped("timeout", OUT_OF_TIME)
            wait = left * 1000 + 1

    def _used(self) -> float:
        """The program's processor time. Not wall time: a busy machine must not change a verdict."""
        try:
            return time.clock_gettime(self._clock)
        except OSError:
            return 0.0

    def _hear(self) -> None:
        chunk = os.read(self._output, _SLICE)
        if not chunk:
            self._poll.unregister(self._output)
        self._heard += chunk
        if len(self._heard) > self._limits["output_bytes"]:
            raise Stopped("killed", f"printed more than {self._limits['output_bytes']:.0f} bytes")

    def _drain(self) -> None:
        os.set_blocking(self._output, False)
        try:
            while len(self._heard) <= self._limits["output_bytes"] and (
                chunk := os.read(self._output, _SLICE)
            ):
                self._heard += chunk
        except BlockingIOError:
            pass

    def _end(self) -> None:
        """The program closed its channel, by dying as a rule. Raises Stopped."""
        self._stop()
        assert self.status is not None
        if self.status == -signal.SIGXCPU:
            raise Stopped("timeout", f"used {self._limits['cpu_seconds']:.0f} s of processor time")
        raise Stopped("killed", f"{name_of_end(self.status)} before there was a verdict")

    def _stop(self) -> None:
        """Have it killed and learn its status. An alarm may ring at any line; then this is called again."""
        try:
            if not self._asked:
                self._control.send(b"k")
                self._asked = True
            if self.status is None:
                answer = self._control.recv(64)
                if not answer:
                    raise ZygoteGone("it ended")
                self.status = int(answer)
        except OSError as error:
            raise ZygoteGone(str(error)) from error


class _Function:
    """Stands in the tests for a function of the program."""

    def __init__(self, remote: Remote, name: str) -> None:
        self._remote = remote
        self.__name__ = self.__qualname__ = name

    def __call__(self, *given: object, **named: object) -> object:
        return self._remote.call(self.__name__, given, named)


class Alarm:
    """Raises Stopped inside the block when its wall time is up, whatever Python code runs then."""

    def __init__(self, seconds: float, error: str) -> None:
        self._seconds = seconds
        self._error = error
        self._armed = False

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGALRM, self._ring)
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, max(self._seconds, 0.001))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, *_: object) -> None:
        if self._armed:
            self._armed = False
            raise Stopped("timeout", self._error)


def name_of_end(status: int) -> str:
    """How a process ended, in words."""
    return f"died of {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"


def _error(told: object) -> list[str]:
    """Type, builtin type and description of an exception. Raises Stopped for anything else."""
    match told:
        case [str(kind), str(builtin), str(description)]:
            return [kind, builtin, description]
    raise Stopped("killed", OUT_OF_TURN)


def _handle(value: object) -> object:
    """How an argument that is no builtin goes out: an object of the program's own by its handle."""
    if isinstance(value, Opaque):
        return [value.handle]
    raise Unusable(
        f"they give the program an argument of type {type(value).__name__}, which is no builtin value"
    )


_RAISED: dict[str, type[Raised]] = {}


def _raised(kind: str, builtin: str, description: str) -> Raised:
    """The exception to raise in the tests. Raises Stopped for one that ends a program."""
    if builtin in LEAVING:
        raise Stopped("killed", description, kind)
    if builtin not in _RAISED:
        base = getattr(builtins, builtin, None)
        usable = isinstance(base, type) and issubclass(base, Exception)
        _RAISED[builtin] = type("Raised", (Raised, base), {}) if usable else Raised  # type: ignore[arg-type]  # checked
    error = _RAISED[builtin]()
    error.kind, error.description = kind, description
    return error
