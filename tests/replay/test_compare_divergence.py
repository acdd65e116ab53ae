"""Two runs aligned by path: where a case parts, and whose prompts differ."""

import msgspec

from events import LOG_NAME, ExecutionCompleted, ExecutionRequested, LogReader, Unknown
from replay.compare import compare
from tests.replay.told import GOLDEN, Run, asked, code, log, only, place_of, plan, problem, said


def course(plan_text: str, *, word: str = "Go.", code_text: str = "pass") -> Run:
    """Planned and coded, one generation each."""
    return log(
        ("A", problem()),
        ("A/planner.0/generate.0", asked(), 1),
        ("A/planner.0/generate.0", said(plan_text)),
        ("A/planner.0", plan(plan_text), 1),
        ("A/coder.0/generate.0", asked(word + plan_text)),
        ("A/coder.0/generate.0", said(code_text)),
        ("A/coder.0", code(code_text), 4),
    )


# Where a case parts.


def test_first_divergence_comes_before_what_follows_from_it() -> None:
    """An answer that differs is found, not the plan, the request and the code that it led to."""
    divergence = only(compare(course("left"), course("right"))).divergence

    assert divergence is not None
    assert (divergence.place, divergence.fields) == ("planner.0/generate.0", ["text"])
    assert divergence.summary == "GenerationCompleted: text"
    assert "-  left" in divergence.diff()
    assert "+  right" in divergence.diff()


def test_causes_lead_to_the_problem() -> None:
    """The chain of an event begins at the problem, names each path and type, and says what agrees."""
    divergence = only(compare(course("one"), course("one", code_text="other"))).divergence

    assert divergence is not None
    assert divergence.a is not None
    assert divergence.b is not None
    assert [(step.path, step.type, step.agrees) for step in divergence.a.causes] == [
        ("A", "ProblemPosed", True),
        ("A/planner.0", "PlanDrafted", True),
        ("A/coder.0/generate.0", "GenerationRequested", True),
    ]
    assert divergence.a.causes == divergence.b.causes


def test_extra_event_is_found_before_its_consequence() -> None:
    """Where B did one thing more, that is first, though what follows from it stands earlier in A's log."""
    idle = [(f"A/draft-{number}/idle.0", plan(), 1) for number in range(3)]

    found = compare(
        log(("A", problem()), ("A/coder.0", code("old"), 1), *idle),
        log(("A", problem()), *idle, ("A/planner.0", plan(), 1), ("A/coder.0", code("new"), 5)),
    )

    assert place_of(found) == "planner.0"
    assert only(found).divergence.summary == "PlanDrafted only in b"  # type: ignore[union-attr]  # place_of saw it


def test_causes_that_lead_in_a_circle_end() -> None:
    """A log whose lines claim to be each other's causes is compared all the same."""
    runs = [log(("A", problem()), ("A/x.0", plan(text), 3), ("A/y.0", plan(), 2)) for text in "12"]

    assert place_of(compare(*runs)) == "x.0"


def test_event_of_another_type_is_told() -> None:
    """A place where one run has a plan and the other a code differs in the type."""
    divergence = only(
        compare(log(("A", problem()), ("A/x.0", plan())), log(("A", problem()), ("A/x.0", code())))
    ).divergence

    assert divergence is not None
    assert divergence.summary == "PlanDrafted in a, CodeWritten in b"
    assert divergence.fields == []


def test_problem_itself_may_differ() -> None:
    """A task that was posed with another prompt parts at the problem, which has no cause."""
    other = msgspec.structs.replace(problem(), prompt="def f(x): ...")

    divergence = only(compare(log(("A", problem())), log(("A", other)))).divergence

    assert divergence is not None
    assert divergence.a is not None
    assert (divergence.place, divergence.fields, divergence.a.causes) == ("", ["prompt"], ())


def test_unknown_events_are_compared_by_their_bytes() -> None:
    """Events of a plug-in that is not here agree when their bytes do, and else tell the fields."""
    happy, sad = (Unknown(type="Mood", raw=b'{"type":"Mood","is":"%s"}' % word) for word in (b"up", b"down"))
    spaced = Unknown(type="Mood", raw=b'{"type":"Mood", "is":"up"}')
    one, other, third = (log(("A", problem()), ("A/x.0", mood)) for mood in (happy, sad, spaced))

    assert compare(one, one).equal
    assert only(compare(one, other)).divergence.summary == "Mood: is"  # type: ignore[union-attr]  # they differ
    assert "+  down" in only(compare(one, other)).divergence.diff()  # type: ignore[union-attr]  # they differ
    assert only(compare(one, third)).divergence.summary == "Mood: its bytes"  # type: ignore[union-attr]  # too


def test_interrupted_effect_counts_once() -> None:
    """A request that was recorded again when the run was resumed is the same course, at the same cost."""
    request = ("A/x.0/execute.0", ExecutionRequested(program="", entry_point="f"), 1)
    result = ("A/x.0/execute.0", ExecutionCompleted(outcome="passed"))

    found = compare(log(("A", problem()), request, result), log(("A", problem()), request, request, result))

    assert found.equal
    assert found.b.cost.executions == 1


# Prompts.


def test_prompts_are_told_by_role() -> None:
    """Each role that asks differently has a count, and in how many cases nothing differed before."""
    found = compare(course("one"), course("two", word="Now: "))

    assert only(found).requests == 2
    assert [(change.role, change.requests, change.first) for change in found.prompts] == [("coder", 1, 0)]


def test_example_of_a_prompt_is_one_that_differs_of_its_own_accord() -> None:
    """Of a role's prompts that differ, the one shown is where a case parts, when there is one."""
    first = [("A", problem("A")), ("A/x.0", plan("old")), ("A/coder.0/generate.0", asked("old"))]
    second = [("B", problem("B")), ("B/coder.0/generate.0", asked("old"))]
    other = [("A", problem("A")), ("A/x.0", plan("new")), ("A/coder.0/generate.0", asked("new"))]
    fourth = [("B", problem("B")), ("B/coder.0/generate.0", asked("new"))]

    (change,) = compare(log(*first, *second), log(*other, *fourth)).prompts

    assert (change.role, change.requests, change.first) == ("coder", 2, 1)
    assert change.example.a is not None
    assert change.example.a.path == "B/coder.0/generate.0"


def test_golden_logs_differ_in_one_role() -> None:
    """The golden log that diverges differs in the sketcher's prompts, and in nothing that came of them."""
    found = compare(*(LogReader(GOLDEN / name / LOG_NAME) for name in ("agrees", "diverges")))

    assert [(change.role, change.requests, change.first) for change in found.prompts] == [("sketcher", 6, 3)]
    assert {pair.verdict for pair in found.pairs} == {"same"}
    assert found.a.cost == found.b.cost
