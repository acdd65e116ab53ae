"""Where a text ends that stop strings cut."""

import pytest

from fractal_agent.engines.base import before_later_stop, before_stop


@pytest.mark.parametrize(
    ("text", "stops", "before", "later"),
    [
        ("a b", (), "a b", "a b"),
        ("a b c", ("c", "b"), "a ", "a "),
        ("```\nx\n```\ny", ("```",), "", "```\nx\n"),
        (" \n```x```", ("```",), " \n", " \n```x"),
        ("\n```x\n```", ("\n```",), "", "\n```x"),
        ("\n\n\nx\n\n\ny", ("\n\n\n",), "", "\n\n\nx"),
        ("```", ("```",), "", "```"),
        ("", ("x",), "", ""),
    ],
)
def test_stops(text: str, stops: tuple[str, ...], before: str, later: str) -> None:
    """A text ends before the first stop string, or before the first that has something before it."""
    assert (before_stop(text, stops), before_later_stop(text, stops)) == (before, later)
