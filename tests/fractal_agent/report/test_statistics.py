"""Intervals for pass rates."""

import pytest

from fractal_agent.report.statistics import wilson


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
