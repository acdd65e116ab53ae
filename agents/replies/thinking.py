"""What a reasoning model thinks before it answers, split off its answer."""

import re

_NAMES = "think|thinking|thought|thoughts|reasoning|reason|seed:think|longcat_think"
_OPENING = re.compile(
    rf"<({_NAMES})(?:\s[^<>]*)?>|\u25c1(think)\u25b7|\[(THINK)\]|<\|begin_of_(thought)\|>", re.IGNORECASE
)
_CLOSING = re.compile(
    rf"</(?:{_NAMES})\s*>|\u25c1/think\u25b7|\[/THINK\]|<\|end_of_thought\|>", re.IGNORECASE
)
_FENCE = re.compile(r"(?m)^[ \t>]*(?:```|~~~)")

_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+).{0,80}?<\|message\|>", re.DOTALL)
_CHANNEL_END = re.compile(r"<\|(?:end|return|call)\|>(?:<\|start\|>assistant)?")
_CHANNEL_START = re.compile(r"\s*(?:<\|start\|>assistant\s*)?(?=<\|channel\|>)")
_CHANNELS_GLUED = re.compile(r"\s*analysis(.*?)assistant\s?final(.*)", re.DOTALL)


def split_thinking(text: str) -> tuple[str, str]:
    """The text as (reasoning, answer); an answer without thinking is returned as it is.

    Thinking is a block that begins the text, or all that stands before a closing tag whose opening
    tag stood in the prompt. A tag in code or in a string is part of the answer. Thinking that never
    ends leaves an empty answer. Never raises.
    """
    channels = _channels(text)
    if channels is not None:
        return channels
    thoughts: list[str] = []
    answer = text
    while (parts := _first_block(answer, lone=not thoughts)) is not None:
        thoughts.append(parts[0].strip())
        answer = parts[1].lstrip()
    return "\n\n".join(filter(None, thoughts)), answer


def _first_block(text: str, *, lone: bool) -> tuple[str, str] | None:
    """What stands in the thinking at the start of the text and after it; None if it does not begin so."""
    opening = _OPENING.match(text, len(text) - len(text.lstrip()))
    begin = opening.end() if opening else 0
    if opening is None and not lone:
        return None
    closings = list(_CLOSING.finditer(text, begin))
    if opening is None:
        closing = next((found for found in closings if not _quoted(text, found)), None)
        return (text[: closing.start()], text[closing.end() :]) if closing else None
    closing = next((found for found in closings if not _in_string(text, found)), None) or next(
        iter(closings), None
    )
    return (text[begin : closing.start()], text[closing.end() :]) if closing else (text[begin:], "")


def _quoted(text: str, tag: re.Match[str]) -> bool:
    """True for a tag that code mentions: inside an open fence, a docstring or a string."""
    before = text[: tag.start()]
    docstring = any(before.count(quotes) % 2 for quotes in ('"""', "'''"))
    return bool(len(_FENCE.findall(before)) % 2) or docstring or _in_string(text, tag)


def _in_string(text: str, tag: re.Match[str]) -> bool:
    line = text[text.rfind("\n", 0, tag.start()) + 1 : tag.start()]
    return bool(line.count('"') % 2 or line.count("`") % 2 or line.endswith("'"))


def _channels(text: str) -> tuple[str, str] | None:
    """The same for the channels of gpt-oss, with their markers or, those skipped, without."""
    if _CHANNEL_START.match(text):
        said = _messages(text)
        thoughts = [words for channel, words in said if channel != "final"]
        return "\n\n".join(filter(None, thoughts)), "".join(words for name, words in said if name == "final")
    if glued := _CHANNELS_GLUED.fullmatch(text):
        return glued[1].strip(), glued[2].lstrip()
    return None


def _messages(text: str) -> list[tuple[str, str]]:
    """The messages of such an answer, each with its channel."""
    heads = list(_CHANNEL.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    spans = zip(heads, ends, strict=True)
    return [(head[1].lower(), _CHANNEL_END.sub("", text[head.end() : end]).strip()) for head, end in spans]
