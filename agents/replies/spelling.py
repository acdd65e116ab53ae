"""Plainer spellings of an answer: without the marks of a chat, a page, a listing or a typesetter.

What stands in a string or a comment is left as it is, except in the last spelling of all.
"""

import html
import re
from collections.abc import Callable, Iterator

from agents.replies.lines import dedented

_LITERAL = re.compile(
    r"\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''"
    r"|(?<!\w)[rbfuRBFU]{0,2}(?:\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+')"
    r"|(?<!&)\#[^\n\u2028\u2029\x85\v\f]*"
    r"|(?<!\w)(?:\"(?:[^\"\\\n]|\\.)*+|'(?:[^'\\\n]|\\.)*+)"
)
"""A string or a comment, or what begins as a string and is none."""


LONGEST = 32_000
"""How many characters of an answer are read; of a longer one the first half and the last."""


def bounded(text: str) -> str:
    """The text, if need be without its middle."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]}\n{text[-half:]}"


def cleaned(text: str) -> str:
    """The text with plain line ends, and without what no source file can hold or no model means to say."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").removeprefix("\ufeff")
    return _without_last_tokens(plain).encode(errors="replace").decode()


def spellings(text: str) -> Iterator[str]:
    """The text as it is, and then ever plainer ones; each also as the listing that it may be printed as."""
    seen: set[str] = set()
    for plain in _plainer(text):
        for spelling in (plain, *(view(plain) for view in _VIEWS)):
            if spelling not in seen:
                seen.add(spelling)
                yield spelling


def turns(text: str) -> Iterator[str]:
    """The text up to where the model ends its turn, if it goes on to play both sides; then all of it."""
    for found in _TOKEN.finditer(text):
        if _ENDS_TURN.search(found.group()) and not _GOES_ON.match(text, found.end()):
            before = text[: found.start()]
            if before.strip() and not _within_literal(text, found.start()):
                yield before
            break
    yield text


def without_tokens(text: str) -> str:
    """The text without the marks of a chat template, each of which ends its line where text follows."""
    return _outside_literals(text, lambda part: _TOKEN_AT.sub(_token_gone, part))


def visible(text: str) -> str:
    """The text with plain blanks, and without characters that do not show."""
    return text if text.isascii() else text.translate(_LINE_ENDS).translate(_GONE)


def has_entities(source: str) -> bool:
    """True of code whose operators are written as in a page: `&lt;`."""
    return "&" in source and _ENTITY.search(_outside_literals(source, str, drop=True)) is not None


def _plainer(text: str) -> Iterator[str]:
    """The text with fewer and fewer characters that Python does not know."""
    for spaces in (_without_joiners, _with_indenting_joiners, _with_blank_joiners):
        yield (plain := _outside_literals(text, spaces) if not text.isascii() else text)
        yield (plain := without_tokens(plain))
        yield (plain := _outside_literals(_outside_literals(plain, _with_line_ends), spaces))
        yield (plain := _unescaped(plain))
        yield (plain := _unescaped(plain))
        for alphabet in (_with_plain_quotes, _with_plain_punctuation):
            yield (plain := _outside_literals(plain, alphabet))
        yield plain.translate(_EVERYWHERE)


def _outside_literals(text: str, change: Callable[[str], str], *, drop: bool = False) -> str:
    """The text with a change to all that is neither string nor comment."""
    parts, end = list[str](), 0
    for found in _LITERAL.finditer(text):
        parts += [change(text[end : found.start()]), "" if drop else found.group()]
        end = found.end()
    return "".join([*parts, change(text[end:])])


def _within_literal(text: str, at: int) -> bool:
    return any(found.start() < at < found.end() for found in _LITERAL.finditer(text))


