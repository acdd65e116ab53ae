"""The list of runs at any width."""

import io
import re

import pytest

from fractal_agent.report.listing import RunLine, render_runs
from fractal_agent.terminal import Terminal
from replay.timeline import Caveats

ID = "20261124-051500-a-rather-long-architecture-with-a-name-of-its-own"


def lines(**changed: object) -> list[RunLine]:
    fields = {
        "run_id": ID,
        "log": "l",
        "state": "completed",
        "began": "2026-11-24T05:15:00",
        "architecture": "repair",
        "model": "Qwen/Qwen2.5-Coder-0.5B-Instruct",
        "total": 9,
        "graded": 8,
        "passed": 7,
    }
    return [RunLine(**(fields | changed))]  # type: ignore[arg-type]


def printed(width: int, **changed: object) -> str:
    stream = io.StringIO()
    Terminal(file=stream, width=width).print(render_runs(lines(**changed)), crop=False)
    return stream.getvalue()


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 100, 120, 200, 10_000])
def test_ids_are_never_cut(width: int) -> None:
    """Whatever the width, each id stands in one line, whole, with the state behind it."""
    assert re.search(rf"^ *{ID} .*completed *$", printed(width), re.MULTILINE)
    assert "…" not in printed(width)


def test_columns_give_way() -> None:
    """The narrower, the fewer columns: first those of which the id or a default tells."""
    wide, narrower = printed(200), printed(150)

    assert "Qwen" in wide
    assert "No room" not in wide
    assert "Qwen" not in narrower
    assert "No room for: model, feedback." in narrower
    assert max(map(len, narrower.splitlines())) <= 150


def test_oracle_is_told_at_any_width() -> None:
    """The number of passes of a run with oracle feedback never stands without that word."""
    for width in (150, 170, 200):
        assert "oracle" in printed(width, feedback="oracle")


def test_caveats_are_told_at_any_width() -> None:
    """What a number of passes does not show stands beside it, in a column or in brackets."""
    for width in (60, 100, 150, 170, 200):
        assert "3 cut" in printed(width, caveats=Caveats(cut=3))
    assert "caveats" not in printed(200)


def test_running() -> None:
    """A run that is going on is told with its process, and with the machine that it is on."""
    assert "running in process 42 " in printed(200, state="running", process=42)
    assert "running in process 42 on there " in printed(200, state="running", process=42, host="there")
    assert "running in another process " in printed(200, state="running")
