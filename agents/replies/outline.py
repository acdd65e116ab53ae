"""Steps in an answer: the items of a list, flat or nested, and the same steps written out for a prompt."""

import re
from collections.abc import Iterable, Sequence

from agents.replies.listing import answered, canonical, inner_texts
from agents.replies.plan import CHECKBOX, plan_of
from events.work import Step

MOST_NODES = 24
"""A model that nests more steps than this is looping."""
DEEPEST = 4
"""What lies deeper stands with the steps of this level."""

_NUMBER = re.compile(r"^\d{1,2}\. ", re.MULTILINE)
_ITEM = re.compile(
    r"([ \t]*)(?:\*\*)?(?:[Ss]tep[ ]+)?(?:(\d{1,2}(?:\.\d{1,2})*)[.):]?|[a-z][.)]|[-*•])(?:\*\*)?[ \t]+(\S.*)"
)
_FENCE = re.compile(r"[ \t]*(?:`{3,}|~{3,})")


def steps_of(text: str) -> tuple[Step, ...]:
    """The steps of a plan, one after the other; empty when the answer holds none."""
    parts = _NUMBER.split(plan_of(text))
    return tuple(Step(text=" ".join(part.split())) for part in parts if part.strip())


def outline_of(text: str) -> tuple[Step, ...]:
    """The steps of a nested list, by how far each item is indented and how its number is made up.

    Lines that are no items end nothing and count for nothing. Empty when there are no items.
    """
    answer = answered(text)
    for part in (answer, canonical(answer), *map(canonical, inner_texts(answer))):
        if items := _items_of(part):
            return _nested(items[:MOST_NODES], 1)
    return ()


def _items_of(text: str) -> list[tuple[int, str]]:
    """The items above the first fence, each with how deep it stands."""
    items: list[tuple[int, str]] = []
    for line in text.expandtabs(4).splitlines():
        if _FENCE.match(line):
            break
        if found := _ITEM.match(line):
            margin, number, said = found.groups()
            width = len(margin) + 4 * (number or "").count(".")
            items.append((width, CHECKBOX.sub("", said.replace("**", "").strip())))
    return items


def outlined(steps: Iterable[Step], front: str = "") -> str:
    """The steps with their numbers (`2`, and `2.1` inside it), four blanks deeper on each level."""
    lines: list[str] = []
    for count, step in enumerate(steps, 1):
        number = f"{front}{count}"
        lines.append(" " * 4 * front.count(".") + f"{number}. {step.text}")
        if step.inside:
            lines.append(outlined(step.inside, f"{number}."))
    return "\n".join(lines)


def _nested(items: Sequence[tuple[int, str]], level: int) -> tuple[Step, ...]:
    """The items as steps; those that lie deeper than the one above them go inside it."""
    steps: list[Step] = []
    at = 0
    while at < len(items):
        width, text = items[at]
        end = at + 1
        while end < len(items) and items[end][0] > width:
            end += 1
        inside = _nested(items[at + 1 : end], level + 1)
        steps += [Step(text=text, inside=inside)] if level < DEEPEST else [Step(text=text), *inside]
        at = end
    return tuple(steps)
