"""What a fork changes of its parent's record: fields of events, found by path."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_origin, get_type_hints

import msgspec

from events.base import Event
from events.effects import GenerationCompleted, GenerationRequested, GradingRequested, Message
from events.lifecycle import EVERY_ROLE, Branch, Edit, Origin, Settings
from events.misfit import is_ours
from events.path import is_within
from events.work import ProblemPosed
from replay.journal import Journal

E = TypeVar("E", bound=Event)
S = TypeVar("S", bound=msgspec.Struct)

PROMPT = "prompt"
"""At a generation: the content of the last message, under the name that people know it by."""

_FIXED = frozenset({"task_id", "entry_point", "problem", "seed", "reused", "tests_digest", "tokens_digest"})
"""Fields of our events that say where one belongs or how it came about, and that no edit may change."""

_UNTOUCHED = frozenset({"dataset", "tasks", "cast", "plugins"})
"""Settings that a fork shares with its parent, or changes in another way."""


RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "max_tokens": (1, 1_000_000),
    "rounds": (0, 1_000),
    "candidates": (0, 1_000),
    "concurrency": (0, 1_000_000),
}
"""What numbers make sense, both ends included, beyond what the types say."""


class BadEdit(Exception):
    """The edit names nothing that was recorded, or does not fit it."""


class Edits:
    """Edits ready to be applied, many times, to whatever happens at their paths."""

    def __init__(self, edits: Iterable[Edit] = ()) -> None:
        self._fields: dict[str, dict[str, Any]] = {}
        for edit in edits:
            self._fields.setdefault(edit.path, {})[edit.field] = edit.value

    def apply(self, path: str, event: E) -> E:
        """The event as edited; the very same object where no edit touches it. `path` is the parent's."""
        fields = self._fields.get(path)
        if not fields or not (mine := fields.keys() & set(event.__struct_fields__)):
            return event
        return _with(event, {name: fields[name] for name in mine})


def _with(event: S, fields: Mapping[str, Any]) -> S:
    """The event with other values, as JSON holds them, in fields known by the names that the class has."""
    stored = dict(zip(event.__struct_fields__, event.__struct_encode_fields__, strict=True))
    changed = {stored[name]: value for name, value in fields.items()}
    return msgspec.convert({**msgspec.to_builtins(event), **changed}, type=type(event))


def edits_of(origin: Origin | None, branch: Branch) -> tuple[Edit, ...]:
    """The edits that hold in a branch of a fork, the later ones counting.

    A generation that the branch draws anew is not edited any more, nor is what its role made of it.
    """
    if origin is None:
        return ()
    role = branch.anew.rpartition("/")[0]
    answer = GenerationCompleted.__struct_fields__
    shared = [
        edit
        for edit in origin.edits
        if not branch.anew or (edit.path != role and not (edit.path == branch.anew and edit.field in answer))
    ]
    return (*shared, *branch.edits)


def edit_record(journal: Journal, path: str, key: str, text: str) -> list[Edit]:
    """The edits that set one field of what was recorded at `path` to what a user typed.

    Text is taken as it is for a field that holds text, and as JSON for any other.

    Raises:
        BadEdit: nothing is recorded there (near paths are named), or the field or its type does not fit.
    """
    events = _recorded(journal, path)
    if isinstance(events[0], GradingRequested):
        raise BadEdit(f"{path}: a verdict is the hidden tests' and cannot be edited; edit the answer instead")
    if key == PROMPT and isinstance(events[0], GenerationRequested):
        return [Edit(path=path, field="messages", value=_with_prompt(events[0].messages, text))]
    for event in events:
        if key in _editable(event):
            return [_edit(path, event, key, text), *_implied(path, event, key)]
    valid = [*([PROMPT] if isinstance(events[0], GenerationRequested) else []), *map(_editable, events)]
    names = [name for part in valid for name in ([part] if isinstance(part, str) else part)]
    raise BadEdit(f"{path}: {_names(events)} has no field {key!r} to edit; expected {', '.join(names)}")


def edit_settings(settings: Settings, key: str, text: str) -> Edit:
    """The edit of one field of the settings.

    Raises:
        BadEdit: there is no such setting, it cannot be changed in a fork, or the value does not fit.
    """
    names = [name for name in settings.__struct_fields__ if name not in _UNTOUCHED]
    if key not in names:
        raise BadEdit(
            f"no setting {key!r} to edit; expected {', '.join(names)}, or --at with the path of a record"
        )
    return _edit("", settings, key, text)


