"""The book that rewritten tests write into: which assertions held, and what each that failed has to show."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from fractal_agent.sandbox.inside.mirrors import Mirror, Opaque
from fractal_agent.sandbox.inside.remote import Call, Remote, show
from fractal_agent.sandbox.inside.standins import Function, text_of, told_of

KEPT = 20
"""So many failures are kept with their evidence; of more, only the number."""
_Made = Callable[[], object]
_ALONE = (Mirror, Opaque, Function, type, bool, type(None), ModuleType)
"""Of these there is one stand-in for one object."""


class Book:
    """Assertions of one run of the tests, in the order in which they were reached.

    The rewritten tests call `held`, `differs`, `fails`, `broke`, `raised` and `handling`.
    """

    errors = Exception
    """What the rewritten tests catch, whatever they themselves mean by the name."""

    def __init__(self, remote: Remote) -> None:
        self.passed = 0
        self.failed = 0
        self.failures: list[dict[str, str]] = []
        self.kind = ""
        """Type of the exception with which the plain tests would have ended; a builtin one."""
        self.line = 0
        """Of the program, where that exception rose in it."""
        self.first: Call | None = None
        """The call behind the first failure."""
        self._remote = remote
        self._calls = remote.calls
        self._last: Call | None = None
        self._handling = 0
        """In so many blocks the tests handle exceptions themselves: there one is raised, not written down."""
        self._handling_failures = 0
        """In so many of these, failed assertions too."""

    @property
    def called(self) -> bool:
        """The tests have called the program."""
        return self._remote.called > 0

    async def awaited(self, made: Any) -> object:
        """What the awaitable gives; what a method gave, which the program's process has awaited, as it is."""
        call = self.call()
        of_method = call is not None and call.name.startswith("#")
        return made if of_method and not inspect.isawaitable(made) else await made

    def held(self) -> None:
        """The condition of an assertion was true."""
        self.passed += 1
        if self._calls:
            self._last = self._calls[-1]
            self._calls.clear()

    def latest(self) -> Call | None:
        """The last call since the last assertion."""
        return self._calls[-1] if self._calls else None

    def differs(
        self, of_left: Call | None, left: object, right: object, turned: bool, *message: _Made
    ) -> None:
        """Two sides are not equal; with that call the left one was known, which is expected if `turned`."""
        turned = turned or (of_left is None and bool(self._calls))
        last = self.call()
        actual, expected = (right, left) if turned else (left, right)
        self._fails(of_left or last, show(expected), show(actual), message)

    def distinct(
        self, of_left: Call | None, left: object, right: object, turned: bool, *message: _Made
    ) -> None:
        """Two sides are not one object. Raises Undecided if in one process they could be."""
        call = self._calls[-1] if self._calls else self._last
        known = call is not None and any(
            call.result is one and any(other is given for given in call.given)
            for one, other in ((left, right), (right, left))
        )
        if (
            not known
            and not isinstance(left, _ALONE)
            and type(left) is type(right)
            and _is_equal(left, right)
        ):
            self._remote.undecided(
                f"they ask whether two equal values are one {type(left).__name__}; that is lost on the way"
            )
        self.differs(of_left, left, right, turned, *message)

    def fails(
        self, source: str, value: object, wanted: str, names: dict[str, _Made], *message: _Made
    ) -> None:
        """A condition that reads so is not met. If all of it is one call, that should return `wanted`."""
        call = self.call()
        known = ", ".join(f"{name} = {show(item)}" for name, item in _values(names))
        expected = f"{source} where {known}" if known else source
        if call and call.result is value:
            expected = wanted
        self._fails(call, expected, show(call.result) if call else "", message)

    def refused(self, *message: _Made) -> None:
        """An assertion that nothing could meet was reached: its message tells why."""
        told = " ".join(_said(make) for make in message) or "the tests came to where they should not"
        if self._handling_failures:
            raise _Failed(self.call(), "", "", *(make() for make in message))
        self.fail("AssertionError", "error", call=self.call(), expected="", error=told)

    def broke(self, error: Exception, source: str) -> None:
        """Something was raised where an assertion that reads so was tried."""
        if self._handling:
            raise error
        self.fail_of(error, source)

    def raised(self, error: Exception) -> None:
        """Something was raised by a statement whose value nobody uses: a failure too, if by the program."""
        if self._handling or told_of(error) is None:
            raise error
        self.fail_of(error, "")

    @contextmanager
    def handling(self, failures: bool) -> Iterator[None]:
        """A block in which the tests handle exceptions themselves, and perhaps failed assertions."""
        self._handling += 1
        self._handling_failures += failures
        try:
            yield
        finally:
            self._handling -= 1
            self._handling_failures -= failures

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

    def fail_of(self, error: BaseException, expected: str) -> None:
        """A failure because something was raised: by the program, or by the tests over what it returned."""
        if isinstance(error, _Failed):
            self.fail(
                "AssertionError", "failed", call=error.call, expected=error.expected, actual=error.actual
            )
            return
        call, told = self.call(), told_of(error)
        if told:
            if not self.failed:
                self.line = told.line
            self.fail(told.builtin, "error", call=call, expected=expected, error=told.description)
            return
        actual = show(call.result) if call else ""
        kind = type(error).__name__
        if isinstance(error, AssertionError) or not isinstance(error, Exception):
            text = text_of(error)
        else:
            text = f"{kind}: {text_of(error)}{_line_of_tests(error)}"
        self.fail(kind, "failed", call=call, expected=expected, actual=actual, error=text)

    def _fails(self, call: Call | None, expected: str, actual: str, message: tuple[_Made, ...]) -> None:
        """The assertion's own message speaks where no call does."""
        if self._handling_failures:
            raise _Failed(call, expected, actual, *(make() for make in message))
        told = "" if call else " ".join(_said(make) for make in message)
        self.fail("AssertionError", "failed", call=call, expected=expected, actual=actual, error=told)


def _line_of_tests(error: BaseException) -> str:
    """Where in the tests it rose."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<tests>"
    ]
    return f" (line {lines[-1]} of the tests)" if lines else ""


class _Failed(AssertionError):
    """An assertion that failed where the tests handle that; its evidence counts if they do not."""

    def __init__(self, call: Call | None, expected: str, actual: str, *message: object) -> None:
        super().__init__(*message)
        self.call = call
        self.expected = expected
        self.actual = actual


def _is_equal(one: object, other: object) -> bool:
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001  # what cannot be compared is not the same
        return False


def _said(message: _Made) -> str:
    try:
        return str(message())
    except Exception as error:  # noqa: BLE001  # the tests' own
        return f"<message that raises {type(error).__name__}>"


def _values(names: dict[str, _Made]) -> Iterator[tuple[str, object]]:
    """What the names stand for, functions and modules left out."""
    for name, make in names.items():
        try:
            value = make()
        except Exception:  # noqa: BLE001, S112  # a name that is not bound here
            continue
        if not callable(value) and not isinstance(value, ModuleType | Function):
            yield name, value
