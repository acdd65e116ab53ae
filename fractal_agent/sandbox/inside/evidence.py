"""The book that rewritten tests write into: which assertions held, and what each that failed has to show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from fractal_agent.sandbox.inside.remote import Call, Raised, Remote, show

KEPT = 20
"""So many failures are kept with their evidence; of more, only the number."""


class Book:
    """Assertions of one run of the tests, in the order in which they were reached."""

    def __init__(self, remote: Remote) -> None:
        self.passed = 0
        self.failed = 0
        self.failures: list[dict[str, str]] = []
        self.kind = ""
        """Type of the exception with which the plain tests would have ended."""
        self.first: Call | None = None
        """The call behind the first failure."""
        self.is_handled = 0
        self._calls = remote.calls
        self._last: Call | None = None

    def case(self, source: str) -> _Case:
        """One assertion, whose condition reads so."""
        return _Case(self, source)

    def step(self) -> _Step:
        """One statement whose value nobody uses; what the program raises there is a failure too."""
        return _Step(self)

    @contextmanager
    def handled(self) -> Iterator[None]:
        """A block in which the tests may expect a failure: there it is raised, and not written down."""
        self.is_handled += 1
        try:
            yield
        finally:
            self.is_handled -= 1

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


class _Case:
    def __init__(self, book: Book, source: str) -> None:
        self._book = book
        self._source = source
        self._left: Call | None = None
        self._raises = False
        self._message: tuple[object, ...] = ()

    def __enter__(self) -> Self:
        return self

    def between(self) -> None:
        """The left side is known, the right one is not."""
        calls = self._book._calls  # noqa: SLF001  # two classes of one thought
        self._left = calls[-1] if calls else None
        if calls:
            self._book.call()

    def compared(self, holds: object, left: object, right: object) -> bool:
        book = self._book
        turned = self._left is None and bool(book._calls)  # noqa: SLF001  # as above
        call = book.call()
        if holds:
            book.passed += 1
            return True
        actual, expected = (right, left) if turned else (left, right)
        self._fail(self._left or call, show(expected), show(actual))
        return False

    def held(self, holds: object, wanted: str) -> bool:
        book = self._book
        call = book.call()
        if holds:
            book.passed += 1
            return True
        self._fail(call, wanted or self._source, show(call.result) if call else "")
        return False

    def _fail(self, call: Call | None, expected: str, actual: str) -> None:
        if self._book.is_handled:
            self._raises = True
            return
        self._book.fail("AssertionError", "failed", call=call, expected=expected, actual=actual)

    def says(self, message: object) -> None:
        """The assertion's own message; it speaks where no call does."""
        self._message = (message,)
        failures = self._book.failures
        if not self._raises and failures and not failures[-1]["call"]:
            failures[-1]["error"] = str(message)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        if error is None and self._raises:
            raise AssertionError(*self._message)
        if self._book.is_handled or not isinstance(error, Exception):
            return False
        self._book.fail_of(error, self._source)
        return True


class _Step:
    def __init__(self, book: Book) -> None:
        self._book = book

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        if self._book.is_handled or not isinstance(error, Raised):
            return False
        self._book.fail_of(error, "")
        return True
