"""What stands beside a pass rate that something other than the method had a part in."""

from replay.timeline import Caveats, Timeline


def told_caveats(caveats: Caveats) -> str:
    """`2 answers cut at the token budget, 1 case set aside`; empty when there is nothing to say."""
    counts = (
        (caveats.refused, "answer refused", "answers refused"),
        (caveats.cut, "answer cut at the token budget", "answers cut at the token budget"),
        (caveats.empty_plans, "empty plan", "empty plans"),
        (caveats.set_aside, "case set aside", "cases set aside"),
        (caveats.uncounted, "answer without token counts", "answers without token counts"),
    )
    return ", ".join(f"{count:,} {one if count == 1 else more}" for count, one, more in counts if count)


def short_caveats(caveats: Caveats) -> str:
    """`2 cut, 1 set aside`, for a column."""
    counts = (
        (caveats.refused, "refused"),
        (caveats.cut, "cut"),
        (caveats.empty_plans, "empty plan" if caveats.empty_plans == 1 else "empty plans"),
        (caveats.set_aside, "set aside"),
        (caveats.uncounted, "uncounted"),
    )
    return ", ".join(f"{count:,} {name}" for count, name in counts if count)


def first_error(timeline: Timeline) -> str:
    """`HumanEval/5: ValueError: ...`, of the first case that is set aside; empty when none is."""
    first = next(iter(timeline.set_aside), None)
    if first is None or first.set_aside is None:
        return ""
    return f"{first.id}: {first.set_aside.kind}: {first.set_aside.error}"
