"""The body of a server's reply as a document, whatever form the server gave it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

SHOWN = 300
"""How many characters of a server's words a message quotes."""


class Broken(msgspec.Struct, frozen=True):
    """A body that is no document; `shape` says what it is."""

    shape: str


def document_in(body: str) -> Any:  # Any: whatever JSON the server sent
    """The JSON document in the body, a stream of events put together, or `Broken`."""
    text = body.removeprefix("\ufeff").strip()
    if not text:
        return Broken("an empty body")
    if text.startswith("<"):
        return Broken(f"an HTML page ({_words_of_page(text)})")
    if text.startswith(("data:", "event:", "id:", ":")):
        return _streamed(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        started = "a JSON document that breaks off or is malformed" if text[0] in "{[" else "no JSON"
        return Broken(f"{started} ({clipped(text, 80)})")


def plain(body: str) -> str:
    """A body that is no document as words: the text of a page, or the body itself."""
    text = body.removeprefix("\ufeff").strip()
    return _words_of_page(text) if text.startswith("<") else text


def clipped(text: str, longest: int = SHOWN) -> str:
    """The text on one line, without control characters, cut to a length."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def as_dict(value: object) -> Mapping[str, Any]:  # Any: whatever JSON the server sent
    """The value if it is an object, an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> Sequence[Any]:  # Any: whatever JSON the server sent
    """The value if it is a list, an empty one otherwise."""
    return value if isinstance(value, list) else ()


def _words_of_page(page: str) -> str:
    title = re.search(r"<(title|h1)[^>]*>(.*?)</\1", page, re.IGNORECASE | re.DOTALL)
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", page, flags=re.IGNORECASE | re.DOTALL)
    return clipped(title[2] if title and title[2].strip() else bare, 120) or "without words"


def _streamed(text: str) -> Any:  # Any: as for `document_in`
    """One document for a stream of events that nobody asked for."""
    events = list(_events(text))
    failed = next((event for event in events if event.get("error")), None)
    if failed is not None:
        return failed
    choices = [as_dict(choice) for event in events for choice in as_list(event.get("choices"))[:1]]
    finish = next((end for choice in choices if (end := choice.get("finish_reason"))), None)
    if not choices or (finish is None and "[DONE]" not in text):
        return Broken(
            "a stream of events that breaks off" if choices else "a stream of events with no answer"
        )
    deltas = [as_dict(choice.get("delta") or choice.get("message")) for choice in choices]
    message = {name: _joined(deltas, name) for name in ("content", "reasoning_content", "reasoning")}
    usage = next((event["usage"] for event in reversed(events) if event.get("usage")), None)
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def _joined(deltas: Sequence[Mapping[str, Any]], name: str) -> str:  # Any: as above
    return "".join(piece for delta in deltas if isinstance(piece := delta.get(name), str))


def _events(text: str) -> Iterator[Mapping[str, Any]]:  # Any: as above
    for line in text.splitlines():
        field, _, data = line.partition(":")
        if field == "data" and data.strip() != "[DONE]":
            try:
                yield as_dict(json.loads(data))
            except (ValueError, RecursionError):
                continue
