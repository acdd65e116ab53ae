"""Old events in new shapes: how a log that was written years ago is read by today's classes.

An event's tag is its class name, and with a version from the second one on: `Sketched`, `Sketched:2`. When
the meaning of an event changes, its class takes the next tag and an upcaster says how the one before is read:

    class Sketched(Event, frozen=True, kw_only=True, tag="Sketched:2"):
        lines: tuple[str, ...]

    @upcaster("Sketched")
    def _split_lines(old: dict[str, Any]) -> dict[str, Any]:
        return {"type": "Sketched:2", "lines": old["text"].splitlines()}

Upcasters follow one another, so each tells of one step only. Nothing in a log is ever rewritten.
"""

from collections.abc import Callable
from typing import Any

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

_upcasters: dict[str, Upcaster] = {}


def upcaster(tag: str) -> Callable[[Upcaster], Upcaster]:
    """Registers a function from the JSON object of an event with this tag to that of a newer one.

    A module that is imported anew puts its upcasters in the place of those it made before.

    Raises:
        ValueError: another module has registered one for this tag.
    """

    def register(act: Upcaster) -> Upcaster:
        there = _upcasters.get(tag)
        if there is not None and there.__module__ != act.__module__:
            raise ValueError(f"{act.__module__} upcasts {tag}, and so does {there.__module__}")
        _upcasters[tag] = act
        return act

    return register


def upcast(value: Any) -> Any:
    """The JSON value with every event in it, at any depth, brought to its newest shape."""
    if isinstance(value, list):
        return [upcast(item) for item in value]
    if not isinstance(value, dict):
        return value
    event = {key: upcast(item) for key, item in value.items()}
    while (act := _upcasters.get(str(event.get("type")))) is not None:
        event = act(event)
    return event


def split_tag(tag: str) -> tuple[str, int]:
    """The name and the version in a tag: `("Sketched", 2)` for `Sketched:2`, 1 where none is said."""
    name, colon, version = tag.partition(":")
    return (name, int(version)) if colon and version.isdecimal() else (tag, 1)
