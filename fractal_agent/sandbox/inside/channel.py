"""The judge's end of the wire to one program: starts it, hears what it says and prints, and ends it."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time
from typing import Self

from fractal_agent.sandbox.inside.stops import Stopped, ZygoteGone, name_of_end

REPLY_BYTES = 32 << 20
"""The longest reply that is read; the program is stopped over a longer one."""
OUT_OF_TIME = "it did not finish in time"
"""Why a call was stopped that used up what one call may use."""
_SLICE = 1 << 18
_QUICK_MS = 10
"""A reply that comes within so many milliseconds is not timed."""


class Channel:
    """One running program. As a context manager it ends the program in any case."""

    def __init__(self, control: socket.socket, limits: dict[str, float]) -> None:
        self._control = control
        self._limits = limits
        self._heard = bytearray()
        self._received = bytearray()
        self._clock = 0
        self._asked = False
        self.status: int | None = None
        """Exit status once it ended, the negative number of a signal."""
        self.spent = False
        """The zygote could not remove what the program left, and starts no other."""

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

    def ask(self, text: str, cpu_seconds: float, wall_seconds: float) -> bytes:
        """The answer to a frame. Raises Stopped when none comes in time, or too long a one."""
        self._send(text)
        if not self._clock:
            self._greet()
        return self._frame(cpu_seconds, wall_seconds)

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
