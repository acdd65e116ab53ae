"""Two runs aligned by path: which cases are pairs, what was won and lost, and at what cost."""

import pytest

from replay.compare import compare
from tests.replay.told import Run, asked, log, only, place_of, problem, said, short, started

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
