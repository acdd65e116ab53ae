"""What a server means when it does not answer: its words, and what has to change before it does."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any

import msgspec

from fractal_agent.engines.openai.bodies import Broken, as_dict, clipped, document_in, plain
from fractal_agent.engines.openai.wording import (
    AGAIN_IN,
    CREDIT,
    CREDIT_CODES,
    CUT,
    FILTER,
    FILTER_CODES,
    LONG,
    LONG_CODES,
    LONG_SURELY,
    MENTIONS,
    MISSING,
    OPTIONAL,
    PASSING,
    PREAMBLE,
    SAMPLING,
)


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


_BUSY = frozenset({429, 502, 503, 504, 529, 530, *range(520, 525)})
_KINDS = {
    **dict.fromkeys((401, 403), Kind.KEY),
    402: Kind.CREDIT,
    **dict.fromkeys((404, 405, 410), Kind.MISSING),
    **dict.fromkeys((408, 409, 425), Kind.SHAKY),
    413: Kind.PROMPT,
    **dict.fromkeys(_BUSY, Kind.BUSY),
}


def _kind(status: int, words: str, codes: str, waits: float) -> Kind:
    """The words and codes go first, for servers say the same under many statuses."""
    passing = status in _BUSY or status >= 500
    if CUT.search(words):
        return Kind.CUT
    if _is_long(words, codes, passing=passing) or (
        not passing and status != 401 and (FILTER_CODES.search(codes) or FILTER.search(words))
    ):
        return Kind.PROMPT
    if CREDIT_CODES.search(codes) or (not waits and CREDIT.search(words)):
        return Kind.CREDIT
    if status == 0:
        return _kind_without_status(words, codes)
    return _KINDS.get(status, Kind.SHAKY if status >= 500 else Kind.REQUEST)


def _is_long(words: str, codes: str, *, passing: bool) -> bool:
    if LONG_CODES.search(codes) or LONG_SURELY.search(words):
        return True
    blamed = SAMPLING & frozenset(_mentioned(words))
    return not (passing or blamed) and LONG.search(PREAMBLE.sub("", words)) is not None


def _kind_without_status(words: str, codes: str) -> Kind:
    """A reply of status 200 that holds an error and no number for it."""
    if MISSING.search(words):
        return Kind.MISSING
    return Kind.BUSY if PASSING.search(f"{words} {codes}") else Kind.REQUEST


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
        for name in (
            "code",
            "type",
            "status",
            "error_type",
            "status_code",
            "reason",
            "error_code",
            "errorCode",
        ):
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
        yield from (name for name in OPTIONAL if piece == name or MENTIONS[name].fullmatch(piece))


def _mentioned(words: str) -> tuple[str, ...]:
    places = {name: found.start() for name in OPTIONAL if (found := MENTIONS[name].search(words))}
    return tuple(sorted(places, key=places.__getitem__))


def _wait_in(words: str) -> float:
    """Seconds after which the words say to try again; 0 where they say no time."""
    found = AGAIN_IN.search(words)
    if found is None:
        return 0.0
    hours, minutes, seconds, unit = found.groups()
    last = float(seconds or 0) * (0.001 if unit == "ms" else 1)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + last
