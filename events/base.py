"""What an event is: a frozen, tagged record of something that happened."""

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The base of every line's payload.

    Subclassing is all it takes to make an event known to the log: the codec reads the tree of
    subclasses. The tag is the class name and is stored for ever, as are the names and meanings
    of fields; a new field needs a default.
    """
