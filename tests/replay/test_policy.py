"""One rule for live, resume and replay."""

import msgspec
import pytest

from events import (
    Entry,
    Event,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    PlanDrafted,
    ProblemPosed,
)
from replay.drift import Diverged
from replay.journal import Journal
from replay.policy import Live, RecordingEnded, Resume, Strict

PATH = "Test/0/planner.0/generate.0"
PROBLEM = ProblemPosed(task_id="Test/0", prompt="def f(): ...", entry_point="f")
PLAN = PlanDrafted(problem=PROBLEM, plan="1. Go.")
ANSWER = GenerationCompleted(text="1. Go.", finish_reason="stop")


def ask(word: str = "Sketch") -> GenerationRequested:
    return GenerationRequested(messages=(), prefill=word)


def journal(*, answered: bool = True, plan: Event | None = PLAN) -> Journal:
    events: list[tuple[str, Event]] = [("Test/0", PROBLEM), (PATH, ask())]
    events += [(PATH, ANSWER)] if answered else []
    events += [("Test/0/planner.0", plan)] if plan else []
    return Journal(
        Entry(seq=seq, at=0.0, path=path, cause=None, event=event) for seq, (path, event) in enumerate(events)
    )


def test_live_never_reuses() -> None:
    """A new run performs every effect and writes every event."""
    assert Live().effect(PATH, ask()) is None
    assert Live().fact("Test/0", PROBLEM) is None


@pytest.mark.parametrize("policy", [Resume, Strict])
def test_same_request_is_answered_from_the_record(policy: type[Resume] | type[Strict]) -> None:
    """A recorded request brings its recorded result and the number of its line."""
    effect = policy(journal()).effect(PATH, ask())

    assert effect is not None
    assert (effect.result, effect.completed) == (ANSWER, 2)


@pytest.mark.parametrize("policy", [Resume, Strict])
def test_other_request_diverges(policy: type[Resume] | type[Strict]) -> None:
    """A request that differs in one word is a divergence that holds both sides."""
    with pytest.raises(Diverged) as caught:
        policy(journal()).effect(PATH, ask("Outline"))

    assert (caught.value.path, caught.value.recorded, caught.value.now) == (PATH, ask(), ask("Outline"))


@pytest.mark.parametrize("policy", [Resume, Strict])
def test_other_kind_of_effect_diverges(policy: type[Resume] | type[Strict]) -> None:
    """An execution where a generation was recorded is told by name."""
    with pytest.raises(Diverged, match="recorded GenerationRequested, now ExecutionRequested"):
        policy(journal()).effect(PATH, ExecutionRequested(program="", entry_point="f"))


@pytest.mark.parametrize("policy", [Resume, Strict])
def test_other_event_diverges(policy: type[Resume] | type[Strict]) -> None:
    """A returned event that differs is a divergence at its path."""
    with pytest.raises(Diverged, match=r"Test/0/planner\.0: PlanDrafted differs in plan"):
        policy(journal()).fact("Test/0/planner.0", PlanDrafted(problem=PROBLEM, plan="2. Stop."))


def test_resume_performs_what_is_not_recorded() -> None:
    """An effect that was never asked for, or never answered, is performed by a resumed run."""
    policy = Resume(journal(answered=False))

    assert policy.effect(PATH, ask()) is None
    assert policy.effect("Test/0/coder.0/generate.0", ask()) is None


def test_strict_finds_what_was_not_recorded() -> None:
    """An effect that was never recorded in a finished case is a divergence."""
    with pytest.raises(Diverged, match="happens now, but nothing was recorded here"):
        Strict(journal()).effect("Test/0/coder.0/generate.0", ask())


def test_strict_ends_where_an_unfinished_case_ends() -> None:
    """In a case that the run did not finish, the first record that is not there ends the comparison."""
    policy = Strict(journal(answered=False), unfinished=["Test/0"])

    with pytest.raises(RecordingEnded):
        policy.effect(PATH, ask())


def test_strict_compares_an_unfinished_case_as_far_as_it_goes() -> None:
    """A changed prompt is found in an unfinished case too, even where the answer is missing."""
    policy = Strict(journal(answered=False), unfinished=["Test/0"])

    with pytest.raises(Diverged):
        policy.effect(PATH, ask("Outline"))


def test_unfinished_case_is_not_taken_for_its_neighbour() -> None:
    """`Test/0` being unfinished says nothing about `Test/01`."""
    policy = Strict(journal(), unfinished=["Test/0"])

    with pytest.raises(Diverged):
        policy.effect("Test/01/planner.0/generate.0", ask())


def test_strict_counts_paths_that_agreed() -> None:
    """What agreed is remembered once a path."""
    policy = Strict(journal())

    policy.effect(PATH, ask())
    policy.effect(PATH, ask())
    policy.fact("Test/0/planner.0", PLAN)

    assert (policy.effects, policy.facts) == ({PATH}, {"Test/0/planner.0"})


@pytest.mark.parametrize("signal", [Diverged("p", recorded=None, now=PLAN), RecordingEnded("p")])
def test_signals_cannot_be_swallowed_as_exceptions(signal: BaseException) -> None:
    """`except Exception` in a role does not catch a divergence or the end of a recording."""
    assert not isinstance(signal, Exception)


@pytest.mark.parametrize("policy", [Resume, Strict])
def test_what_no_longer_happens_is_found_at_the_end(policy: type[Resume] | type[Strict]) -> None:
    """A case that ends without coming by all its records diverges at the earliest one left."""
    strict = policy(journal())
    strict.fact("Test/0", PROBLEM)

    with pytest.raises(Diverged, match="does not happen any more") as caught:
        strict.finish("Test/0")

    assert caught.value.path == PATH


@pytest.mark.parametrize("policy", [Resume, Strict])
def test_case_that_came_by_everything_is_finished(policy: type[Resume] | type[Strict]) -> None:
    """A case whose every record was come by ends quietly, and other cases do not matter to it."""
    strict = policy(journal())
    strict.fact("Test/0", PROBLEM)
    strict.effect(PATH, ask())
    strict.fact("Test/0/planner.0", PLAN)

    strict.finish("Test/0")
    strict.finish("Test/1")


@pytest.mark.parametrize("policy", [Resume, Strict])
def test_stop_that_begins_the_prefilled_function_is_no_difference(
    policy: type[Resume] | type[Strict],
) -> None:
    """Runs recorded when roles still sent such a stop replay; any other stop that is gone diverges."""
    prefill = "```python\ndef test_it(x):\n"
    asked = GenerationRequested(messages=(), prefill=prefill, stop=("\ndef test", "\nprint("))
    events = (asked, ANSWER)
    recorded = Journal(
        Entry(seq=seq, at=0.0, path=PATH, cause=None, event=event) for seq, event in enumerate(events)
    )

    assert policy(recorded).effect(PATH, msgspec.structs.replace(asked, stop=("\nprint(",))) is not None
    with pytest.raises(Diverged):
        policy(recorded).effect(PATH, msgspec.structs.replace(asked, stop=("\ndef test",)))
