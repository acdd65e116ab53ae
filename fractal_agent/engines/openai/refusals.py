"""What a server means when it does not answer: its words, and what has to change before it does."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any

import msgspec

from fractal_agent.engines.openai.bodies import Broken, as_dict, clipped, document_in, plain


class Kind(Enum):
    """What would have to change before the server answers."""

    PROMPT = auto()
    """The prompt: it is too long, or a content filter holds it back."""
    CUT = auto()
    """The token budget: it ran out before the answer began."""
    REQUEST = auto()
    """Something in the request; which part, is to be found out."""
    KEY = auto()
    CREDIT = auto()
    MISSING = auto()
    """The model, or the address."""
    BUSY = auto()
    """Nothing but time: the server is overloaded, restarting or not reached."""
    SHAKY = auto()
    """Perhaps nothing: the server made a mistake that another try may not meet."""
    SLOW = auto()
    """The time that an answer may take."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A reply that is no answer."""

    kind: Kind
    words: str
    """The server's own words, or what was found instead of an answer."""
    status: int = 0
    """The HTTP status, or the one inside a reply of status 200; 0 where no reply came."""
    named: tuple[str, ...] = ()
    """Parameters that the server's fields name."""
    mentioned: tuple[str, ...] = ()
    """Parameters that its words mention, in that order."""
    retry_after: float = 0.0
    """Seconds that the server asks to wait."""

    def __str__(self) -> str:
        return f"{self.words} (status {self.status})" if self.status else self.words


OPTIONAL = ("seed", "top_p", "temperature", "stop", "prefill", "max_tokens", "max_completion_tokens")
"""Parameters that a request can do without."""

_SPELLINGS = {
    "seed": r"(?:random_)?seed",
    "top_p": r"top[_-]?p|nucleus",
    "temperature": r"temperature",
    "stop": r"[`'\"$.]+stop[`'\"]*|len\(stop\)|stop[ _-]?(?:strings?|sequences?|seqs?|words?|tokens?)|stop\b(?= is| must| can| has|:| param)",
    "prefill": r"continue_final_message|add_generation_prompt|prefill\w*|final (?:assistant )?message"
    r"|last (?:message|role)|assistant (?:message|prefix|role)|end with a user message",
    "max_completion_tokens": r"max_completion_tokens",
    "max_tokens": r"max_(?:new_|output_)?tokens|max(?:Output|New)?Tokens",
}
_MENTIONS = {name: re.compile(rf"(?<![\w])(?:{form})(?![\w])", re.I) for name, form in _SPELLINGS.items()}

_BUSY = frozenset({429, 502, 503, 504, 529, 530, *range(520, 525)})
_KINDS = {401: Kind.KEY, 402: Kind.CREDIT, 403: Kind.KEY, 404: Kind.MISSING, 405: Kind.MISSING, 410: Kind.MISSING}
_KINDS |= {408: Kind.SHAKY, 409: Kind.SHAKY, 413: Kind.PROMPT, 425: Kind.SHAKY}
_KINDS |= dict.fromkeys(_BUSY, Kind.BUSY)

_LONG_CODES = re.compile(
    r"context_(?:length|window|size)\w*|exceed_context\w*|prompt_too_long|request_too_large|string_above_max_length"
    r"|string_too_long|contextwindowexceeded\w*"
)
_LONG_SURELY = re.compile(
    r"context[ _-]?(?:length|window|size|limit)|context the overflows|\bn_ctx\b|request (?:is )?too large", re.I
)
_LONG = re.compile(
    r"max(?:imum)? (?:model|prompt|input|sequence) len|max_model_len|maximum context|token limit"
    r"|(?:prompt|inputs?|messages?)\b.{0,60}?(?:too long|too large|longer than|exceed|must be <=|must have less)"
    r"|exceed\w*.{0,60}?(?:number of tokens|token count|tokens allowed|input length)"
    r"|too many (?:input |prompt )?tokens|range of input length|reduce (?:the length|your prompt|the number of tokens)"
    r"|max_tokens must be at least 1, got -",
    re.I,
)
_FILTER_CODES = re.compile(
    r"content_filter\w*|content_policy\w*|contentpolicy\w*|responsibleaipolicyviolation|moderation\w*"
    r"|data_inspection_failed|prohibited_content|safety|invalid_prompt|input_flagged"
)
_FILTER = re.compile(
    r"content[ _-]?(?:management |safety )?(?:filter|polic|moderat)|usage polic|safety (?:system|filter|polic)"
    r"|(?:prompt|input|message|content|request)\b.{0,80}?\b(?:flagged|was blocked)|prohibited content"
    r"|inappropriate content|sensitive (?:content|information)|content exists risk",
    re.I,
)
_CUT = re.compile(r"could not finish the message because max_tokens", re.I)
_CREDIT_CODES = re.compile(r"insufficient_\w+|billing\w*|credit\w*|quota_?exceeded|payment_required|exceeded_current_quota\w*")
_CREDIT = re.compile(r"current quota|insufficient (?:credit|balance|fund|quota)|no credit|billing hard limit", re.I)
_MISSING = re.compile(r"unknown endpoint|unexpected endpoint|unknown (?:path|route|url)|no such (?:endpoint|route)", re.I)
_PASSING = re.compile(
    r"overload|rate[ _-]?limit|too many requests|temporar|unavailable|try again|timed? ?out|upstream|bad gateway"
    r"|no healthy|capacity|loading model|still loading",
    re.I,
)
_AGAIN_IN = re.compile(
    r"(?:again|retry)\w* (?:in|after) (?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?) ?(ms|s|seconds?)\b)?", re.I
)


