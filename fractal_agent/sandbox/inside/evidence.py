"""The book that rewritten tests write into: which assertions held, and what each that failed has to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fractal_agent.sandbox.inside.remote import Call, Raised, Remote, show

KEPT = 20
"""So many failures are kept with their evidence; of more, only the number."""


class Book:
    """Assertions of one run of the tests, in the order in which they were reached.

    The rewritten tests call `held`, `differs`, `fails`, `broke`, `raised` and `handled`. While they handle
    exceptions themselves, what fails is raised there, and not written down.
    """

    errors = Exception
    """What the rewritten tests catch, whatever they themselves mean by the name."""

    def __init__(self, remote: Remote) -> None:
        self.passed = 0
        self.failed = 0
        self.failures: list[dict[str, str]] = []
        self.kind = ""
        """Type of the exception with which the plain tests would have ended."""
        self.first: Call | None = None
        """The call behind the first failure."""
        self._calls = remote.calls
        self.calls_made = remote.calls.__len__
        """How many calls were made since the last assertion."""
        self._handling = 0
        self._last: Call | None = None

    def held(self) -> None:
        """The condition of an assertion was true."""
        self.passed += 1
        if self._calls:
            self._last = self._calls[-1]
            self._calls.clear()

    def differs(self, left_calls: int, left: object, right: object, *message: Callable[[], object]) -> None:
        """Two sides are not equal; so many calls had been made when the left one was known."""
        of_left = self._calls[left_calls - 1] if left_calls else None
        turned = of_left is None and bool(self._calls)
        last = self.call()
        actual, expected = (right, left) if turned else (left, right)
        self._fails(of_left or last, show(expected), show(actual), message)

    def fails(self, source: str, wanted: str, *message: Callable[[], object]) -> None:
        """A condition was false that reads so, and that wants its call to return this, if not empty."""
        call = self.call()
        self._fails(call, wanted or source, show(call.result) if call else "", message)

    def broke(self, error: Exception, source: str) -> None:
        """Something was raised where an assertion that reads so was tried."""
        if self._handling:
            raise error
        self.fail_of(error, source)

    def raised(self, error: Exception) -> None:
        """Something was raised by a statement whose value nobody uses: a failure too, if by the program."""
        if self._handling or not isinstance(error, Raised):
            raise error
        self.fail_of(error, "")

    @contextmanager
    def handled(self) -> Iterator[None]:
        """A block in which the tests may expect a failure."""
        self._handling += 1
        try:
            yield
        finally:
            self._handling -= 1

    def call(self) -> Call | None:
        """The call that an assertion is about: the last one made."""
        if self._calls:
            self._last = self._calls[-1]
            self._calls.clear()
        return self._last

    def fail(
        self, kind: str, outcome: str, *, call: Call | None, expected: str, actual: str = "", error: str = ""
    ) -> None:
        if not self.failed:
            self.kind, self.first = kind, call
        self.failed += 1
        if len(self.failures) < KEPT:
            evidence = {"outcome": outcome, "expected": expected, "actual": actual, "error": error}
            self.failures.append({"call": call.source() if call else "", **evidence})

    def fail_of(self, error: Exception, expected: str) -> None:
        """A failure because something was raised: by the program, or by the tests over what it returned."""
        call = self.call()
        if isinstance(error, Raised):
            self.fail(error.kind, "error", call=call, expected=expected, error=error.description)
            return
        actual = show(call.result) if call else ""
        kind = type(error).__name__
        told = str(error) if isinstance(error, AssertionError) else f"{kind}: {error}"
        self.fail(kind, "failed", call=call, expected=expected, actual=actual, error=told)

    def _fails(
        self, call: Call | None, expected: str, actual: str, message: tuple[Callable[[], object], ...]
    ) -> None:
        """The assertion's own message speaks where no call does."""
        if self._handling:
            raise AssertionError(*(make() for make in message))
        told = "" if call else " ".join(_said(make) for make in message)
        self.fail("AssertionError", "failed", call=call, expected=expected, actual=actual, error=told)


def _said(message: Callable[[], object]) -> str:
    try:
        return str(message())
    except Exception as error:  # noqa: BLE001  # the tests' own
        return f"<message that raises {type(error).__name__}>"
