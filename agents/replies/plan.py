"""The plan in an answer: its numbered steps, without code, chatter, or the same step again."""

import re
from collections.abc import Iterable, Sequence

from agents.replies.listing import answered, canonical, inner_texts

MOST_STEPS = 12
"""A model that writes more steps than this is looping, or writing code in words."""

_STEP = re.compile(
    r"([ \t]*)(?:\#+[ ]*)?(?:\*\*)?(?:[Ss]tep[ ]+)?(\d{1,2})(?:\*\*)?[.):](?:\*\*)?(?:[ \t]+|$)(.*)"
)
_BULLET = re.compile(r"([ \t]*)([-*•])[ \t]+(.*)")
_FENCE = re.compile(r"[ \t]*(?:`{3,}|~{3,})")
_CHATTER = re.compile(
    r"(?i:sure|certainly|of course|okay|here(?:'s| is| are)|let's|let me|i'll|i will|note|please|by following"
    r"|this (?:plan|function|approach)|the (?:above|following|plan))\b"
    r"|\#|(?:def|class|import|from|return) [a-z_]|.*:\s*$"
)
_NEXT = re.compile(r"(?:\A|(?<=[.!?;]))[ \t](\d{1,2})[.)][ \t]+(?=[A-Z`])")
CHECKBOX = re.compile(r"\A\[[ xX✓]?\][ \t]+")
_SENTENCE_ENDS = (".", "!", "?", ";", ")", "]", "`", '"', "'")


def plan_of(text: str) -> str:
    """The steps, numbered from 1; empty when the answer holds none.

    Where nothing is numbered, bullets count as steps, or else lines of prose. A last step that does not
    end as a sentence is taken for cut off, and left out, when the steps before it do. At most twelve.
    """
    kept = _distinct(_without_cut_end(_steps(answered(text))))[:MOST_STEPS]
    return "\n".join(f"{number}. {step}" for number, step in enumerate(kept, 1))


def _steps(text: str) -> list[str]:
    """The items of the list outside of fences, else of one inside them, else the lines of prose."""
    lines = _without_code(text)
    plain = _without_code(canonical(text))
    inner = [canonical(each).split("\n") for each in inner_texts(text)]
    for marker in (_STEP, _BULLET):
        for each in (lines, plain):
            if steps := _items(each, marker):
                return _one_by_one(steps)
    for each in inner:
        if steps := _items(each, _STEP) or _items(each, _BULLET):
            return steps
    return next(filter(None, map(_prose, [plain, *inner])), [])


def _one_by_one(steps: list[str]) -> list[str]:
    """The steps of a list that is written on a single line."""
    if len(steps) > 1:
        return steps
    parts = _NEXT.split(f" 1. {steps[0]}")
    in_order = [int(number) for number in parts[1::2]] == list(range(1, len(parts) // 2 + 1))
    return [part.strip() for part in parts[2::2]] if in_order else steps


def _items(lines: Sequence[str], marker: re.Pattern[str]) -> list[str]:
    return [step for step in _listed(lines, marker) if step]


def _without_code(text: str) -> list[str]:
    """The lines outside fences; what an open fence begins is all code."""
    kept, in_code = [], False
    for line in text.splitlines():
        if _FENCE.match(line):
            in_code = not in_code
        elif not in_code:
            kept.append(line.rstrip())
    return kept


def _listed(lines: Sequence[str], marker: re.Pattern[str]) -> list[str]:
    """The items of the first list, each with the lines below that belong to it."""
    items: list[list[str]] = []
    margin = 0
    for line in lines:
        found = marker.match(line)
        if found and (not items or len(found[1]) <= margin):
            if len(items) > 1 and found[2] == "1":
                break
            margin = len(found[1])
            items.append([found[3]])
        elif items:
            items[-1].append(line)
    if items:
        items[-1] = _before_chatter(items[-1])
    return [_as_step(item) for item in items]


def _before_chatter(item: Sequence[str]) -> list[str]:
    """The lines of the last item up to where the answer turns from the list to something else."""
    for number, line in enumerate(item[1:], 1):
        at_margin = line[:1].strip()
        if at_margin and (not item[number - 1] or _CHATTER.match(line)):
            return list(item[:number])
    return list(item)


def _as_step(item: Sequence[str]) -> str:
    step = "\n   ".join(line.replace("**", "").strip() for line in item if line.strip())
    return CHECKBOX.sub("", step)


def _prose(lines: Iterable[str]) -> list[str]:
    return [line.strip() for line in lines if len(line.split()) > 2 and not _CHATTER.match(line.strip())]


def _without_cut_end(steps: Sequence[str]) -> list[str]:
    *before, last = steps or [""]
    cut = (
        before and not last.endswith(_SENTENCE_ENDS) and all(each.endswith(_SENTENCE_ENDS) for each in before)
    )
    return before if cut else list(steps)


def _distinct(steps: Iterable[str]) -> list[str]:
    """Each step once, whatever its case, spacing and last point."""
    return list(
        {" ".join(step.casefold().rstrip(" .").split()): step for step in reversed(list(steps))}.values()
    )[::-1]