def changed_settings(settings: Settings, edits: Iterable[Edit]) -> Settings:
    """The settings with those edits applied that are of settings."""
    fields = {edit.field: edit.value for edit in edits if not edit.path}
    return msgspec.convert({**msgspec.to_builtins(settings), **fields}, type=Settings)


def nearest(path: str, known: Iterable[str]) -> list[str]:
    """Up to five recorded paths that a user may have meant: inside the path, else alike."""
    names = list(known)
    inside = [name for name in names if is_within(name, path)]
    return (inside or difflib.get_close_matches(path, names, n=5, cutoff=0.5))[:5]


def _recorded(journal: Journal, path: str) -> list[Event]:
    if effect := journal.effects.get(path):
        return [effect.request, *([effect.result] if effect.result else [])]
    if fact := journal.facts.get(path):
        return [fact.event]
    near = nearest(path, [*journal.facts, *journal.effects])
    hint = f"Near ones: {', '.join(near)}." if near else "`show RUN CASE` lists a case's paths."
    raise BadEdit(f"nothing was recorded at {path!r}. {hint}")


def _editable(event: Event | Settings) -> list[str]:
    if not isinstance(event, Settings) and not is_ours(type(event)):
        return [
            name for name in event.__struct_fields__ if not isinstance(getattr(event, name), ProblemPosed)
        ]
    fixed = _FIXED - {"seed"} if isinstance(event, Settings) else _FIXED
    return [name for name in event.__struct_fields__ if name not in fixed]


def _edit(path: str, event: Event | Settings, key: str, text: str) -> Edit:
    hint = get_type_hints(type(event))[key]
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadEdit(f"{path or 'setting'}: {key} is not text that UTF-8 can carry: {text!r}") from None
    value: Any = _fitted(text, getattr(event, key)) if hint is str else _parsed(path, key, hint, text)
    if isinstance(event, Settings) and isinstance(value, int | float) and get_origin(hint) is dict:
        value = {EVERY_ROLE: value}
    try:
        _with(event, {key: value})
    except msgspec.ValidationError as error:
        where = f"{path}: {type(event).__name__}.{key}" if path else f"setting {key}"
        raise BadEdit(f"{where} is {_told(hint)}, and {text!r} does not fit: {error}") from None
    if key == "messages" and not value:
        raise BadEdit(f"{path}: a generation has at least one message")
    low, high = RANGES.get(key, (0, 0)) if is_ours(type(event)) else (0, 0)
    if high and not all(low <= number <= high for number in _numbers(value)):
        raise BadEdit(f"{path or 'setting'}: {key} is from {low:,} to {high:,}, and {text} is not")
    return Edit(path=path, field=key, value=value)


def _numbers(value: Any) -> Iterable[float]:
    """The number, or those that a setting has by role."""
    return value.values() if isinstance(value, dict) else (value,)


def _parsed(path: str, key: str, hint: object, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        if "Literal" in str(hint):
            return text
        where = f"{path}: {key}" if path else f"setting {key}"
        raise BadEdit(f"{where} is {_told(hint)} and is set as JSON, which {text!r} is not") from None


def _fitted(text: str, recorded: str) -> str:
    """The text without the newline that an editor puts at its end, where the record has none either."""
    return text.removesuffix("\n") if text.endswith("\n") and not recorded.endswith("\n") else text


def _implied(path: str, event: Event, key: str) -> list[Edit]:
    """An edited answer is not what the token ids' digest stands for."""
    changed = isinstance(event, GenerationCompleted) and key == "text"
    return [Edit(path=path, field="tokens_digest", value="")] if changed else []


def _with_prompt(messages: tuple[Message, ...], text: str) -> list[Mapping[str, str]]:
    last = msgspec.structs.replace(messages[-1], content=_fitted(text, messages[-1].content))
    return [msgspec.to_builtins(message) for message in (*messages[:-1], last)]


def _told(hint: object) -> str:
    return getattr(hint, "__name__", str(hint)) if isinstance(hint, type) else str(hint)


def _names(events: list[Event]) -> str:
    return " with ".join(type(event).__name__ for event in events)
