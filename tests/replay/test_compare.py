"""Two runs aligned by path."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import (
    LOG_NAME,
    AnswerSubmitted,
    Branch,
    CodeWritten,
    Entry,
    Event,
    ExecutionCompleted,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    LogReader,
    Message,
    Origin,
    PlanDrafted,
    ProblemPosed,
    RunResumed,
    RunStarted,
    Unknown,
)
from events.fakes import header
from replay.compare import Comparison, Difference, compare
from replay.course import Pair

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"

Told = tuple[str, Event | Unknown] | tuple[str, Event | Unknown, int]
Run = list[Entry[Event | Unknown]]


def started(
    tasks: Sequence[str] = ("A",),
    branches: Sequence[str] = (),
    made: Mapping[str, object] | None = None,
    **changes: object,
) -> RunStarted:
    """A header; keywords change the settings."""
    usual = header()
    origin = Origin(
        run_id="parent", log="", head="", branches=tuple(Branch(name=branch) for branch in branches)
    )
    return RunStarted(
        run_id="run",
        settings=msgspec.structs.replace(usual.settings, tasks=tuple(tasks), **changes),
        provenance=msgspec.structs.replace(usual.provenance, **(made or {})),
        origin=origin if branches else None,
    )


def log(*told: Told, start: RunStarted | None = None, at: float = 0.0) -> Run:
    """A log, one line a second. A third part is the line it follows from, which else is the one before."""
    lines: list[Told] = [("", start or started()), *told]
    return [
        Entry(
            seq=seq,
            at=at + seq,
            path=line[0],
            cause=line[2] if len(line) == 3 else (seq - 1 if seq > 1 else None),
            event=line[1],
        )
        for seq, line in enumerate(lines)
    ]


def problem(task: str = "A") -> ProblemPosed:
    return ProblemPosed(task_id=task, prompt="def f(): ...", entry_point="f")


def asked(word: str = "Go.", *, seed: int = 0, reused: bool = False) -> GenerationRequested:
    return GenerationRequested(messages=(Message(role="user", content=word),), seed=seed, reused=reused)


def said(text: str = "Yes.", *, tokens: int = 1) -> GenerationCompleted:
    return GenerationCompleted(text=text, finish_reason="stop", prompt_tokens=10, completion_tokens=tokens)


def plan(text: str = "1. Go.", task: str = "A") -> PlanDrafted:
    return PlanDrafted(problem=problem(task), plan=text)


def code(text: str = "pass") -> CodeWritten:
    return CodeWritten(problem=problem(), code=text)


def graded(outcome: Any = "passed") -> GradingCompleted:
    return GradingCompleted(outcome=outcome)


def short(case: str, outcome: str, *, text: str = "", task: str = "") -> list[Told]:
    """A case that is posed, planned and graded."""
    return [
        (case, problem(task or case)),
        (f"{case}/planner.0", plan(text, task or case)),
        (f"{case}/grade.0", graded(outcome)),
    ]


def only(comparison: Comparison) -> Pair:
    """The one pair there is."""
    (pair,) = comparison.pairs
    return pair


def place_of(comparison: Comparison) -> str:
    divergence = only(comparison).divergence
    assert divergence is not None
    return divergence.place


# What agrees.


def test_same_log_has_no_difference() -> None:
    """A run does not differ from itself."""
    run = list(LogReader(GOLDEN / "agrees" / LOG_NAME))

    found = compare(run, run)

    assert found.equal
    assert (len(found.pairs), found.prompts) == (3, [])


def test_circumstances_are_no_difference() -> None:
    """Other times, another run id, other seeds of requests and copied answers leave two runs equal."""
    there = log(("A", problem()), ("A/planner.0/generate.0", asked()), ("A/planner.0/generate.0", said()))
    again = log(
        ("A", problem()),
        ("A/planner.0/generate.0", asked(seed=7, reused=True)),
        ("A/planner.0/generate.0", said()),
        start=msgspec.structs.replace(started(), run_id="other"),
        at=1e6,
    )

    assert compare(there, again).equal


def test_order_of_cases_is_no_difference() -> None:
    """Two cases whose lines stand in another order in each log take the same course."""
    one, two = short("A", "passed"), short("B", "failed")
    lines = [(path, event, 0) for path, event, *_ in [one[0], two[0], one[1], two[1], two[2], one[2]]]

    assert compare(log(*one, *two), log(*lines)).equal


# What the runs were made with.


def test_settings_that_differ_are_told() -> None:
    """A setting, one part of a cast, and a part that only one run has are told with both values."""
    found = compare(
        log(start=started(seed=1, cast={"critic": "skeptic"})),
        log(start=started(seed=2, cast={"critic": "doubter", "coder": "scribe"})),
    )

    assert found.settings == (
        Difference(field="seed", a=1, b=2),
        Difference(field="cast.critic", a="skeptic", b="doubter"),
        Difference(field="cast.coder", a=None, b="scribe"),
    )


def test_tasks_are_told_by_count() -> None:
    """Of tasks, the counts are told and which only one run has."""
    tasks = compare(log(start=started("ABC")), log(start=started("BD"))).tasks

    assert tasks is not None
    assert (tasks.a, tasks.b, tasks.only_a, tasks.only_b) == (3, 2, ("A", "C"), ("D",))


def test_tasks_in_another_order_differ() -> None:
    """The same tasks in another order are a difference with nothing in only one run."""
    tasks = compare(log(start=started("AB")), log(start=started("BA"))).tasks

    assert tasks is not None
    assert (tasks.only_a, tasks.only_b) == ((), ())


def test_what_it_was_made_with_is_told() -> None:
    """A version, the digest of the weights and a setting of the engine are told."""
    found = compare(
        log(start=started(made={"versions": {"torch": "2.1"}, "engine": {"dtype": "auto"}})),
        log(start=started(made={"versions": {"torch": "2.2"}, "model_digest": "ab", "engine": {}})),
    )

    assert {(made.field, made.a, made.b) for made in found.made} == {
        ("versions.torch", "2.1", "2.2"),
        ("model_digest", "", "ab"),
        ("engine.dtype", "auto", None),
    }


def test_run_that_changed_its_making_tells_both() -> None:
    """A run that was taken up with another version has both of them, in their order."""
    before, after = (started(made={"versions": {"torch": torch}}) for torch in ("2.1", "2.2"))

    found = compare(log(start=before), log(("", RunResumed(provenance=after.provenance)), start=before))

    assert found.made == (Difference(field="versions.torch", a="2.1", b="2.1, then 2.2"),)


def test_roles_that_played_are_told() -> None:
    """The fingerprint of a role that played counts, or was cast for one; that of an idle role does not."""
    lines = short("A", "passed")
    marks = [{"planner": mark, "sketcher": mark, "coder": mark, "agents.replies": mark} for mark in "12"]

    plain = compare(*(log(*lines, start=started(made={"roles": roles})) for roles in marks))
    cast = compare(
        *(log(*lines, start=started(made={"roles": r}, cast={"planner": "sketcher"})) for r in marks)
    )

    assert [source.field for source in plain.sources] == ["planner", "agents.replies"]
    assert [source.field for source in cast.sources] == ["sketcher", "agents.replies"]


# Where a case parts.


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


# Verdicts and costs.


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ("failed", "passed", "won"),
        ("passed", "timeout", "lost"),
        ("failed", "error", "same"),
        ("passed", "passed", "same"),
    ],
)
def test_verdicts_are_those_of_b_against_a(a: str, b: str, verdict: str) -> None:
    """A case that only B passed is won, one that only A passed lost."""
    assert only(compare(log(*short("A", a)), log(*short("A", b)))).verdict == verdict


def test_case_without_verdict_is_open() -> None:
    """A case that one run did not finish is neither won nor lost."""
    found = compare(log(*short("A", "failed")), log(("A", problem())))

    assert (only(found).verdict, only(found).b.outcome) == ("open", "unfinished")
    assert place_of(found) == "planner.0"


def test_case_in_one_run_only_is_listed() -> None:
    """Cases that the other run has not posed are listed for each run."""
    found = compare(
        log(*short("A", "passed"), *short("B", "passed"), start=started("AB")),
        log(*short("B", "passed"), *short("C", "failed"), start=started("BC")),
    )

    assert [course.path for course in found.only_a] == ["A"]
    assert [course.path for course in found.only_b] == ["C"]
    assert only(found).a.path == "B"


def test_copied_answers_cost_what_they_cost() -> None:
    """A course whose answers were copied costs as much as the one it was copied from, and says so."""
    runs = [
        log(
            ("A", problem()),
            ("A/x.0/generate.0", asked(reused=reused)),
            ("A/x.0/generate.0", said(tokens=5)),
        )
        for reused in (False, True)
    ]

    found = compare(*runs)

    assert (found.a.cost.completion_tokens, found.b.cost.completion_tokens) == (5, 5)
    assert (found.a.cost.reused, found.b.cost.reused) == (0, 1)


# Branches.


def sampled(*branches: str, outcome: str = "passed") -> Run:
    """A fork that solves one task once in each branch."""
    lines = [line for branch in branches for line in short(f"{branch}/A", outcome, task="A")]
    return log(*lines, start=started(branches=branches))


def test_plain_case_is_compared_with_each_sample() -> None:
    """A case that A solved once is a pair with each time that B did, by the path inside the case."""
    found = compare(log(*short("A", "failed", text="1")), sampled("sample-0", "sample-1"))

    assert [(pair.a.path, pair.b.path) for pair in found.pairs] == [
        ("A", "sample-0/A"),
        ("A", "sample-1/A"),
    ]
    assert [pair.divergence.place for pair in found.pairs if pair.divergence] == ["planner.0", "planner.0"]
    assert (found.only_a, found.only_b, found.independent) == ((), (), False)


def test_samples_of_both_runs_are_paired_by_path() -> None:
    """Where both runs solved a task several times, equal paths are pairs and the rest stands alone."""
    found = compare(sampled("s-0", "s-1", "s-2"), sampled("s-1", "s-2", "s-3"))

    assert [pair.a.path for pair in found.pairs] == ["s-1/A", "s-2/A"]
    assert [course.path for course in (*found.only_a, *found.only_b)] == ["s-0/A", "s-3/A"]


def test_case_is_found_by_task_and_by_path() -> None:
    """A comparison narrows to all pairs of a task, or to the one of a path."""
    found = compare(log(*short("A", "failed")), sampled("sample-0", "sample-1"))

    assert len(found.of("A").pairs) == 2
    assert [pair.b.path for pair in found.of("sample-1/A").pairs] == ["sample-1/A"]
    assert found.cases == ["A", "sample-0/A", "sample-1/A"]


# Properties.

REPEATABLE = settings(deadline=None, derandomize=True)
WORDS = st.sampled_from(["x", "y"])


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Cases of up to three branches, each a chain of events that was cut somewhere; verdicts now and then."""
    tasks = draw(st.lists(st.sampled_from("ABC"), unique=True).map(sorted))
    lines: list[Told] = []
    for task in tasks:
        posed = len(lines) + 1
        lines.append((task, problem(task)))
        for branch in range(draw(st.integers(0, 3))):
            cause = posed
            for step in range(draw(st.integers(0, 3))):
                role = f"{task}/draft-{branch}/coder.{step}"
                chain: list[tuple[str, Event]] = [
                    (f"{role}/generate.0", asked(draw(WORDS), seed=draw(st.integers(0, 3)))),
                    (f"{role}/generate.0", said(draw(WORDS))),
                    (role, plan(draw(WORDS), task)),
                ]
                for path, event in chain[: draw(st.integers(1, 3))]:
                    lines.append((path, event, cause))
                    cause = len(lines)
        if draw(st.booleans()):
            lines.append((f"{task}/answer", AnswerSubmitted(code=draw(WORDS)), posed))
            lines.append((f"{task}/grade.0", graded(draw(st.sampled_from(["passed", "failed"])))))
    return log(*lines, start=started(tasks, seed=draw(st.integers(0, 1))))


