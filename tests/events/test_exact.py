"""What is told from types alone: never that an event reads back equal when it would not."""

from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from events import Event, GenerationCompleted, GenerationRequested, known_events
from events.exact import is_exact
from events.fakes import code, small_run

WRONG = st.sampled_from(
    [None, True, 7, 2**70, 1.5, float("nan"), float("inf"), "", "stop", "\ud800", (), [], {}]
)
RIGHT = {
    inspect.StrType: st.text(),
    inspect.IntType: st.integers(),
    inspect.BoolType: st.booleans(),
    inspect.FloatType: st.floats(),
    inspect.NoneType: st.none(),
}


def values(kind: inspect.Type, around: tuple[type, ...] = ()) -> st.SearchStrategy[Any]:
    """What a field of this kind should hold, and one time in a few something else.

    `around` are the classes that the value lies in: what would hold itself a second time is left empty.
    """
    match kind:
        case inspect.LiteralType(values=texts):
            right: st.SearchStrategy[Any] = st.sampled_from(texts)
        case inspect.VarTupleType(item_type=inspect.StructType(cls=cls)) if around.count(cls) > 1:
            right = st.just(())
        case inspect.VarTupleType(item_type=item):
            right = st.lists(values(item, around), max_size=2).map(tuple)
        case inspect.UnionType(types=kinds):
            right = st.one_of([values(one, around) for one in kinds])
        case inspect.StructType(cls=cls, fields=fields):
            return st.builds(cls, **{field.name: values(field.type, (*around, cls)) for field in fields})
        case _:
            right = RIGHT.get(type(kind), WRONG)
    return st.integers(0, 19).flatmap(lambda number: WRONG if number == 0 else right)


def reads_back(event: Event) -> bool:
    """True also when the event cannot be encoded at all, which is refused elsewhere."""
    try:
        body = msgspec.json.encode(event)
    except (ValueError, TypeError):
        return True
    try:
        return msgspec.json.decode(body, type=type(event)) == event
    except msgspec.ValidationError:
        return False


@pytest.mark.parametrize("cls", known_events(), ids=lambda cls: cls.__name__)
@settings(deadline=None, derandomize=True, max_examples=25)
@given(data=st.data())
def test_what_is_exact_reads_back(cls: type[Event], data: st.DataObject) -> None:
    """Whatever its fields hold, no event is called exact that would read back unequal."""
    event = data.draw(values(inspect.type_info(cls)))

    assert not is_exact(event) or reads_back(event)


@pytest.mark.parametrize("event", [event for _, event in small_run()[1:]], ids=lambda e: type(e).__name__)
def test_the_events_of_a_run_are_exact(event: Event) -> None:
    """What a run writes after its header is told from its types: none of it is read back to be written."""
    assert is_exact(event)


@pytest.mark.parametrize(
    "event",
    [
        GenerationRequested(messages=(), temperature=float("nan")),
        GenerationRequested(messages=(), temperature=float("inf")),
        GenerationRequested(messages=(), temperature=1),
        GenerationRequested(messages=(), seed=True),
        GenerationRequested(messages=[]),  # type: ignore[arg-type]  # the case
        GenerationCompleted(text="", finish_reason="tired"),  # type: ignore[arg-type]  # the case
    ],
    ids=["NaN", "infinity", "whole number", "truth value", "list", "no choice of these"],
)
def test_a_value_that_is_nearly_right_is_not_exact(event: Event) -> None:
    """A value that is not of the very kind that its field declares leaves the event to be read back."""
    assert not is_exact(event)


def test_a_subclass_of_text_is_not_exact() -> None:
    """Text of a class of its own may compare in its own way."""

    class Text(str):
        __slots__ = ()

    assert not is_exact(code(Text("x")))


class Shifting(msgspec.Struct, frozen=True):
    """Does not come back as it was made."""

    number: int

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "number", self.number + 1)


class Strange(msgspec.Struct, frozen=True):
    """Equals nothing."""

    number: int

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


class Nested(msgspec.Struct, frozen=True):
    """Holds others of its own class."""

    inside: tuple["Nested", ...] = ()


class Bounded(msgspec.Struct, frozen=True):
    """Refuses, when it is read, a number that can be put into it."""

    number: Annotated[int, msgspec.Meta(ge=1)]


@pytest.mark.parametrize(
    "struct", [Shifting(1), Strange(1), Nested((Nested(),)), Bounded(0)], ids=lambda s: type(s).__name__
)
def test_a_class_with_ways_of_its_own_is_not_exact(struct: msgspec.Struct) -> None:
    """Where fields alone do not decide what comes back or what is equal, types prove nothing."""
    assert not is_exact(struct)
