"""What no role and no architecture may swallow: signals that end a case, whatever catches `Exception`."""

from collections.abc import Iterable
from typing import ClassVar


class Signal(BaseException):
    """Ends the case it is raised in.

    Derives from BaseException: an `except Exception` in a role must not go on after it, because
    everything that follows would be made up.
    """

    rank: ClassVar[int]
    """Of several signals at once, the one with the lowest rank is told."""


def gravest(errors: Iterable[BaseException]) -> BaseException:
    """The error that tells most: the signal of lowest rank, else the first error that is not a group.

    Groups are looked into. Of equals, the first counts.
    """
    flat = [single for error in errors for single in _singles(error)]
    signals = [error for error in flat if isinstance(error, Signal)]
    return min(signals, key=lambda signal: signal.rank, default=flat[0])


def _singles(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [single for inner in error.exceptions for single in _singles(inner)]
    return [error]
