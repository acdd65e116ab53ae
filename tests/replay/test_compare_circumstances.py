"""Two runs compared: what counts as no difference, and what they were made with."""

import msgspec

from events import LOG_NAME, LogReader, RunResumed
from replay.compare import Difference, compare
from tests.replay.told import GOLDEN, asked, log, problem, said, short, started

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
