"""What a pass rate does not show, counted from the log."""

import pytest

from events import CaseSetAside, GenerationCompleted, PlanRevised
from replay.timeline import Caveats, Timeline
from tests.replay.told import asked, code, graded, log, plan, problem, said


def told(**changes: object) -> Caveats:
    """The caveats of a run with one answer, changed as told."""
    answer = GenerationCompleted(**{"text": "x", "finish_reason": "stop", **changes})  # type: ignore[arg-type]
    lines = log(("A", problem()), ("A/coder.0/generate.0", asked()), ("A/coder.0/generate.0", answer))
    return Timeline.of(lines).caveats


@pytest.mark.parametrize(
    ("changes", "caveats"),
    [
        ({}, Caveats()),
        ({"finish_reason": "length"}, Caveats(cut=1)),
        ({"finish_reason": "refused"}, Caveats(refused=1)),
        ({"uncounted": True}, Caveats(uncounted=1)),
        ({"finish_reason": "length", "uncounted": True}, Caveats(cut=1, uncounted=1)),
    ],
)
def test_answers(changes: dict[str, object], caveats: Caveats) -> None:
    """Each answer counts for what became of it, and a good one for nothing."""
    assert told(**changes) == caveats
    assert bool(caveats) is (caveats != Caveats())


def test_copied_answers_count_too() -> None:
    """An answer that a fork copied was cut all the same."""
    cut = GenerationCompleted(text="x", finish_reason="length")
    lines = log(("A", problem()), ("A/coder.0/generate.0", asked(reused=True)), ("A/coder.0/generate.0", cut))

    assert Timeline.of(lines).caveats == Caveats(cut=1)


def test_empty_plans() -> None:
    """A plan of nothing but blanks is empty, drafted or revised."""
    revised = PlanRevised(problem=problem(), plan=" \n", previous="1. Go.")
    lines = log(("A", problem()), ("A/planner.0", plan("")), ("A/repairer.0", revised), ("A/coder.0", code()))

    assert Timeline.of(lines).caveats == Caveats(empty_plans=2)


def test_case_is_set_aside_until_it_is_taken_up() -> None:
    """Whatever happens to a case afterwards takes it up again; its verdict ends it as any other's."""
    lines = log(
        ("A", problem()),
        ("A/set-aside", CaseSetAside(kind="ValueError", error="no"), 1),
        ("A/coder.0/generate.0", asked(), 1),
        ("A/coder.0/generate.0", said()),
        ("A/grade.0", graded()),
    )
    timeline = Timeline.of(lines[:3])
    before = (timeline.unfinished, [case.id for case in timeline.set_aside], timeline.caveats.set_aside)
    timeline.add(lines[3])
    between = (timeline.unfinished, timeline.set_aside, timeline.caveats.set_aside)

    assert before == (["A"], ["A"], 1)
    assert between == (["A"], [], 0)
    assert Timeline.of(lines).passed == 1


def test_sum() -> None:
    """Caveats of cases and cells add up field by field."""
    assert Caveats(cut=1, refused=2) + Caveats(cut=3, set_aside=1) == Caveats(cut=4, refused=2, set_aside=1)
