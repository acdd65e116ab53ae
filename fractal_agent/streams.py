"""The standard streams: nothing that is wrong with one of them ends a command or reaches a file of ours."""

import codecs
import errno
import io
import os
import select
import sys
from contextlib import suppress
from typing import Any, TextIO

ESCAPING = "fractal_agent.escaping"
"""Name of the error handler that writes what an encoding lacks as JSON would escape it."""


class Outlet(io.FileIO):
    """A descriptor that takes whatever is written. What the system refuses is dropped, and noted once.

    From then on the descriptor leads to the null device. A pipe whose reader has left, or a terminal that was
    closed, is no failure: nobody wants to read any more.
    """

    def __init__(self, descriptor: int, *, closefd: bool = False) -> None:
        super().__init__(descriptor, "w", closefd=closefd)
        self.failure: OSError | None = None
        self._is_terminal = self.isatty()

    def write(self, data: Any, /) -> int:  # Any: whatever holds bytes
        try:
            return self._written(data)
        except OSError as error:
            if error.errno != errno.EPIPE and not self._is_terminal:
                self.failure = self.failure or error
            _lead_nowhere(self.fileno())
            return len(data)

    def _written(self, data: Any) -> int:  # Any: as above
        # A descriptor that another process has made non-blocking takes what it can, or nothing.
        while (count := super().write(data)) is None:
            select.select([], [self.fileno()], [])
        return count


def _lead_nowhere(descriptor: int) -> None:
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere == descriptor:
            os.set_inheritable(nowhere, True)
            return
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def fill_closed_descriptors() -> None:
    """Opens the null device as each of the descriptors 0 to 2 that is closed.

    The next file that is opened would otherwise take its place, and get what is meant for the stream.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            _lead_nowhere(descriptor)


def text_on(outlet: Outlet, like: TextIO | None) -> io.TextIOWrapper:
    """A text stream on the outlet, in the encoding of another stream."""
    return io.TextIOWrapper(
        io.BufferedWriter(outlet),
        encoding=getattr(like, "encoding", None) or "utf-8",
        errors=ESCAPING,
        line_buffering=getattr(like, "line_buffering", True),
        write_through=getattr(like, "write_through", False),
    )


def prepare_streams() -> None:
    """Makes the standard streams of this process safe to print on, whatever they are. Once is enough."""
    fill_closed_descriptors()
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # the process's own
    sys.stdout, sys.stderr = _prepared(1, sys.stdout), _prepared(2, sys.stderr)


def _prepared(descriptor: int, stream: TextIO | None) -> TextIO:
    if stream is not None and _outlet_of(stream):
        return stream
    if stream is not None:
        stream.flush()
    return text_on(Outlet(descriptor), stream)


def _outlet_of(stream: TextIO) -> Outlet | None:
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw if isinstance(raw, Outlet) else None


def failure_of(stream: TextIO) -> str:
    """Why not all that was printed on the stream is there; empty when it is."""
    stream.flush()
    outlet = _outlet_of(stream)
    failure = outlet.failure if outlet else None
    return (failure.strerror or str(failure)) if failure else ""


def escaped(text: str) -> str:
    """All of the text as JSON escapes what is not ASCII, in units of UTF-16."""
    halves = text.encode("utf-16-be", "surrogatepass").hex(" ", 2)
    return "\\u" + halves.replace(" ", "\\u")


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return escaped(error.object[error.start : error.end]), error.end


codecs.register_error(ESCAPING, _escape)
