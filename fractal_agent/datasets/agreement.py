"""When two results agree: what EvalPlus's hidden tests call right.

The source of this module is the beginning of those tests, so it imports nothing of the project, and the
standard library only. Each rule takes the result, the reference's result, the arguments and the absolute
tolerance. The rules are those of EvalPlus 0.3.1 (`evalplus/eval`), which allows some tasks more than the one
result.
"""

from __future__ import annotations

import math

TYPE_CHECKING = False  # `typing` takes long to import, and the tests run without it.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    Arguments: TypeAlias = Sequence[Any]  # Any: arguments and results of foreign code
    Rule: TypeAlias = Callable[[Any, Any, Arguments, float], bool]

RELATIVE_TOLERANCE = 1e-7
FLOAT_TOLERANCE = 1e-6
"""Absolute, of floats in tasks that set none."""


def equal(result: Any, expected: Any, arguments: Arguments, tolerance: float) -> bool:
    """Equal, or of one type and near: floats always, other numbers where the task sets a tolerance."""
    if result == expected:
        return True
    allowed = tolerance or (FLOAT_TOLERANCE if floats(expected) else 0.0)
    return allowed > 0 and type(result) is type(expected) and near(result, expected, allowed)


def same_members(result: Any, expected: Any, arguments: Arguments, tolerance: float) -> bool:
    """Equal as sets: the task leaves the order open."""
    return set(result) == set(expected)


def found(result: Any, expected: Any, arguments: Arguments, tolerance: float) -> bool:
    """A match object or None will do for True or False."""
    wanted = expected if isinstance(expected, bool) else expected is not None
    return (result if isinstance(result, bool) else result is not None) == wanted


def anything(result: Any, expected: Any, arguments: Arguments, tolerance: float) -> bool:
    """The task is too vague to be judged: it is enough that the program returns."""
    return True


def equal_or_zero(result: Any, expected: Any, arguments: Arguments, tolerance: float) -> bool:
    return equal(result, expected, arguments, tolerance) or bool(result == 0)


def surface(result: Any, expected: Any, arguments: Arguments, tolerance: float) -> bool:
    """Also the surface of a pyramid whose `height` is that of its apex above the base."""
    edge, height = arguments
    slant = math.hypot(edge / 2, height)
    other = round(edge * edge + 2 * edge * slant)
    return equal(result, expected, arguments, tolerance) or bool(abs(result - other) <= tolerance)


def digits(result: Any, expected: Any, arguments: Arguments, tolerance: float) -> bool:
    """Also the sum of the differences digit by digit, the shorter number filled up with zeros."""
    first, second = map(str, arguments)
    width = max(len(first), len(second))
    pairs = zip(first.zfill(width), second.zfill(width), strict=True)
    other = sum(abs(int(one) - int(two)) for one, two in pairs)
    return equal(result, expected, arguments, tolerance) or bool(result == other)


def root(result: Any, expected: Any, arguments: Arguments, tolerance: float) -> bool:
    """Any zero of the polynomial, not only the one that the reference finds."""
    (coefficients,) = arguments
    value = sum(factor * math.pow(result, power) for power, factor in enumerate(coefficients))
    return bool(abs(value) <= tolerance)


def near(result: Any, expected: Any, allowed: float) -> bool:
    """Within the tolerance, number by number; a NaN is near a NaN."""
    if isinstance(expected, (list, tuple)):
        alike = isinstance(result, (list, tuple)) and len(result) == len(expected)
        return alike and all(near(one, two, allowed) for one, two in zip(result, expected, strict=True))
    if result == expected or (result != result and expected != expected):  # noqa: PLR0124  # only NaN is not itself
        return True
    return bool(abs(result - expected) <= allowed + RELATIVE_TOLERANCE * abs(expected))


def floats(value: Any) -> bool:
    """A float, or a list or tuple of nothing else."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(isinstance(one, float) for one in value)
    return isinstance(value, float)


def compare(
    candidate: Callable[..., Any],
    reference: Callable[..., Any],
    inputs: Callable[[], Iterable[Arguments]],
    rule: Rule,
    tolerance: float,
) -> None:
    """Raises AssertionError at the first input for which the candidate's result is not right.

    `inputs` makes all of them anew at each call, so a program that changes its arguments spoils only its own.
    """
    for given, kept, asked in zip(inputs(), inputs(), inputs(), strict=True):
        assert rule(candidate(*given), reference(*kept), asked, tolerance)