def mirrored(found: Comparison) -> Comparison:
    """The same comparison with A in the place of B."""

    def swap(struct: Any) -> Any:  # any struct of two sides
        return msgspec.structs.replace(struct, a=struct.b, b=struct.a)

    def swap_pair(pair: Pair) -> Pair:
        return msgspec.structs.replace(
            swap(pair),
            divergence=swap(pair.divergence) if pair.divergence else None,
            prompts=tuple(map(swap, pair.prompts)),
        )

    tasks = found.tasks and msgspec.structs.replace(
        swap(found.tasks), only_a=found.tasks.only_b, only_b=found.tasks.only_a
    )
    return msgspec.structs.replace(
        swap(found),
        settings=tuple(map(swap, found.settings)),
        tasks=tasks,
        pairs=tuple(map(swap_pair, found.pairs)),
        only_a=found.only_b,
        only_b=found.only_a,
    )


@REPEATABLE
@given(runs())
def test_no_run_differs_from_itself(run: Run) -> None:
    """Whatever happened in a run, it equals itself."""
    assert compare(run, run).equal


@REPEATABLE
@given(runs(), runs())
def test_comparison_is_a_mirror(one: Run, other: Run) -> None:
    """What B is to A, A is to B: the same places, with the sides, and what was won and lost, exchanged."""
    there, back = compare(one, other), compare(other, one)

    assert mirrored(there) == back
    turned = {"won": "lost", "lost": "won"}
    assert [turned.get(pair.verdict, pair.verdict) for pair in there.pairs] == [p.verdict for p in back.pairs]


@REPEATABLE
@given(runs(), runs())
def test_nothing_that_led_to_the_first_divergence_differs(one: Run, other: Run) -> None:
    """Every cause of a first divergence agrees, in both runs."""
    for pair in compare(one, other).pairs:
        sides = (pair.divergence.a, pair.divergence.b) if pair.divergence else ()
        assert all(step.agrees for side in sides if side for step in side.causes)


@REPEATABLE
@given(runs(), runs())
def test_equal_means_that_every_case_has_the_same_events(one: Run, other: Run) -> None:
    """Two cases have no divergence when the same events stand at the same places, and only then."""

    def events(run: Run, case: str) -> set[tuple[str, bytes]]:
        return {
            (entry.path, msgspec.json.encode(without_seed(entry.event)))
            for entry in run
            if entry.path == case or entry.path.startswith(f"{case}/")
        }

    def without_seed(event: Event | Unknown) -> Event | Unknown:
        return msgspec.structs.replace(event, seed=0) if isinstance(event, GenerationRequested) else event

    for pair in compare(one, other).pairs:
        same = events(one, pair.a.path) == events(other, pair.b.path)
        assert (pair.divergence is None) == same
