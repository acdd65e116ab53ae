"""The first place where a re-execution parts from what was recorded, told so that it can be mended."""

import difflib

import msgspec

from events.base import Event
from events.envelope import Unknown
from replay.signals import Signal


class Diverged(Signal):
    """The code now asks or answers something else than it did when the run was recorded."""

    rank = 0

    def __init__(
        self,
        path: str,
        *,
        recorded: Event | Unknown | None,
        now: Event | None,
        error: Exception | None = None,
    ) -> None:
        self.path = path
        self.recorded = recorded
        self.now = now
        self.error = error
        """What is raised now instead of the recorded event."""
        super().__init__(f"{path}: {self.summary}")

    @property
    def summary(self) -> str:
        """One sentence: what was recorded and what happens now."""
        if self.error is not None:
            raised = f"{type(self.error).__name__}: {self.error}"
            return f"recorded {name_of(self.recorded)}, but now {raised} is raised"
        if self.now is None:
            return f"recorded {name_of(self.recorded)}, but it does not happen any more"
        if self.recorded is None:
            return f"{name_of(self.now)} happens now, but nothing was recorded here"
        if isinstance(self.recorded, Unknown):
            unread = "which no class here reads: was it renamed, or is its plug-in missing?"
            return f"recorded {name_of(self.recorded)}, {unread} Now {name_of(self.now)}"
        if type(self.recorded) is not type(self.now):
            return f"recorded {name_of(self.recorded)}, now {name_of(self.now)}"
        fields = ", ".join(field for field, _, _ in changed_fields(self.recorded, self.now))
        return f"{name_of(self.now)} differs in {fields}"

    def diff(self) -> list[str]:
        """A unified diff of the two events, field by field, without the fields that agree."""
        return diff_events(self.recorded, self.now)


def changed_fields(recorded: Event | Unknown, now: Event | Unknown) -> list[tuple[str, str, str]]:
    """(field, recorded, now) for each field that differs, the values as text."""
    before, after = _fields(recorded), _fields(now)
    return [
        (name, _text(before.get(name)), _text(after.get(name)))
        for name in dict.fromkeys([*after, *before])
        if before.get(name) != after.get(name)
    ]


def diff_events(
    recorded: Event | Unknown | None,
    now: Event | Unknown | None,
    *,
    titles: tuple[str, str] = ("recorded", "now"),
) -> list[str]:
    """The lines of a unified diff between two events; an absent one is empty."""
    before, after = _lines(recorded, now), _lines(now, recorded)
    if before == after:
        before, after = [repr(recorded)], [repr(now)]
    return list(difflib.unified_diff(before, after, *titles, lineterm="", n=1))


def name_of(event: Event | Unknown | None) -> str:
    """The event's type, also where it is not known here; `nothing` for None."""
    if event is None:
        return "nothing"
    return event.type if isinstance(event, Unknown) else type(event).__name__


def _fields(event: Event | Unknown) -> dict[str, object]:
    """Name to value; those of an unknown event as its JSON has them."""
    if isinstance(event, Event):
        return msgspec.structs.asdict(event)
    return {name: value for name, value in msgspec.json.decode(event.raw).items() if name != "type"}


def _lines(event: Event | Unknown | None, other: Event | Unknown | None) -> list[str]:
    if event is None:
        return []
    fields = _fields(event)
    others = _fields(other) if other is not None and name_of(other) == name_of(event) else {}
    lines = [name_of(event)]
    for name, value in fields.items():
        if name not in others or others[name] != value:
            lines += [f"{name}:", *(f"  {line}" for line in _text(value).splitlines())]
    return lines


def _text(value: object) -> str:
    """A value as lines that a person can compare: text as it is, each part of the rest on a line."""
    if isinstance(value, str):
        return value
    if isinstance(value, msgspec.Struct):
        return _text(msgspec.structs.asdict(value))
    if isinstance(value, dict):
        return "\n".join(f"{name}: {_text(item)}" for name, item in value.items())
    if isinstance(value, tuple | list):
        return "\n".join(_text(item) for item in value)
    return str(value)
