"""What stands in the log at one path, in full: what was asked and answered, or what a role returned."""

from collections.abc import Iterator

import msgspec

from events import Event, GenerationCompleted, GenerationRequested
from fractal_agent.report.answers import REASONING, answered, cut_at
from fractal_agent.report.story import Chapter
from replay.journal import Journal


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The records at one path; two for an effect that was answered."""

    path: str
    request: Event | None = None
    result: Event | None = None
    event: Event | None = None
    """What a role or the architecture put there; None at an effect."""


def record_at(journal: Journal, path: str) -> Record | None:
    """The records at the path; None when there are none."""
    if effect := journal.effects.get(path):
        return Record(path=path, request=effect.request, result=effect.result)
    fact = journal.facts.get(path)
    return Record(path=path, event=fact.event) if fact else None


def record_chapters(record: Record) -> list[Chapter]:
    """The records for a reader: one chapter for each text, one for all that is short."""
    events = [event for event in (record.request, record.result, record.event) if event is not None]
    return [
        Chapter(path=record.path, title=title, kind="reasoning" if title == REASONING else "text", body=body)
        for event in events
        for title, body in _parts(event, record)
    ]


def _parts(event: Event, record: Record) -> Iterator[tuple[str, str]]:
    name = type(event).__name__
    fields = msgspec.to_builtins(event)
    if isinstance(event, GenerationRequested):
        yield from ((f"Prompt, {message.role}", message.content) for message in event.messages)
        fields.pop("messages")
    if isinstance(event, GenerationCompleted):
        if event.reasoning:
            yield REASONING, event.reasoning
        yield _answer_title(event, record), event.text
        fields.pop("text")
        fields.pop("reasoning")
    fields.pop("problem", None)  # stands in full at the case's own path
    texts = {key: fields.pop(key) for key, value in list(fields.items()) if _is_text(value)}
    yield from ((f"{name}, {key}", text) for key, text in texts.items())
    fields.pop("type")
    shown = {key: value for key, value in fields.items() if value not in ("", [], None, False)}
    if shown:
        yield name, "\n".join(f"{key}: {_told(value)}" for key, value in shown.items())


def _answer_title(event: GenerationCompleted, record: Record) -> str:
    request = record.request if isinstance(record.request, GenerationRequested) else None
    budget = answered(record.path, request, event).budget
    tokens = "tokens not counted" if event.uncounted else f"{event.completion_tokens} tokens"
    return f"Answer, {tokens}, {cut_at(budget) if budget else event.finish_reason}"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\n" in value


def _told(value: object) -> str:
    if isinstance(value, list | tuple):
        return "".join(f"\n  {msgspec.json.encode(item).decode()}" for item in value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
