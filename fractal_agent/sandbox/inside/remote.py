"""The judge's end of one program: starts it, calls its functions, hears what it prints, and ends it."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time
from typing import Self, TypeAlias, cast

from fractal_agent.sandbox.inside.standins import (
    LEAVING,
    Function,
    Opaque,
    Told,
    exception,
    exception_class,
    handle_of,
)
from fractal_agent.sandbox.inside.stops import Broken, Stopped, Unusable, ZygoteGone, name_of_end
from fractal_agent.sandbox.inside.values import (
    BROKEN,
    GAVE_BACK,
    LOADED,
    MAX_DEPTH,
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
_SLICE = 1 << 18


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
        given, *rest = cast("list[list[object]]", _MENTIONS.loads(self.arguments))
        named = cast("dict[str, object]", rest[0] if rest else {})
        parts = [show(argument) for argument in given] + [
            f"{key}={show(item)}" for key, item in named.items()
        ]
        return f"{self.shown}({', '.join(parts)})"


def show(value: object) -> str:
    """`repr`, or why there is none."""
    try:
        return repr(value)
    except (ValueError, MemoryError, RecursionError) as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


_QUICK_MS = 10
"""A reply that comes within so many milliseconds is not timed."""
_MENTIONS = Reader(lambda content: Opaque(None, [0, "", _mentioned(content[0]), True]))


def _mentioned(handle: object) -> str:
    return handle if isinstance(handle, str) else "<object>"


_Changed: TypeAlias = "tuple[list[object], dict[str, object]]"
_Reply: TypeAlias = "tuple[str, object, _Changed | None]"
"""Kind and value of a frame, and the arguments if they were changed."""


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
        self.spent = False
        """The zygote could not remove what the program left, and starts no other."""
        self.calls: list[Call] = []
        """What was called since somebody last emptied the list."""
        self.called = 0
        """How many calls were made in all."""
        self.stopped: Stopped | None = None
        """Why the program was stopped, which tests may have swallowed."""
        self._answers = Reader(lambda content: Opaque(self, content))
        self._exceptions: dict[str, type[Exception]] = {}

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
        kind, told, _ = self._ask(f"{' '.join(names)}\n{code}", LOADED + BROKEN)
        if kind == BROKEN:
            raise Broken(*_error(told)[:3])
        found: dict[str, object] = {}
        for name, row in zip(names, told if isinstance(told, list) else [], strict=False):
            match row:
                case "callable":
                    found[name] = Function(self, name)
                case ["exception", str(builtin)]:
                    found[name] = self._exceptions[name] = exception_class(name, builtin)
                case ["value", value]:
                    found[name] = value
        return found

    def limit_calls(self, cpu_seconds: float, wall_seconds: float) -> None:
        """From now on one call may use so much; without it, as much as the whole program."""
        self._call_limits = (cpu_seconds, wall_seconds)

    def call(self, name: str, given: tuple[object, ...], named: dict[str, object], shown: str = "") -> object:
        """What the function returns; arguments that it changed are changed.

        Raises Stopped, or what the program raised (see `standins.told_of`).
        """
        arguments = dumps([list(given), named] if named else [list(given)], _handle)
        call = Call(name, arguments, shown or name)
        self.calls.append(call)
        self.called += 1
        kind, told, changed = self._ask(f"call {name}\n{arguments}", RETURNED + GAVE_BACK + RAISED)
        if kind == RAISED:
            raise self._raised(told)
        if changed is not None:
            write_back([given, named], [tuple(changed[0]), changed[1]])
        if kind == GAVE_BACK:
            told = given[told] if isinstance(told, int) and 0 <= told < len(given) else None
        call.result = told
        return told

    def operate(self, operation: str, *given: object) -> object:
        """What one of `program.OPERATIONS` gives. Raises as `call` does."""
        kind, told, _ = self._ask(f"do {operation}\n{dumps([list(given)], _handle)}", RETURNED + RAISED)
        if kind == RAISED:
            raise self._raised(told)
        return told

    def trace(self, call: Call) -> list[object]:
        """Line, source and changed variables of the call's first steps. Raises Stopped."""
        _, steps, _ = self._ask(f"trace {call.name}\n{call.arguments}", TRACED)
        return [step for step in steps if _is_step(step)] if isinstance(steps, list) else []

    def _raised(self, frame: object) -> Exception:
        """What to raise in the tests. Raises Stopped for what ends a program."""
        kind, builtin, description, arguments = _error(frame)
        if builtin in LEAVING:
            self.stopped = Stopped("killed", description, kind)
            raise self.stopped
        return exception(Told(kind, description), builtin, arguments, self._exceptions.get(kind))

    def _ask(self, frame: str, kinds: str) -> _Reply:
        """The answer to a frame, of one of these kinds. Raises Stopped, and keeps it."""
        try:
            self._send(frame)
            if not self._clock:
                self._greet()
            return self._reply(self._frame(*self._call_limits), kinds)
        except Stopped as stop:
            self.stopped = self.stopped or stop
            raise

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

    def _reply(self, frame: bytes, kinds: str) -> _Reply:
        """What the frame says, if it is of one of these kinds. Raises Stopped."""
        try:
            text, _, changes = frame.decode("ascii").partition("\n")
            told = self._answers.loads(text, 1)
            changed = self._answers.loads(changes) if changes else None
        except MemoryError:
            raise Stopped("killed", "answered with more than the judge can hold") from None
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
                status, unclean, _ = answer.partition(b"!")
                self.spent = bool(unclean)
                self.status = int(status)
        except OSError as error:
            raise ZygoteGone(str(error)) from error


def _is_step(step: object) -> bool:
    """A line, its source, and pairs of a variable and its value; a program can send anything."""
    match step:
        case [int(), str(), list(changed)]:
            return all(
                isinstance(pair, list) and [type(part) for part in pair] == [str, str] for pair in changed
            )
    return False


def _error(told: object) -> tuple[str, str, str, list[object]]:
    """Type, builtin type, description and arguments of an exception. Raises Stopped for anything else."""
    match told:
        case [str(kind), str(builtin), str(description), list(arguments)]:
            return kind, builtin, description, arguments
    raise Stopped("killed", OUT_OF_TURN)


def _handle(value: object) -> object:
    """How an argument that is no builtin goes out: what is the program's own by its handle."""
    handle = handle_of(value)
    if handle is not None:
        return [handle]
    if type(value).__module__ == "builtins":
        raise ValueError(f"an argument is too large, or nested deeper than {MAX_DEPTH} levels")
    raise Unusable(
        f"they give the program an argument of type {type(value).__name__}, which is no builtin value"
    )
