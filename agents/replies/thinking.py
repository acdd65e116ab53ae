"""What a reasoning model thought before it answered, told from the answer itself."""

import re
from collections.abc import Iterable
from typing import NamedTuple

_NAME = (
    r"(?:[a-z]{1,12}[:_-])?(?:think(?:ing|s)?|thoughts?|reason(?:ing|s)?|reflect(?:ion|ing)?|analysis"
    r"|scratch_?pad|(?:inner_?)?monologue|antthinking|chain_of_thought)"
)
_OPEN = (
    rf"(?:<|&lt;)\s{{0,9}}{_NAME}(?:\s[^<>\n]{{0,200}}(?<!/))?(?:>|&gt;)|◁\s{{0,9}}{_NAME}\s{{0,9}}▷"
    rf"|\[think(?:ing)?\]|<[|\uff5c]\s?(?:(?:start|begin)_?(?:of_?)?)?{_NAME}\s?[|\uff5c]>|<unused94>"
)
_CLOSE = (
    rf"(?:<|&lt;)\s{{0,9}}/\s{{0,9}}{_NAME}\s{{0,9}}(?:>|&gt;)|◁\s{{0,9}}/\s{{0,9}}{_NAME}\s{{0,9}}▷"
    rf"|\[/think(?:ing)?\]|<[|\uff5c]\s?(?:/|end_?(?:of_?)?){_NAME}\s?[|\uff5c]>|<unused95>"
)
_EMPTY = rf"(?:<|&lt;)\s{{0,9}}{_NAME}(?:\s[^<>\n]{{0,200}})?/(?:>|&gt;)"
_TAG = rf"(?P<close>{_CLOSE})|(?P<open>{_OPEN})|(?P<empty>{_EMPTY})"
_LONG = r"\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''"
_SHORT = r"(?<!\w)[rbfu]{0,2}(?:\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+')|`[^`\n]+`|\#[^\n]*"
_TORN = r"(?<!\w)(?:\"(?:[^\"\\\n]|\\.)*+|'(?:[^'\\\n]|\\.)*+)"
_SCAN = re.compile(rf"{_TAG}|(?P<long>{_LONG})|(?P<short>{_SHORT})|(?P<torn>{_TORN})", re.IGNORECASE)
"""The tags, and what may hold one that is none: a string, a comment, inline code."""
_TAGS = re.compile(_TAG, re.IGNORECASE)
_OPENING = re.compile(_OPEN, re.IGNORECASE)
_CLOSING = re.compile(rf"(?P<close>{_CLOSE})", re.IGNORECASE)
_CLOSING_ALONE = re.compile(rf"^(?P<close>{_CLOSE})[ \t]*$", re.IGNORECASE | re.MULTILINE)
_NOT_BEFORE_A_TAG = "'\"`(\\"

_LINE_BEGINS = re.compile(r"(?:\A|.*\n)[ \t>*]*(?:\d{1,2}[.)])?[ \t]*\Z", re.DOTALL)
_FRONT = 24
"""How many characters before a tag tell whether it begins its line."""

_BLANK_LINES = re.compile(r"\A(?:[ \t\r]*\n)+")

_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<]{0,99}(?:<\|constrain\|>[^<]{0,99})?<\|message\|>")
_CHANNEL_ENDS = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
_UNMARKED = (re.compile(r"\Aanalysis(?=[A-Z\s])"), re.compile(r"assistantfinal"))
"""The channels where the server has removed their marks."""
_ANNOUNCED = (
    re.compile(r"\A\s{0,9}Thinking\.{3}[ \t]*\n"),
    re.compile(r"^\.{3} ?done thinking\.?", re.MULTILINE),
)
"""How a terminal shows reasoning."""


class _Span(NamedTuple):
    """A stretch of reasoning, with and without its tags."""

    start: int
    inner: int
    outer: int
    end: int


def split_thinking(text: str) -> tuple[str, str]:
    """The reasoning in a model's text, and the answer: the text itself where there is no reasoning.

    Reasoning that is never closed leaves what stands above it as the answer. Where only its end is marked,
    all above is reasoning. A tag inside a string, a comment or inline code is no mark. Never raises.
    """
    if "<|channel|>" in text and _CHANNEL.search(text):
        return _by_channel(text)
    for first, last in (_UNMARKED, _ANNOUNCED):
        if (begun := first.match(text)) and (ended := last.search(text, begun.end())):
            return text[begun.end() : ended.start()].strip(), _joined([text[ended.end() :]])
    spans = _spans(text) if _TAGS.search(text) else []
    if not spans:
        return "", text
    reasoning = "\n".join(text[span.inner : span.outer].strip() for span in spans).strip()
    starts, ends = [span.start for span in spans], [span.end for span in spans]
    return reasoning, _joined(text[a:b] for a, b in zip([0, *ends], [*starts, len(text)], strict=True))


def _by_channel(text: str) -> tuple[str, str]:
    """What the other channels say, and the messages of the channel `final`."""
    reasoning, answer = list[str](), list[str]()
    for found in _CHANNEL.finditer(text):
        closing = _CHANNEL_ENDS.search(text, found.end())
        said = text[found.end() : closing.start() if closing else len(text)]
        (answer if found[1] == "final" else reasoning).append(said)
    return "\n".join(each.strip() for each in reasoning), _joined(answer)


def _joined(pieces: Iterable[str]) -> str:
    """The pieces of the answer, each beginning a line, without blank lines above the first."""
    answer = ""
    for piece in pieces:
        if not answer.strip():
            answer = _BLANK_LINES.sub("", piece)
        elif piece.strip():
            answer += piece if answer.endswith("\n") or piece.startswith("\n") else "\n" + piece
    return answer


def _spans(text: str) -> list[_Span]:
    """Where the reasoning stands; a closing tag that nothing opens ends one that began with the text."""
    spans, at, closable = list[_Span](), 0, True
    while mark := _mark(text, at, begun=bool(spans)):
        start, at = mark.span()
        if mark.lastgroup == "close":
            spans = [_Span(0, 0, start, at)]
        elif mark.lastgroup == "empty":
            spans.append(_Span(start, start, start, at))
        elif closing := closable and _CLOSING.search(text, at):
            spans.append(_Span(start, at, *closing.span()))
            at = closing.end()
        elif text[start] != "[" and _LINE_BEGINS.match(text[max(0, start - _FRONT) : start]):
            return [*spans, _Span(start, at, len(text), len(text))]
        else:
            closable = False
    return spans


def _mark(text: str, at: int, *, begun: bool) -> re.Match[str] | None:
    """The next tag that means what it says."""
    while found := _SCAN.search(text, at):
        start, at = found.span()
        mark: re.Match[str] | None = None
        match found.lastgroup:
            case "close" | "empty":
                mark = found
            case "open":
                mark = found if not start or text[start - 1] not in _NOT_BEFORE_A_TAG else None
            case "torn":
                mark = _CLOSING.search(text, start, at)
            case "long" if not begun:
                mark = _CLOSING_ALONE.search(text, start, at)
                mark = None if mark and _OPENING.search(text, start, mark.start()) else mark
            case _:
                pass
        if mark:
            return mark
    return None