_TOKEN = re.compile(
    r"<[|\uff5c][^<>|\uff5c\n]{1,40}[|\uff5c]>|</?s>|<</?SYS>>|\[/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS)\]"
    r"|<(?:bos|eos|pad|unk|sep|eod|eot|EOT|PRE|SUF|MID|(?:start|end)_of_(?:turn|text|utterance|sentence|image)"
    r"|fim_(?:prefix|suffix|middle|pad)|file_sep|reponame|filename|repo_name|gh_stars|empty_output|endoftext"
    r"|(?:jupyter|commit|issue)_\w{1,20}|extra_id_\d+|unused\d+|/?turn\|?|im_(?:start|end)|SPECIAL_\d+"
    r"|0x[0-9A-Fa-f]{2})>"
    r"|(?<![\w\])])\[(?:EOS|BOS|SEP|CLS|PAD|MASK|gMASK|sMASK|UNUSED_TOKEN_\d+)\]"
)
"""A mark of a chat template, which a server should have kept to itself."""
_ENDS_TURN = re.compile(r"end|eot|eos|eom|return|separator|file_sep|</s>|/INST", re.IGNORECASE)
_GOES_ON = re.compile(r"[ \t]*\n[ \t]+\S")
"""What follows a mark inside a block of code."""
_TOKEN_AT = re.compile(rf"(?:{_TOKEN.pattern})+")


def _without_last_tokens(text: str) -> str:
    """The text without the marks at its very end, in whatever they stand there."""
    while (bare := text.rstrip()).endswith((">", "|INST]", "/INST]")):
        found = list(_TOKEN.finditer(bare, max(0, len(bare) - 50)))
        if not found or found[-1].end() != len(bare):
            break
        text = bare[: found[-1].start()]
    return text


_BYTE = re.compile(r"<0x(..)>")


def _token_gone(found: re.Match[str]) -> str:
    text, (start, end) = found.string, found.span()
    if found.group().startswith("<0x"):
        return bytes.fromhex("".join(_BYTE.findall(found.group()))).decode(errors="replace")
    return "" if text[start - 1 : start] == "\n" or text[end : end + 1] in ("", "\n") else "\n"


_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|\#\d{1,6}|\#[xX][0-9a-fA-F]{1,5});")


def _unescaped(text: str) -> str:
    """The text as a page shows it, where entities stand outside of strings."""
    return _ENTITY.sub(lambda found: html.unescape(found.group()), text) if has_entities(text) else text


