"""One case, told from its events."""

import io
from pathlib import Path

import pytest

from events import (
    LOG_NAME,
    AlgorithmSketched,
    AnswerSubmitted,
    CaseSetAside,
    CodeWritten,
    Entry,
    Event,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    LogReader,
    Message,
    PlanDrafted,
    ProblemPosed,
    SnippetWritten,
    Step,
    StepsListed,
)
from fractal_agent.report.answers import budget_cutting
from fractal_agent.report.story import Chapter, chapters, render_story
from fractal_agent.terminal import Terminal
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


POSED = ProblemPosed(task_id="T/0", prompt="def f():\n", entry_point="f")
ASKED = GenerationRequested(messages=(Message(role="user", content="?"),), max_tokens=64)
CODE = CodeWritten(problem=POSED, code="def f():")


def story(*told: tuple[str, Event]) -> CaseStory:
    case = CaseStory("T/0", POSED, 0.0)
    for seq, (path, event) in enumerate(told):
        case.add(Entry(seq=seq, at=0.0, path=path, cause=None, event=event))
    return case


def answering(role: str, answer: GenerationCompleted, event: Event) -> list[tuple[str, Event]]:
    path = f"T/0/{role}/generate.0"
    return [(path, ASKED), (path, answer), (f"T/0/{role}", event)]


CUT = GenerationCompleted(text="def f():", finish_reason="length", completion_tokens=64)
WHOLE = GenerationCompleted(text="def f():", finish_reason="stop", completion_tokens=3)
PLAN = PlanDrafted(problem=POSED, plan="1. Go")
ENDING = (
    ("T/0/answer", AnswerSubmitted(code="def f():")),
    ("T/0/grade.0", GradingCompleted(outcome="error")),
)


def test_answers_that_were_cut() -> None:
    """A plan and a code that the token budget cut say so beside their titles, and so does the verdict."""
    case = story(*answering("planner.0", CUT, PLAN), *answering("coder.0", CUT, CODE), *ENDING)

    _, plan, code, verdict = chapters(case)

    assert (plan.title, plan.note) == ("Plan (64 tokens)", "cut at the token budget (64)")
    assert (code.title, code.note) == ("Code (64 tokens)", "cut at the token budget (64)")
    assert verdict.note == "the answer was cut at the token budget (64)"
    assert budget_cutting(case) == 64


def test_verdict_blames_the_budget_only_for_the_submitted_code() -> None:
    """A plan that was cut is not an answer that was cut."""
    case = story(*answering("planner.0", CUT, PLAN), *answering("coder.0", WHOLE, CODE), *ENDING)

    assert [chapter.note for chapter in chapters(case)] == ["", "cut at the token budget (64)", "", ""]
    assert budget_cutting(case) == 0


def test_cut_snippet_of_an_assembled_code() -> None:
    """A code that was put together counts as cut when one of its snippets was."""
    snippet = SnippetWritten(number="1", code="x = 1")
    case = story(*answering("stepwriter.0", CUT, snippet), ("T/0/assembler.0", CODE), *ENDING)

    assert budget_cutting(case) == 64


def test_answers_that_were_refused_or_asked_otherwise() -> None:
    """What was refused, left out of the request, or not counted stands beside what came of it."""
    refused = GenerationCompleted(
        text="", finish_reason="refused", error="too long", dropped=("seed", "prefill")
    )
    uncounted = GenerationCompleted(text="x", finish_reason="stop", uncounted=True)
    case = story(*answering("planner.0", refused, PLAN), *answering("coder.0", uncounted, CODE))

    _, plan, code, _ = chapters(case)

    assert plan.note == "refused: too long; asked without seed, prefill"
    assert code.title == "Code (tokens not counted)"


def test_reasoning_stands_apart() -> None:
    """What a model thought is a chapter of its own, before what it answered, and dimmed."""
    thoughtful = GenerationCompleted(text="def f():", finish_reason="stop", reasoning="Let me see.")
    told = chapters(story(*answering("coder.0", thoughtful, CODE)))
    stream = io.StringIO()
    Terminal(file=stream, force_terminal=True, width=80, color_system="standard").print(render_story(told))

    assert [(chapter.title, chapter.kind) for chapter in told[1:3]] == [
        ("Reasoning", "reasoning"),
        ("Code (0 tokens)", "python"),
    ]
    assert (told[1].path, told[1].body) == ("T/0/coder.0/generate.0", "Let me see.")
    assert "\x1b[2mLet me see.\x1b[0m" in stream.getvalue()


def test_case_that_was_set_aside() -> None:
    """A case that was set aside says why, and where."""
    aside = CaseSetAside(kind="ValueError", error="no", at="T/0/coder.0", traceback="Traceback ...\n")
    told = chapters(story(("T/0", aside)))

    assert (told[1].title, told[1].body) == ("Set aside: ValueError", "at T/0/coder.0: no\nTraceback ...")


@pytest.mark.parametrize("width", [10, 30, 60, 120])
def test_paths_are_never_cut(width: int) -> None:
    """However narrow the terminal, each path stands whole in one line, and no rule is wider than it."""
    case = story(*answering("a-branch/of-a/rather-long-name/coder.0", WHOLE, CODE))
    stream = io.StringIO()
    Terminal(file=stream, width=width, force_terminal=True, color_system=None).print(
        render_story(chapters(case)), crop=False
    )
    lines = stream.getvalue().splitlines()

    assert any(line.rstrip("─ ").endswith("T/0/a-branch/of-a/rather-long-name/coder.0") for line in lines)
    assert max(len(line) for line in lines if "─" in line) <= width
