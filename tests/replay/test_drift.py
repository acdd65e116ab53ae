"""The first divergence, told so that it can be mended."""

import pytest

from events import CodeWritten, GenerationRequested, Message, PlanDrafted, ProblemPosed
from events.envelope import Entry, Unknown
from replay.drift import Diverged
from replay.journal import Journal
from replay.policy import Strict

PROBLEM = ProblemPosed(task_id="Test/0", prompt="def f(): ...", entry_point="f")


def request(word: str, *, temperature: float = 0.0) -> GenerationRequested:
    content = f"First line.\n{word} the plan.\nLast line."
    return GenerationRequested(
        messages=(Message(role="user", content=content),), temperature=temperature, seed=7
    )


def test_diff_shows_the_line_that_changed() -> None:
    """A word changed inside a prompt shows as that line before and after, without the fields that agree."""
    diff = Diverged("p", recorded=request("Write"), now=request("Draft")).diff()

    assert "-  Write the plan." in diff
    assert "+  Draft the plan." in diff
    assert not any("seed" in line for line in diff)


def test_summary_names_every_field_that_differs() -> None:
    """Two changed fields are both named."""
    diverged = Diverged("p", recorded=request("Write"), now=request("Draft", temperature=0.8))

    assert diverged.summary == "GenerationRequested differs in messages, temperature"


def test_missing_event_is_told() -> None:
    """What was recorded and does not happen any more is said to be gone."""
    diverged = Diverged("p", recorded=request("Write"), now=None)

    assert diverged.summary == "recorded GenerationRequested, but it does not happen any more"
    assert str(diverged).startswith("p: ")


def test_nested_event_is_compared_in_depth() -> None:
    """A difference in the problem inside a plan shows the field that differs."""
    other = ProblemPosed(task_id="Test/0", prompt="def f(): pass", entry_point="f")

    diff = Diverged(
        "p", recorded=PlanDrafted(problem=PROBLEM, plan="1"), now=PlanDrafted(problem=other, plan="1")
    ).diff()

    assert "-  prompt: def f(): ..." in diff
    assert "+  prompt: def f(): pass" in diff


def test_difference_that_lines_do_not_show_is_shown() -> None:
    """Events that differ in a newline at the end only still have a diff."""
    before, after = (CodeWritten(problem=PROBLEM, code=code) for code in ("a", "a\n"))

    assert Diverged("p", recorded=before, now=after).diff() != []


def test_error_instead_of_an_event_is_told() -> None:
    """When something is raised where an event was recorded, the summary says what."""
    diverged = Diverged("p", recorded=request("Write"), now=None, error=ValueError("no"))

    assert diverged.summary == "recorded GenerationRequested, but now ValueError: no is raised"


def test_event_that_no_class_reads_is_told() -> None:
    """Where a plug-in's event was renamed, a replay names both the old and the new one."""
    former = Unknown(type="Former", raw=b'{"type":"Former","plan":"Add."}')
    policy = Strict(Journal([Entry(seq=3, at=0.0, path="T/0/planner.0", cause=0, event=former)]))
    now = PlanDrafted(problem=ProblemPosed(task_id="T/0", prompt="", entry_point="f"), plan="Add.")

    with pytest.raises(
        Diverged, match=r"recorded Former, which no class here reads.* Now PlanDrafted"
    ) as caught:
        policy.fact("T/0/planner.0", now)
    assert {"-Former", "+PlanDrafted"} <= set(caught.value.diff())
