"""A completion as the server wrote it down: its text, its thinking, its end, its token counts."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from fractal_agent.engines.openai.bodies import Broken, as_dict, as_list, clipped, document_in
from fractal_agent.engines.openai.refusals import Refusal, broken, refusal_of

MOST_TOKENS = 1 << 40
"""A count above this is a mistake."""

_CUT = frozenset({"length", "max_tokens", "model_length", "max_output_tokens", "max_length"})
_FILTERED = frozenset(
    {
        "content_filter",
        "safety",
        "prohibited_content",
        "recitation",
        "blocklist",
        "moderation",
        "sensitive",
        "refusal",
    }
)
_FAILED = frozenset({"error", "insufficient_system_resource", "network_error", "abort"})

_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks")
_THINKING_TYPES = ("thinking", "reasoning", "thought")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the server's model wrote, nothing split or cut yet."""

    text: str
    reasoning: str = ""
    """What the server itself told apart from the answer."""
    finish: Literal["stop", "length", "refused"] = "stop"
    error: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    uncounted: bool = False


def said_in(body: str, *, budget: int = 0, mask: Callable[[str], str]) -> Answer | Refusal:
    """The answer in the body of a reply of status 200, or what stands there instead of one."""
    document = document_in(body)
    if isinstance(document, Broken):
        return broken(document.shape, mask=mask)
    choices = as_list(as_dict(document).get("choices"))
    choice = as_dict(choices[0]) if choices else {}
    message = choice.get("message", choice.get("text"))
    finish = choice.get("finish_reason")
    finish = finish.lower() if isinstance(finish, str) else ""
    if choice.get("error") or finish in _FAILED:
        return refusal_of(200, _error_of(choice), mask=mask)
    if message is None or not isinstance(message, dict | str):
        return _unanswered(body, document, mask=mask)
    return _answer(as_dict(message) or {"content": message}, finish, as_dict(document).get("usage"), budget)


def _error_of(choice: Mapping[str, Any]) -> str:  # Any: whatever JSON the server sent
    failed = choice.get("error") or {"message": "the server gave the answer up", "code": 500}
    return msgspec.json.encode({"error": failed}).decode()


def _unanswered(body: str, document: object, *, mask: Callable[[str], str]) -> Refusal:
    """A document without a message: an error in it, or a shape that is none of a completion."""
    found = as_dict(document)
    worded = any(found.get(name) for name in ("error", "errors", "detail", "msg"))
    if worded or (isinstance(found.get("message"), str) and found["message"]):
        return refusal_of(200, body, mask=mask)
    if "choices" not in found:
        named = ", ".join(clipped(name, 20) for name in list(found)[:5]) or "no field"
        kind = (
            "an object without choices" if isinstance(document, dict) else f"a JSON {_TYPES[type(document)]}"
        )
        return broken(f"{kind} ({named})" if isinstance(document, dict) else kind, mask=mask)
    choices = found["choices"]
    if not as_list(choices):
        return broken("a completion that holds no choice", mask=mask)
    return broken("a completion whose choice has no message", mask=mask)


_TYPES = {list: "list", str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


def _answer(message: Mapping[str, Any], finish: str, usage: object, budget: int) -> Answer:  # Any: as above
    texts, thoughts = _Texts(), _Texts()
    texts.read(message.get("content"), thoughts)
    told = next((field for name in _THOUGHTS if (field := message.get(name))), None)
    apart = _Texts()
    apart.read(told, apart)
    text, reasoning = texts.joined, (apart.joined + thoughts.joined).strip()
    counts = _counts(usage)
    refused = message.get("refusal") if not text else None
    if finish in _FILTERED or (isinstance(refused, str) and refused):
        why = refused if isinstance(refused, str) and refused else "the server's content filter"
        return _counted(Answer(text=text, reasoning=reasoning, finish="refused", error=why), counts)
    cut = finish in _CUT or (finish not in {"stop", "eos"} and counts is not None and 0 < budget <= counts[1])
    return _counted(Answer(text=text, reasoning=reasoning, finish="length" if cut else "stop"), counts)


def _counted(answer: Answer, counts: tuple[int, int] | None) -> Answer:
    if counts is None:
        return msgspec.structs.replace(answer, uncounted=True)
    return msgspec.structs.replace(answer, prompt_tokens=counts[0], completion_tokens=counts[1])


def _counts(usage: object) -> tuple[int, int] | None:
    """Tokens of the prompt and of the completion; None unless both are counts."""
    found = as_dict(usage)
    read = found.get("prompt_tokens", found.get("input_tokens"))
    written = found.get("completion_tokens", found.get("output_tokens"))
    if not (_is_count(read) and _is_count(written)) or read == written == 0:
        return None
    return read, written


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_TOKENS


class _Texts:
    """The texts in a message's content, which servers give as a string, as parts or as an object."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    @property
    def joined(self) -> str:
        return _written("".join(self._pieces))

    def read(self, content: object, thoughts: "_Texts", depth: int = 0) -> None:
        if isinstance(content, str):
            self._pieces.append(content)
        elif isinstance(content, list) and depth < 8:
            for part in content:
                self.read(part, thoughts, depth + 1)
        elif isinstance(content, dict) and depth < 8:
            kind = str(content.get("type") or "")
            into = thoughts if kind.startswith(_THINKING_TYPES) or content.get("thought") is True else self
            part = next((content[name] for name in _TEXTUAL if content.get(name) is not None), None)
            into.read(part, thoughts, depth + 1)


_TEXTUAL = ("text", "thinking", "reasoning", "summary", "content", "value", "parts")


def _written(text: str) -> str:
    """The text without lone surrogates, which no log can hold."""
    return text.encode("utf-8", "replace").decode()