def refusal_of(status: int, body: str, *, retry_after: float = 0.0, mask: Callable[[str], str]) -> Refusal:
    """What a reply means that is no answer, by its status and its body.

    A document of status 200 counts as what the error inside it says.
    """
    document = document_in(body)
    found = _Found()
    found.read(plain(body) if isinstance(document, Broken) else document)
    told = " ".join(dict.fromkeys(found.words))
    inner = status if status >= 400 else found.status or 0
    waits = retry_after or _wait_in(told)
    return Refusal(
        kind=_kind(inner, told, " ".join(found.codes).lower(), waits),
        words=clipped(mask(told)) or f"no word of explanation, status {status}",
        status=inner,
        named=tuple(_named(found.fields)),
        mentioned=_mentioned(told),
        retry_after=waits,
    )


def broken(shape: str, *, mask: Callable[[str], str]) -> Refusal:
    """A reply that says neither an answer nor an error; another try may."""
    return Refusal(kind=Kind.SHAKY, words=f"the server's answer is {mask(shape)}")


def _kind(status: int, words: str, codes: str, waits: float) -> Kind:
    if _CUT.search(words):
        return Kind.CUT
    passing = status in _BUSY or status >= 500
    if _LONG_CODES.search(codes) or _LONG_SURELY.search(words) or (not passing and _LONG.search(words)):
        return Kind.PROMPT
    if not passing and status != 401 and (_FILTER_CODES.search(codes) or _FILTER.search(words)):
        return Kind.PROMPT
    if _CREDIT_CODES.search(codes) or (not waits and _CREDIT.search(words)):
        return Kind.CREDIT
    if status in _KINDS:
        return _KINDS[status]
    if status == 0:
        return _kind_without_status(words, codes)
    return Kind.SHAKY if status >= 500 else Kind.REQUEST


def _kind_without_status(words: str, codes: str) -> Kind:
    """A reply of status 200 that holds an error and no number for it."""
    if _MISSING.search(words):
        return Kind.MISSING
    return Kind.BUSY if _PASSING.search(f"{words} {codes}") else Kind.REQUEST


class _Found:
    """What the parts of an error's document say; servers nest them in many ways."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.codes: list[str] = []
        self.fields: list[str] = []
        self.status: int | None = None

    def read(self, value: object, depth: int = 0) -> None:
        if depth > 12:
            return
        if isinstance(value, str):
            self._read_text(value, depth)
        elif isinstance(value, list):
            for part in value[:20]:
                self.read(part, depth + 1)
        elif isinstance(value, dict):
            self._read_object(value, depth)
            if depth == 0 and not self.words:
                self.words.append(json.dumps(value, ensure_ascii=False))

    def _read_text(self, text: str, depth: int) -> None:
        """Some servers pass another one's error on as text."""
        start = text.find("{")
        inner = _loaded(text[start:].strip()) if start >= 0 else None
        if inner is None:
            self.words.append(text.strip())
            return
        if text[:start].strip(" :\n"):
            self.words.append(text[:start].strip())
        self.read(inner, depth + 1)

    def _read_object(self, value: Mapping[str, object], depth: int) -> None:
        for name in ("code", "type", "status", "error_type", "status_code", "reason", "error_code", "errorCode"):
            self._read_code(value.get(name))
        for name in ("param", "loc", "field", "parameter"):
            self._read_field(value.get(name))
        for name in _WORDED:
            if name in value and value[name] not in (None, "", value.get("code")):
                self.read(value[name], depth + 1)

    def _read_code(self, code: object) -> None:
        number = int(code) if isinstance(code, str) and code.isdecimal() and len(code) == 3 else code
        if isinstance(number, int) and 400 <= number < 600:
            self.status = self.status or number
        elif isinstance(code, str | int):
            self.codes.append(str(code))

    def _read_field(self, field: object) -> None:
        parts = field if isinstance(field, list) else [field]
        self.fields += [part for part in parts if isinstance(part, str)]


_WORDED = (
    *("error", "message", "msg", "detail", "details", "errors", "error_message", "error_description"),
    *("errorMessage", "description", "title", "raw", "metadata", "innererror", "fieldViolations"),
)


def _loaded(text: str) -> Any:  # Any: whatever JSON the server sent
    try:
        return as_dict(json.loads(text)) or None
    except (ValueError, RecursionError):
        return None


def _named(fields: Sequence[str]) -> Iterator[str]:
    """A field may be a path: `body.seed`, `$.stop`, `generation_config.stop_sequences`."""
    for piece in re.split(r"[^\w-]+", " ".join(fields)):
        yield from (name for name in OPTIONAL if piece == name or _MENTIONS[name].fullmatch(piece))


def _mentioned(words: str) -> tuple[str, ...]:
    places = {name: found.start() for name in OPTIONAL if (found := _MENTIONS[name].search(words))}
    return tuple(sorted(places, key=places.__getitem__))


def _wait_in(words: str) -> float:
    """Seconds after which the words say to try again; 0 where they say no time."""
    found = _AGAIN_IN.search(words)
    if found is None:
        return 0.0
    hours, minutes, seconds, unit = found.groups()
    last = float(seconds or 0) * (0.001 if unit == "ms" else 1)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + last
