"""The plan in an answer: its numbered steps, without code, chatter, or the same step again."""

import re
from collections.abc import Iterable, Sequence

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
_SENTENCE_ENDS = (".", "!", "?", ";", ")", "]", "`", '"', "'")


def plan_of(text: str) -> str:
    """The steps, numbered from 1; empty when the answer holds none.

    Where nothing is numbered, bullets count as steps, or else lines of prose. A last step that does not
    end as a sentence is taken for cut off, and left out, when the steps before it do. At most twelve.
    """
    lines = _without_code(text)
    steps = _listed(lines, _STEP) or _listed(lines, _BULLET) or _prose(lines)
    kept = _distinct(_without_cut_end([step for step in steps if step]))[:MOST_STEPS]
    return "\n".join(f"{number}. {step}" for number, step in enumerate(kept, 1))


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
    return "\n   ".join(line.replace("**", "").strip() for line in item if line.strip())


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
