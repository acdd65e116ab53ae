"""What an event is: a frozen, tagged record of something that happened."""

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


def known_events() -> tuple[type[Event], ...]:
    """Every event class imported so far, parents before their children, one of each name.

    A module that is imported anew puts its classes in the place of those it made before.
    """
    found: dict[str, type[Event]] = {}
    pending = Event.__subclasses__()
    while pending:
        cls = pending.pop(0)
        pending.extend(cls.__subclasses__())
        if cls.__name__ not in found or found[cls.__name__].__module__ == cls.__module__:
            found[cls.__name__] = cls
    return tuple(found.values())
