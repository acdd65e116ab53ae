"""How the judging of one program can come to an end before its verdict, and the alarm that sees to it."""

from __future__ import annotations

import signal
from types import TracebackType

LEAVING = frozenset({"SystemExit", "MemoryError"})
"""A program that left or ran out of memory was stopped, not wrong."""
_AGAIN_SECONDS = 1.0


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


class Undecided(Unusable):
    """The verdict would hang on code of the program's own, or on what does not cross. It is no failure."""


class Broken(Exception):
    """The program could not be loaded."""

    def __init__(self, kind: str, builtin: str, description: str) -> None:
        self.outcome = "killed" if builtin in LEAVING else "error"
        self.kind = kind
        self.description = description
        super().__init__(description)


class Alarm:
    """Raises Stopped inside the block when its wall time is up, whatever Python code runs then.

    And again each second, for code that swallows it; at the end of the block once more.
    """

    def __init__(self, seconds: float, error: str) -> None:
        self._seconds = seconds
        self._error = error
        self._armed = self._rang = False

    def __enter__(self) -> None:
        signal.signal(signal.SIGALRM, self._ring)
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, max(self._seconds, 0.001), _AGAIN_SECONDS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self._rang and error is None:
            raise Stopped("timeout", self._error)

    def _ring(self, *_: object) -> None:
        if self._armed:
            self._rang = True
            raise Stopped("timeout", self._error)


def name_of_end(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"exited with status {status}"
    known = -status in signal.valid_signals() and -status < signal.SIGRTMIN
    return f"died of {signal.Signals(-status).name if known else f'signal {-status}'}"
