"""Intervals for pass rates, and whether two of them differ."""

import math

import msgspec


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A range for a rate, both ends in 0..1."""

    low: float
    high: float


def wilson(passed: float, total: int, *, z: float = 1.959964) -> Interval:
    """The Wilson score interval for a proportion, 95 % by default.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927). With `total` 0 it is 0..1.
    """
    if total == 0:
        return Interval(low=0.0, high=1.0)
    rate, square = passed / total, z * z
    centre = rate + square / (2 * total)
    spread = z * math.sqrt(rate * (1 - rate) / total + square / (4 * total * total))
    scale = 1 + square / total
    return Interval(low=max(0.0, (centre - spread) / scale), high=min(1.0, (centre + spread) / scale))


def mcnemar(won: int, lost: int) -> float:
    """The exact two-sided p-value that as many pairs change sides so unevenly by chance; 1 when none does.

    The test of Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12 (1947), with the binomial distribution in place of its approximation.
    """
    changed = won + lost
    tail = sum(math.comb(changed, k) for k in range(min(won, lost) + 1))
    return min(1.0, tail / (1 << changed) * 2)
