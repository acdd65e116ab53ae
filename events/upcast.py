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

from collections.abc import Callable, Container, Iterable
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


class UpcastFailed(Exception):
    """An upcaster raised, or returned what is no event."""

    def __init__(self, act: Upcaster, tag: str, problem: str) -> None:
        code = getattr(act, "__code__", None)
        place = f" ({code.co_filename}, line {code.co_firstlineno})" if code else ""
        super().__init__(f"the upcaster of {tag}{place} {problem}")


def upcast(value: Any) -> Any:
    """The JSON value with every event in it, at any depth, brought to its newest shape.

    Raises:
        UpcastFailed: an upcaster raised, or did not return the JSON object of a newer event.
    """
    if isinstance(value, list):
        return [upcast(item) for item in value]
    if not isinstance(value, dict):
        return value
    event = {key: upcast(item) for key, item in value.items()}
    passed: set[str] = set()
    while (act := _upcasters.get(tag := str(event.get("type")))) is not None:
        passed.add(tag)
        event = _stepped(act, tag, event, passed)
    return event


def _stepped(act: Upcaster, tag: str, event: dict[str, Any], passed: Container[str]) -> dict[str, Any]:
    """The event one version further."""
    try:
        newer: object = act(event)
    except Exception as error:
        raise UpcastFailed(act, tag, f"raised {type(error).__name__}: {error}") from error
    if not isinstance(newer, dict) or not isinstance(newer.get("type"), str):
        expected = "expected the JSON object of the newer event, with its type"
        raise UpcastFailed(act, tag, f"returned {newer!r:.80}; {expected}")
    if newer["type"] in passed:
        raise UpcastFailed(
            act, tag, f"returned type {newer['type']!r} again; expected the tag of a newer version"
        )
    return newer


def known_tags() -> frozenset[str]:
    """The tags for which there is an upcaster."""
    return frozenset(_upcasters)


def upcaster_module(tag: str) -> str:
    """The name of the module that registered the upcaster of that tag."""
    return _upcasters[tag].__module__


def forget_upcasters(tags: Iterable[str]) -> None:
    """Takes back the upcasters of these tags, because the plug-in that brings them is left out."""
    for tag in list(tags):
        del _upcasters[tag]


def split_tag(tag: str) -> tuple[str, int]:
    """The name and the version in a tag: `("Sketched", 2)` for `Sketched:2`, 1 where none is said."""
    name, colon, version = tag.partition(":")
    return (name, int(version)) if colon and version.isdecimal() else (tag, 1)
