"""One case, told from its events."""

from pathlib import Path

import pytest

from events import (
    LOG_NAME,
    AlgorithmSketched,
    Entry,
    LogReader,
    ProblemPosed,
    SnippetWritten,
    Step,
    StepsListed,
)
from fractal_agent.report.story import Chapter, chapters
from replay.timeline import CaseStory, Timeline

GOLDEN = Path(__file__).parents[2] / "golden" / "v1" / "agrees" / LOG_NAME


@pytest.fixture(scope="module")
def timeline() -> Timeline:
    import runpy

    runpy.run_path(str(GOLDEN.parents[2] / "troupe.py"), run_name="troupe")
    return Timeline.of(LogReader(GOLDEN))


def told(timeline: Timeline, case: str, branch: str) -> list[Chapter]:
    """The chapters of one branch, with the problem and the verdict."""
    found = chapters(timeline.cases[case])
    return [found[0], *(chapter for chapter in found if branch in chapter.path), found[-1]]


def test_repair_is_told_in_order(timeline: Timeline) -> None:
    """A repaired case reads: problem, plan, code, failure, revised plan, new code, success, verdict."""
    titles = [chapter.title.split(" (")[0] for chapter in told(timeline, "HumanEval/53", "draft-0")]

    assert titles == [
        "Problem",
        "Plan",
        "Code",
        "Critic: 2 of 2 examples fail",
        "Revised plan",
        "New code",
        "Critic: all 2 examples pass",
        "Hidden tests: passed after a repair",
    ]


def test_failing_example_shows_expected_and_found(timeline: Timeline) -> None:
    """The critic's chapter names the call, what was expected and what came."""
    failure = told(timeline, "HumanEval/53", "draft-0/critic.0")[1]

    assert "add(2, 3)\n  expected  5\n  found     -1" in failure.body


def test_revision_is_a_diff(timeline: Timeline) -> None:
    """The revised plan and the new code are shown as what was taken away and added."""
    _, plan, *_ = told(timeline, "HumanEval/53", "draft-0/mender.0")
    _, code, *_ = told(timeline, "HumanEval/53", "draft-0/scribe.1")

    assert (plan.kind, code.kind) == ("diff", "diff")
    assert "-Subtract.\n+Add." in plan.body
    assert "-    return x - y\n+    return x + y" in code.body


def test_steps_and_snippets_are_told() -> None:
    """Sketch, steps and snippets stand in the story, and a whole function for a snippet is named so."""
    problem = ProblemPosed(task_id="T/0", prompt="def f(): ...", entry_point="f")
    case = CaseStory("T/0", problem, 0.0)
    steps = (Step(text="Loop.", inside=(Step(text="Add."),)),)
    for number, event in enumerate(
        [
            AlgorithmSketched(problem=problem, sketch="Go."),
            StepsListed(problem=problem, sketch="Go.", steps=steps),
            SnippetWritten(number="1.1", code="def f(): pass", whole=True),
        ]
    ):
        case.add(Entry(seq=number, at=0.0, path=f"T/0/{number}", cause=None, event=event))

    titles = [chapter.title.split(" (")[0] for chapter in chapters(case)]

    assert titles[1:-1] == ["Sketch", "Steps", "Snippet of step 1.1, a whole function"]
