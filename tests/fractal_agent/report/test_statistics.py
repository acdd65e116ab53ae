"""Intervals for pass rates, and whether two of them differ."""

import pytest

from fractal_agent.report.statistics import mcnemar, wilson


@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (90, 164, 0.4723, 0.6230)],
)
def test_known_intervals(passed: int, total: int, low: float, high: float) -> None:
    """The interval agrees with published values of the Wilson score."""
    found = wilson(passed, total)

    assert (found.low, found.high) == (pytest.approx(low, abs=2e-3), pytest.approx(high, abs=2e-3))


def test_nothing_measured_is_no_knowledge() -> None:
    """Without a case the rate may be anything."""
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("won", "lost", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (3, 3, 1.0), (10, 2, 158 / 4096), (86, 150, 3.716e-5)],
)
def test_known_chances(won: int, lost: int, p: float) -> None:
    """The exact McNemar test agrees with values of the binomial distribution, whichever side won."""
    assert mcnemar(won, lost) == mcnemar(lost, won) == pytest.approx(p, rel=1e-3)


def test_many_changes_do_not_overflow() -> None:
    """Thousands of pairs that changed sides have a chance between 0 and 1."""
    assert 0.0 < mcnemar(2000, 2100) < 1.0
