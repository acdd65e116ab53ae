"""What holds of any two runs that are compared."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from events import AnswerSubmitted, Event, GenerationRequested, Unknown
from replay.compare import Comparison, compare
from replay.course import Pair
from tests.replay.told import Run, Told, asked, graded, log, plan, problem, said, started

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
