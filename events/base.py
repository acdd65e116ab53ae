"""What an event is: a frozen, tagged record of something that happened."""

from collections.abc import Iterable
from weakref import WeakSet

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The base of every line's payload.

    Subclassing is all it takes to make an event known to the log: the codec reads the tree of
    subclasses. The tag is the class name and is stored for ever, as are the names and meanings
    of fields; a new field needs a default. A changed meaning is a new version: see `events.upcast`.
    """

    def __init_subclass__(cls) -> None:
        """Refuses a second event of one name: lines of the first would be read as the second."""
        super().__init_subclass__()
        for other in known_events():
            if other.__name__ == cls.__name__ and other.__module__ != cls.__module__:
                raise TypeError(
                    f"{cls.__module__} defines an event {cls.__name__}, and so does {other.__module__}. "
                    "The name is what the log stores: choose another."
                )


_withdrawn: "WeakSet[type[Event]]" = WeakSet()
"""Classes of plug-ins that could not be loaded: they are there, and no log is read with them."""


def known_events() -> tuple[type[Event], ...]:
    """Every event class imported so far, parents before their children, one of each name.

    A module that is imported anew puts its classes in the place of those it made before.
    """
    found: dict[str, type[Event]] = {}
    pending = Event.__subclasses__()
    while pending:
        cls = pending.pop(0)
        pending.extend(cls.__subclasses__())
        if cls in _withdrawn:
            continue
        if cls.__name__ not in found or found[cls.__name__].__module__ == cls.__module__:
            found[cls.__name__] = cls
    return tuple(found.values())


def withdraw(classes: Iterable[type[Event]]) -> None:
    """Makes event classes unknown to the log again, because the plug-in that brings them is left out."""
    _withdrawn.update(classes)


def misdeclared(cls: type[Event]) -> str:
    """Why the log cannot hold events of this class; empty when it can. The class must be complete."""
    config = cls.__struct_config__
    if config.array_like or config.tag_field != "type" or not isinstance(config.tag, str):
        return (
            f"event {cls.__name__} changes how events are tagged; "
            "leave out tag_field and array_like, and let the tag be text"
        )
    if not config.frozen:
        return f"event {cls.__name__} is not frozen; declare it with frozen=True"
    for other in known_events():
        if other.__name__ != cls.__name__ and other.__struct_config__.tag == config.tag:
            name = f"{other.__module__}.{other.__name__}"
            return f"event {cls.__name__} has the tag {config.tag!r}, and so has {name}; choose another"
    try:
        msgspec.json.Decoder(cls)
    except Exception as error:  # noqa: BLE001 - resolving a plug-in's annotations can raise anything
        return f"event {cls.__name__} cannot be read back: {type(error).__name__}: {error}"
    return ""
