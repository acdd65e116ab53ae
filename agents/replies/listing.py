"""The lines of a list, however a model numbers, wraps or marks them, as lines that begin `1. ` or `- `."""

import json
import re
import unicodedata
from collections.abc import Iterator

from agents.replies.blocks import fenced
from agents.replies.spelling import bounded, cleaned, visible, without_tokens
from agents.replies.statements import parsed
from agents.replies.thinking import split_thinking

_WORDS = {
    word: n
    for n, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
}
_CHINESE = {sign: n for n, sign in enumerate("一二三四五六七八九十", 1)}
_ORDINALS = {
    word: n
    for n, word in enumerate(["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"], 1)
}
_ROMAN = {word: n for n, word in enumerate(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"], 1)}
_LETTERS = {letter: n for n, letter in enumerate("abcdefgh", 1)}
_VALUES = _WORDS | _CHINESE | _LETTERS | _ORDINALS | _ROMAN
_NUMBER = r"(\d{1,2}|[一二三四五六七八九十]|" + "|".join(_WORDS) + r")"
_NUMBERED = re.compile(
    rf"([ \t]*)(?:\#+[ ]*)?[*_|]*[ ]?(?:第[ ]?{_NUMBER}[ ]?步|步骤[ ]?{_NUMBER}|step[ ]?\#?{_NUMBER}"
    rf"|[(\[\uff08【]{_NUMBER}[)\]\uff09】]|\#{_NUMBER}(?=[ :.])|({'|'.join(_ORDINALS)})(?=:)"
    rf"|({'|'.join(_ROMAN)}|[a-h])(?=[.)][ \t])"
    rf"|{_NUMBER}(?=[ ]?[、|:)]|[ ][-\u2013—][ ]|[.](?![\d ])|\ufe0f?\u20e3))"
    r"[*_]*\ufe0f?\u20e3?[ ]?[*_]*[.:\uff1a、)|\u2013—-]*[*_]*(?:[ \t]+|(?=\S)|$)(.*?)[ ]*\|?",
    re.IGNORECASE,
)
_BULLETED = re.compile(
    r"([ \t]*)(?:[‣◦●○▪▫■□\u2013—+→➢➤✓✔✅☐☑·\u2043∙]|\\item|[*-](?=[ ]?\[[ xX]\]))\ufe0f?[ \t]*(\S.*)"
)
_BULLETED_NUMBER = re.compile(r"\A([ \t]*)[-*•+][ \t]+(?=\d{1,2}[.)][ \t])")
_CHECKBOX = re.compile(r"\A((?:[ \t]*(?:[-*•+]|\d{1,2}[.)])[ \t]+)?)\[[ xX✓]?\][ \t]+")
_ITEM_TAG = re.compile(r"[ \t]*<(?:li|step|item)\b[^<>\n]{0,99}>[ \t]*", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:[ou]l|li|steps?|item|plan|answer|final|output|p|br|div|b|strong|solution|response)\b[^<>\n]{0,99}>",
    re.IGNORECASE,
)
_WHOLE = r"(?:plan|steps|answer|final|output|solution|response)>"
_WRAPPER = re.compile(
    rf"^[ \t]*</?{_WHOLE}|</{_WHOLE}[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTE = re.compile(r"^[ \t]*>[ ]?", re.MULTILINE)
_TEXT_INFO = re.compile(
    r"[ \t]*(?:`{3,}|~{3,})[ \t]*(?:markdown|md|te?xt|plain\w*|plan|none|yaml|json)\b", re.IGNORECASE
)
_COMMENT = re.compile(r"[ \t]*\#+[ \t]*(.*)")


def answered(text: str) -> str:
    """The answer in a model's text, without reasoning and without the marks of a chat."""
    return _WRAPPER.sub("", without_tokens(cleaned(bounded(split_thinking(text)[1]))))


def canonical(text: str) -> str:
    """The text with each item of a list as `1. ` or `- ` begins it; other lines as they are."""
    tagged = _TAG.sub("", _ITEM_TAG.sub("\n- ", text)) if "<" in text else text
    return "\n".join(map(_canonical, visible(tagged).split("\n")))


def _canonical(line: str) -> str:
    line = _BULLETED_NUMBER.sub(r"\1", line)
    plain = unicodedata.normalize("NFKC", line[:8]) + line[8:] if not line[:8].isascii() else line
    circled = _CIRCLED.match(line)
    if circled:
        return f"{circled[1]}{int(unicodedata.numeric(circled[2]))}. {circled[3]}"
    if found := _NUMBERED.fullmatch(plain):
        number = next(each for each in found.groups()[1:-1] if each)
        return f"{found[1]}{_value(number)}. {found[found.re.groups]}"
    if found := _BULLETED.fullmatch(line):
        line = f"{found[1]}- {found[2]}"
    return _CHECKBOX.sub(r"\1", line)


_CIRCLED = re.compile(r"([ \t]*)[*_]*([①-⑳⓵-⓾❶-❿➀-➓㈠-㈩㊀-㊉])[*_]*[ \t.:\uff1a、]*(.*)")


def _value(number: str) -> int:
    return int(number) if number.isdigit() else _VALUES[number.lower()]


def inner_texts(text: str) -> Iterator[str]:
    """What stands in fences, in JSON, in a quotation: where a list may be that is not there outside.

    Of code only the comments count.
    """
    infos = [line for line in text.split("\n") if _TEXT_INFO.match(line)]
    for block in fenced(text):
        is_code = not infos and not isinstance(parsed(block), SyntaxError)
        comments = [found[1] for line in block.split("\n") if (found := _COMMENT.fullmatch(line))]
        if is_code or _CODE.search(block):
            yield "\n".join(comments)
        else:
            yield block
    yield from _in_json(text)
    if _QUOTE.search(text):
        yield _QUOTE.sub("", text)


_CODE = re.compile(r"^[ \t]*(?:def|class|import|from|return|for|while|if|print)\b[^\n]*[:()=]", re.MULTILINE)


def _in_json(text: str) -> Iterator[str]:
    """The strings of a JSON list, one a line and numbered."""
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    end = max(text.rfind("}"), text.rfind("]")) + 1
    if starts and end > min(starts):
        try:
            steps = list(_strings(json.loads(text[min(starts) : end], strict=False)))
        except (ValueError, RecursionError):
            return
        if len(steps) == 1:
            yield steps[0]
        yield "\n".join(f"{number}. {' '.join(step.split())}" for number, step in enumerate(steps, 1))


def _strings(value: object) -> Iterator[str]:
    """The strings of a list, and of each object in it the longest; of one object all."""
    match value:
        case str():
            yield value
        case list():
            for each in value:
                said = list(_strings(each))
                yield from [max(said, key=len)] if isinstance(each, dict) and said else said
        case dict():
            for each in value.values():
                yield from _strings(each)
        case _:
            pass
