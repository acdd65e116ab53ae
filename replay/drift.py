"""The first place where a re-execution parts from what was recorded, told so that it can be mended."""

import difflib

import msgspec

from events.base import Event
from replay.signals import Signal


class Diverged(Signal):
    """The code now asks or answers something else than it did when the run was recorded."""

    rank = 0

    def __init__(
        self, path: str, *, recorded: Event | None, now: Event | None, error: Exception | None = None
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
            return f"recorded {_name(self.recorded)}, but now {raised} is raised"
        if self.now is None:
            return f"recorded {_name(self.recorded)}, but it does not happen any more"
        if self.recorded is None:
            return f"{_name(self.now)} happens now, but nothing was recorded here"
        if type(self.recorded) is not type(self.now):
            return f"recorded {_name(self.recorded)}, now {_name(self.now)}"
        fields = ", ".join(field for field, _, _ in changed_fields(self.recorded, self.now))
        return f"{_name(self.now)} differs in {fields}"

    def diff(self) -> list[str]:
        """A unified diff of the two events, field by field, without the fields that agree."""
        return diff_events(self.recorded, self.now)


def changed_fields(recorded: Event, now: Event) -> list[tuple[str, str, str]]:
    """(field, recorded, now) for each field that differs, the values as text."""
    before, after = msgspec.structs.asdict(recorded), msgspec.structs.asdict(now)
    return [
        (name, _text(before.get(name)), _text(after.get(name)))
        for name in dict.fromkeys([*after, *before])
        if before.get(name) != after.get(name)
    ]


def diff_events(recorded: Event | None, now: Event | None) -> list[str]:
    """The lines of a unified diff between two events; an absent one is empty."""
    before, after = _lines(recorded, now), _lines(now, recorded)
    if before == after:
        before, after = [repr(recorded)], [repr(now)]
    return list(difflib.unified_diff(before, after, "recorded", "now", lineterm="", n=1))


def _lines(event: Event | None, other: Event | None) -> list[str]:
    if event is None:
        return []
    fields = msgspec.structs.asdict(event)
    others = msgspec.structs.asdict(other) if type(other) is type(event) and other is not None else {}
    lines = [type(event).__name__]
    for name, value in fields.items():
        if name not in others or others[name] != value:
            lines += [f"{name}:", *(f"  {line}" for line in _text(value).splitlines())]
    return lines


def _text(value: object) -> str:
    """A value as lines that a person can compare: text as it is, the rest as indented JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, msgspec.Struct):
        return "\n".join(f"{k}: {_text(v)}" for k, v in msgspec.structs.asdict(value).items())
    if isinstance(value, tuple | list):
        return "\n".join(_text(item) for item in value)
    return str(value)


def _name(event: Event | None) -> str:
    return type(event).__name__ if event is not None else "nothing"