_LINE_ENDS = dict.fromkeys(map(ord, "\u2028\u2029\x85\v\f\x1c\x1d\x1e"), "\n")
_SPACES = dict.fromkeys(map(ord, "\xa0\u1680\u180e\u202f\u205f\u3000\u2581\u0120\u3164\u2800"), " ")
_SPACES |= dict.fromkeys(range(0x2000, 0x200B), " ") | {0x010A: "\n"}
_JOINERS = "".join(
    map(
        chr,
        (
            *range(1, 9),
            *(0x1A, 0x1B, 0x7F, 0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x180B, 0x180C, 0x180D),
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2070),
            *range(0xFE00, 0xFE10),
            *(0xFEFF, 0xFFF9, 0xFFFA, 0xFFFB, 0xFFFC, 0xFFFE),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
"""Characters of no width, and others that do not show."""
_GONE = _SPACES | dict.fromkeys(map(ord, _JOINERS))
_BLANK = _SPACES | dict.fromkeys(map(ord, _JOINERS), " ")
_MARGIN = re.compile(rf"^[ \t{''.join(map(chr, _SPACES))}{_JOINERS}]+", re.MULTILINE)


def _with_plain_quotes(part: str) -> str:
    return part.translate(_QUOTES)


def _with_plain_punctuation(part: str) -> str:
    return part.translate(_PUNCTUATION)


def _with_line_ends(part: str) -> str:
    return part.translate(_LINE_ENDS)


def _without_joiners(part: str) -> str:
    return part.translate(_GONE)


def _with_indenting_joiners(part: str) -> str:
    """Joiners before a line are its margin; others are nothing."""
    return _MARGIN.sub(lambda found: found.group().translate(_BLANK), part).translate(_GONE)


def _with_blank_joiners(part: str) -> str:
    return part.translate(_BLANK)


_QUOTES = str.maketrans(
    "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02\u2018\u2019\u201a\u201b\u2032\uff07\u00b4",
    '"' * 8 + "'" * 7,
)
_PUNCTUATION = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | str.maketrans(
    {"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2014": "-", "\u2015": "-", "\u2212": "-"}
    | {
        "\u3001": ",",
        "\u3002": ".",
        "\u3010": "[",
        "\u3011": "]",
        "\u2026": "...",
        "\u00d7": "*",
        "\u00f7": "/",
    }
    | {
        "\u2217": "*",
        "\u2215": "/",
        "\u2260": "!=",
        "\u2264": "<=",
        "\u2265": ">=",
        "\u2192": "->",
        "\u00b7": "*",
    }
)
_EVERYWHERE = str.maketrans("\u201c\u201d\u201e\u2018\u2019\u00a0\u2212", '"""\'\' -', "\u200b")
"""Typographic quotes, a blank and a minus that are not ASCII's, and a space of no width."""


_PREFIXES = tuple(
    re.compile(rf"{prefix}(.*)")
    for prefix in (
        r"\s*(?:>>>|\.\.\.)(?: |$)",
        r"\s*\d+(?:[.:|)]|\t|(?=\s)|$) ?",
        r"> ?",
        r"\s*(?:In ?\[\d*\]:|\.{3,}:) ?",
        r"\s*(?:>>>|\.\.\.)",
        r"\s*\d+ ?[|\u2502\u2503:\u2192] ?",
        r"\s*[\[(]\d+[\])]:? ?",
        r"\s*[Ll](?:ine)? ?\d+(?: ?[.:|])? ?",
        r"\s*(?:> ?){2,}",
        r"[|\u2502\u2503] ?",
    )
)
_DIFF = re.compile(r"[+ ](?!\+\+ )(.*)|()")
_DEFINITION = re.compile(r"\s*(?:async\s+)?(?:def|return|class)\s|\s*\w+ ?= ?lambda\b")


def _without_prefixes(text: str) -> str:
    """Only the lines that share a prefix, without it, where a function stands behind such prefixes."""
    for prefix in _PREFIXES:
        bare = [match[1] for line in text.split("\n") if (match := prefix.fullmatch(line))]
        if any(_DEFINITION.match(line) for line in bare):
            return dedented("\n".join(bare))
    return text


def _as_patched(text: str) -> str:
    """What a patch that adds a function makes of the file."""
    lines = text.split("\n")
    if not any(line.startswith("+") and _DEFINITION.match(line[1:]) for line in lines):
        return text
    return dedented("\n".join(line[1:] for line in lines if _DIFF.fullmatch(line)))


_TAG = re.compile(
    r"</?(?:pre|code|br|p|div|span|li|ol|ul|html|body|main|section|python|answer|solution|final|output|result"
    r"|response|function|program|snippet|file|artifact|tool_call|parameter|arguments|xml|script|block|method)"
    r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"\n]*\"|'[^'\n]*'|[\w.-]+)|=[\w.-]+)*\s*/?>"
    r"|\[/?(?:PYTHON|CODE|ANSWER|SOLUTION|FUNCTION|code|python)(?:=\w+)?\]"
    r"|\\(?:begin|end)\{(?:lstlisting|verbatim|minted|python|code)\}(?:\[[^\]\n]*\]|\{\w+\})*",
    re.IGNORECASE,
)
_SPAN = re.compile(r"</?span", re.IGNORECASE)
_TICKS = re.compile(
    r"^[ \t]*`{1,2}(?:python\d?|py)?[ \t]*$|^`{1,2}(?=(?:async |def |class |@|from |import ))"
    r"|(?<=[\w)\]}'\"])`{1,2}[ \t]*$",
    re.MULTILINE,
)


def _without_tags(text: str) -> str:
    """The text of a page, a line for each of its blocks."""
    bare = _TAG.sub(lambda found: "" if _SPAN.match(found.group()) else "\n", text)
    return _TICKS.sub("", bare)


def _with_real_line_ends(text: str) -> str:
    r"""The text with a line end for each `\n` that is written out, where a definition goes on behind one."""
    if not re.search(r"(?:def|class)\b[^\n]{0,400}:[ \t]*(?:\#[^\n\\]*)?\\n", text):
        return text
    for written, meant in (("\\r", ""), ("\\n", "\n"), ("\\t", "\t"), ('\\"', '"'), ("\\'", "'")):
        text = text.replace(written, meant)
    return text


_VIEWS = (_without_prefixes, _as_patched, _without_tags, _with_real_line_ends)
