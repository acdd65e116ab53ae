"""What a role may ask, checked where it asks: so that a slip is an error there, and not an odd request."""

import math
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from events.effects import ExecutionRequested, GenerationRequested, Message
from events.work import Example

Item = TypeVar("Item")

_ROLES = ("system", "user", "assistant")
_UNORDERED = (str, bytes, bytearray, Mapping, AbstractSet)
"""Can be iterated over, and is no sequence of messages, stops or examples."""


def generation(
    messages: object,
    *,
    prefill: object,
    max_tokens: object,
    temperature: object,
    top_p: object,
    stop: object,
) -> GenerationRequested:
    """The request for a generation, its seed not yet set. One string as `stop` is one stop.

    Raises:
        TypeError, ValueError: an argument does not fit; the message says which, and what is expected.
    """
    return GenerationRequested(
        messages=_messages(messages),
        prefill=_text("ctx.generate", "prefill", prefill),
        max_tokens=_count(max_tokens),
        temperature=_number("temperature", temperature, math.inf),
        top_p=_number("top_p", top_p, 1),
        stop=_stops(stop),
    )


def execution(program: object, *, entry_point: object, examples: object) -> ExecutionRequested:
    """The request to execute a program, its tests not yet named.

    Raises:
        TypeError: an argument does not fit; the message says which, and what is expected.
    """
    return ExecutionRequested(
        program=_text("ctx.execute", "program", program),
        entry_point=_text("ctx.execute", "entry_point", entry_point),
        examples=_sequence("ctx.execute", "examples", examples, Example),
    )


def _messages(found: object) -> tuple[Message, ...]:
    messages = _sequence("ctx.generate", "messages", found, Message)
    if not messages:
        raise ValueError("ctx.generate: messages is empty; expected at least one Message")
    for number, message in enumerate(messages):
        if message.role not in _ROLES:
            expected = f"expected one of {', '.join(_ROLES)}"
            raise ValueError(f"ctx.generate: messages[{number}].role is {message.role!r}; {expected}")
        _text("ctx.generate", f"messages[{number}].content", message.content)
    return messages


def _stops(found: object) -> tuple[str, ...]:
    if isinstance(found, str):
        found = (found,)
    stops = _sequence("ctx.generate", "stop", found, str, expected="a string or a sequence of strings")
    if "" in stops:
        raise ValueError("ctx.generate: stop holds an empty string; expected text to stop before")
    return stops


def _sequence(
    call: str, name: str, found: object, item: type[Item], *, expected: str = ""
) -> tuple[Item, ...]:
    wanted = expected or f"a sequence of {item.__name__}"
    if isinstance(found, _UNORDERED) or not isinstance(found, Iterable):
        raise TypeError(f"{call}: {name} is {_told(found)}; expected {wanted}")
    items: tuple[Any, ...] = tuple(found)
    for number, one in enumerate(items):
        if not isinstance(one, item):
            raise TypeError(f"{call}: {name}[{number}] is {_told(one)}; expected {wanted}")
    return items


def _text(call: str, name: str, found: object) -> str:
    if not isinstance(found, str):
        raise TypeError(f"{call}: {name} is {_told(found)}; expected a string")
    return found


def _count(found: object) -> int:
    if not isinstance(found, int) or isinstance(found, bool):
        raise TypeError(f"ctx.generate: max_tokens is {_told(found)}; expected an integer of 1 or more")
    if found < 1:
        raise ValueError(f"ctx.generate: max_tokens is {found}; expected an integer of 1 or more")
    return found


def _number(name: str, found: object, most: float) -> float:
    expected = "expected a number of 0 or more" if most == math.inf else f"expected a number from 0 to {most}"
    if not isinstance(found, int | float) or isinstance(found, bool):
        raise TypeError(f"ctx.generate: {name} is {_told(found)}; {expected}")
    if not 0 <= found <= most or found == math.inf:
        raise ValueError(f"ctx.generate: {name} is {found}; {expected}")
    return found


def _told(found: object) -> str:
    """`None`, or `the str 'END'`; long values are cut."""
    return "None" if found is None else f"the {type(found).__name__} {found!r:.60}"
