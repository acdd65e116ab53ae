"""What is an architecture, and what is refused as one."""

from typing import Any

import pytest

from events import CodeWritten, ProblemPosed
from fractal_agent.architectures.base import ArchitectureError, Stage, architecture


async def one(problem: ProblemPosed) -> CodeWritten:
    raise NotImplementedError


async def three(problem: ProblemPosed, stage: Stage, more: int) -> CodeWritten:
    raise NotImplementedError


def plain(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    raise NotImplementedError


async def more(problem: ProblemPosed, stage: Stage, rounds: int = 2) -> CodeWritten:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        (plain, "is no async function"),
        (one, "too many positional"),
        (three, "missing a required argument: 'more'"),
    ],
)
def test_other_shapes_are_refused(run: Any, problem: str) -> None:
    """A function that could not be run as an architecture is refused where it is declared."""
    with pytest.raises(ArchitectureError, match=problem) as caught:
        architecture(run)
    assert f"expected async def {run.__name__}(problem: ProblemPosed" in str(caught.value)


def test_default_is_no_third_argument() -> None:
    """An argument with a default does not stand in the way."""
    assert architecture(more).name == "more"
