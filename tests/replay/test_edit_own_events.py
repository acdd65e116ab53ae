"""Edits of events that a plug-in brings: by the names that the class has, and of all but the problem."""

from collections.abc import Iterator

import pytest

from events import Entry, Event, ProblemPosed, Settings
from events.base import withdraw
from events.fakes import problem
from replay.edit import BadEdit, Edits, changed_settings, edit_record, edit_settings
from replay.journal import Journal

PATH = "T/0/rater.0"


@pytest.fixture
def rated() -> Iterator[Event]:
    """An event with names of ours and a way of its own to write names."""

    class Rated(Event, frozen=True, kw_only=True, rename="camel"):
        problem: ProblemPosed
        star_count: int
        seed: int = 0

    yield Rated(problem=problem(), star_count=1)
    withdraw([Rated])


def journal(event: Event) -> Journal:
    return Journal([Entry(seq=1, at=0.0, path=PATH, cause=0, event=event)])


@pytest.mark.parametrize("field", ["star_count", "seed"])
def test_field_is_edited_by_its_own_name(rated: Event, field: str) -> None:
    """A field is edited by the name that it has in the class, however the log spells it."""
    edits = edit_record(journal(rated), PATH, field, "5")

    assert getattr(Edits(edits).apply(PATH, rated), field) == 5


def test_problem_is_not_edited(rated: Event) -> None:
    """The problem that an event carries says where it belongs."""
    with pytest.raises(BadEdit, match="Rated has no field 'problem' to edit; expected star_count, seed"):
        edit_record(journal(rated), PATH, "problem", "{}")


def test_value_that_does_not_fit(rated: Event) -> None:
    """A value of another type is refused with the field's type."""
    with pytest.raises(BadEdit, match=r"Rated\.star_count is int"):
        edit_record(journal(rated), PATH, "star_count", '"many"')


def test_budgets_by_role() -> None:
    """A setting that holds a number for each role is checked number by number."""
    settings = Settings(dataset="d", tasks=(), architecture="a", model="m", engine="e")

    edit = edit_settings(settings, "max_tokens", '{"coder": 64}')
    assert changed_settings(settings, [edit]).max_tokens == {"coder": 64}
    with pytest.raises(BadEdit, match="max_tokens is from 1 to 1,000,000"):
        edit_settings(settings, "max_tokens", '{"coder": 0}')
