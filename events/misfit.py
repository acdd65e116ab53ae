"""Why an event of a plug-in cannot be read as its present class, and what its author can do about it."""

from typing import Any

import msgspec

ADVICE = "give the event a new version with an upcaster (see docs/log-format.md)"
_QUOTED = 60
"""How much of a value a message quotes."""


def is_ours(cls: type) -> bool:
    """True for the events of this package, which only a damaged or foreign line does not fit."""
    return cls.__module__.partition(".")[0] == "events"


def explain(cls: type[msgspec.Struct], held: dict[str, Any], error: Exception) -> str:
    """What the class wants, what the line holds instead, and what to change in the class.

    `held` is the event as its JSON has it, `error` what decoding it raised.
    """
    fields = msgspec.structs.fields(cls)
    missing = [field for field in fields if field.required and field.encode_name not in held]
    extra = sorted(held.keys() - {field.encode_name for field in fields} - {"type"})
    if missing:
        return _missing(cls.__name__, missing[0].name, extra)
    for field in fields:
        inner = held.get(field.encode_name)
        if isinstance(inner, dict) and _is_own_struct(field.type) and _refusal(inner, field.type):
            return explain(field.type, inner, error)
        if field.encode_name in held and (problem := _refusal(held[field.encode_name], field.type)):
            return _changed(cls.__name__, field, held[field.encode_name], problem)
    if extra and cls.__struct_config__.forbid_unknown_fields:
        return (
            f"{cls.__name__} forbids unknown fields, and the line holds {extra[0]!r}. "
            f"Declare the event without forbid_unknown_fields, or {ADVICE}"
        )
    return f"{cls.__name__} does not fit what the line holds: {_raised(error)}. To read old lines, {ADVICE}"


def _is_own_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct) and not is_ours(hint)


def _missing(event: str, name: str, extra: list[str]) -> str:
    if extra:
        return (
            f"{event} has a field {name!r} without a default, and the line holds {extra[0]!r} instead. "
            f"If the field was renamed, {ADVICE}. If it is new, give it a default"
        )
    return (
        f"{event} has a new field {name!r} without a default; lines written before it cannot be read. "
        f"Give the field a default, or {ADVICE.removeprefix('give ')}"
    )


def _changed(event: str, field: msgspec.structs.FieldInfo, value: object, problem: str) -> str:
    return (
        f"{event}.{field.name} is {type_name(field.type)}, and the line holds {quoted(value)} ({problem}). "
        f"Let the field take what it took before, or {ADVICE}"
    )


def _refusal(value: object, hint: Any) -> str:
    """Why a value does not fit a field of that type; empty when it does."""
    try:
        msgspec.json.decode(msgspec.json.encode(value), type=hint)
    except Exception as error:  # noqa: BLE001 - what a plug-in's own class raises can be anything
        return _raised(error)
    return ""


def _raised(error: Exception) -> str:
    """The error in msgspec's words; with its type where the class itself raised it."""
    told = str(error)
    return told if isinstance(error, msgspec.ValidationError) else f"{type(error).__name__}: {told}"


def type_name(hint: Any) -> str:
    """`int`, `tuple[str, ...]`, `Literal['a', 'b']`."""
    return (
        hint.__name__
        if isinstance(hint, type) and not hasattr(hint, "__args__")
        else str(hint).replace("typing.", "")
    )


def quoted(value: object) -> str:
    """The value as JSON, cut to a bound."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}..."
