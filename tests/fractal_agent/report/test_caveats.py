"""The words for what stands beside a rate."""

from fractal_agent.report.caveats import short_caveats, told_caveats
from replay.timeline import Caveats


def test_each_is_told() -> None:
    """Every count that is not zero is named, in the singular where it is one."""
    caveats = Caveats(refused=1, cut=2, empty_plans=1, set_aside=3, uncounted=1_000)

    assert told_caveats(caveats) == (
        "1 answer refused, 2 answers cut at the token budget, 1 empty plan, 3 cases set aside, "
        "1,000 answers without token counts"
    )
    assert short_caveats(caveats) == "1 refused, 2 cut, 1 empty plan, 3 set aside, 1,000 uncounted"


def test_nothing_is_told_of_nothing() -> None:
    """A run without any of them says nothing."""
    assert (told_caveats(Caveats()), short_caveats(Caveats())) == ("", "")
