"""Programs that stand inside something else: a JSON object, a notebook, a string, inline code."""

import ast
import json
import re
from collections.abc import Iterator

_LOOKS_LIKE_CODE = re.compile(r"\b(?:def|class|import)\s+\w|\blambda\b")
_INLINE = re.compile(r"(?<!`)(`{1,2})(?!`)([^\n`]+)\1(?!`)")
_STRING = re.compile(
    r"[rR]?(?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+')"
)
_MEMBER = re.compile(r"\"\s*:\s*\"((?:[^\"\\]|\\[\s\S])*+)\"\s*[,}\]]")
_LANGUAGE = re.compile(r"\A[ \t]*(?:python\d?|py)[ \t]*\n", re.IGNORECASE)
DEEPEST = 4


def wrapped(text: str) -> tuple[str, ...]:
    """The programs inside strings, JSON and inline code, in the order in which they stand there."""
    if not _LOOKS_LIKE_CODE.search(text):
        return ()
    found = [*_in_json(text), *_in_strings(text)] or [each[2] for each in _INLINE.finditer(text)]
    code = dict.fromkeys(_LANGUAGE.sub("", each) for each in found if _LOOKS_LIKE_CODE.search(each))
    return tuple(each for each in code if each != text)


def _in_json(text: str) -> Iterator[str]:
    """What stands in the JSON of the text, also where line ends in its strings are not escaped."""
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    end = max(text.rfind("}"), text.rfind("]")) + 1
    if not starts or end <= min(starts):
        return
    try:
        yield from _texts(json.loads(text[min(starts) : end], strict=False), 0)
    except (ValueError, RecursionError):
        for found in _MEMBER.finditer(text):
            yield from _evaluated('"' + found[1].replace("\n", "\\n") + '"')


def _texts(value: object, depth: int) -> Iterator[str]:
    """The strings in a JSON value; lines of one text are joined."""
    match value:
        case str() if depth < DEEPEST and value.lstrip()[:1] in ("{", "["):
            yield from _in_json(value)
        case str():
            yield value
        case list() if value and all(isinstance(each, str) for each in value):
            yield ("" if any(each.endswith("\n") for each in value) else "\n").join(value)
        case list() if depth < DEEPEST * 2:
            for each in value:
                yield from _texts(each, depth + 1)
        case dict() if depth < DEEPEST * 2:
            for each in value.values():
                yield from _texts(each, depth + 1)
        case _:
            pass


def _in_strings(text: str) -> Iterator[str]:
    for found in _STRING.finditer(text):
        if _LOOKS_LIKE_CODE.search(found.group()):
            yield from _evaluated(found.group())


def _evaluated(literal: str) -> Iterator[str]:
    try:
        value = ast.literal_eval(literal)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return
    if isinstance(value, str):
        yield value
