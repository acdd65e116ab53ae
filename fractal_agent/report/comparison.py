"""Two runs side by side: what differs, whether it mattered, and where each case parts."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from events import Event, Unknown
from fractal_agent.report.caveats import short_caveats
from fractal_agent.report.statistics import mcnemar
from replay.compare import Comparison, Difference, Tally, Value
from replay.course import Divergence, Pair, Side, Step

_FEW = 8
"""How many cases a line names."""

_STYLES = {"won": "green", "lost": "red", "open": "yellow", "same": ""}


def p_value(comparison: Comparison) -> float | None:
    """The exact McNemar test of the verdicts; None when a task is paired twice: pairs must be independent."""
    if not comparison.independent:
        return None
    return mcnemar(*(len(_with(comparison, verdict)) for verdict in ("won", "lost")))


def document(comparison: Comparison) -> dict[str, object]:
    """What `diff --json` prints."""
    return {
        "equal": comparison.equal,
        "a": comparison.a,
        "b": comparison.b,
        "settings": comparison.settings,
        "tasks": comparison.tasks,
        "made": comparison.made,
        "sources": comparison.sources,
        "requests": sum(pair.requests for pair in comparison.pairs),
        "prompts": [
            {
                "role": change.role,
                "requests": change.requests,
                "first": change.first,
                "example": _as_document(change.example),
            }
            for change in comparison.prompts
        ],
        **{
            verdict: [_label(pair) for pair in _with(comparison, verdict)]
            for verdict in ("won", "lost", "same", "open")
        },
        "p_value": p_value(comparison),
        "only_a": comparison.only_a,
        "only_b": comparison.only_b,
        "cases": [_pair_document(pair) for pair in comparison.pairs],
    }


def _pair_document(pair: Pair) -> dict[str, object]:
    return {
        "case": pair.a.task,
        "verdict": pair.verdict,
        "a": pair.a,
        "b": pair.b,
        "divergence": _as_document(pair.divergence) if pair.divergence else None,
    }


def _as_document(divergence: Divergence) -> dict[str, object]:
    return {
        "place": divergence.place,
        "summary": divergence.summary,
        "fields": divergence.fields,
        "a": _side_document(divergence.a),
        "b": _side_document(divergence.b),
        "diff": divergence.diff(),
    }


def _side_document(side: Side | None) -> dict[str, object] | None:
    if side is None:
        return None
    return {"path": side.path, "event": _as_json(side.event), "causes": side.causes}


def _as_json(event: Event | Unknown) -> Event | msgspec.Raw:
    """The event as its log has it."""
    return msgspec.Raw(event.raw) if isinstance(event, Unknown) else event


def render(comparison: Comparison, *, whole: bool = False) -> RenderableType:
    """The comparison for a terminal.

    The events that differ are shown, with their causes, when one case does or `whole` is set.
    """
    if comparison.equal:
        return Text(_equal(comparison))
    parted = comparison.parted
    in_full = whole or len(parted) == 1
    parts: list[RenderableType] = [_head(comparison)]
    parts += [] if in_full else _prompt_diffs(comparison)
    if not whole or not comparison.pairs:
        parts += [Text(), _numbers(comparison), Text(), _verdicts(comparison)]
    if comparison.pairs:
        parts += [Text(), _courses(parted) if parted else Text("No case took another course.")]
    if in_full:
        parts += [part for pair in parted for part in _in_full(pair)]
    elif parted:
        parts += [Text(f"\nOne case in full: --case {parted[0].a.task}", style="dim")]
    return Group(*parts)


def _equal(comparison: Comparison) -> str:
    pairs = comparison.pairs
    passed = sum(pair.b.outcome == "passed" for pair in pairs)
    alike = f"all {len(pairs)} cases take" if len(pairs) != 1 else "the case takes"
    return (
        f"{comparison.a.run_id} and {comparison.b.run_id} do not differ: "
        f"{alike} the same course ({passed} passed)."
    )


def _head(comparison: Comparison) -> RenderableType:
    """Why the runs may differ: what was set, what they were made with, who asked what."""
    table = Table.grid(padding=(0, 2))
    for name, lines in (
        ("settings", _settings(comparison)),
        ("made with", [_difference(made) for made in comparison.made]),
        ("sources", [_difference(source, absent="not there") for source in comparison.sources]),
        ("prompts", _prompts(comparison)),
    ):
        for number, line in enumerate(lines or ["the same"]):
            table.add_row(Text("" if number else name, style="dim"), Text(line))
    return table


def _settings(comparison: Comparison) -> list[str]:
    lines = [_difference(setting) for setting in comparison.settings]
    tasks = comparison.tasks
    if tasks is not None:
        only = [
            f"only in {run}: {_few(ids)}" for run, ids in (("a", tasks.only_a), ("b", tasks.only_b)) if ids
        ]
        lines.append(f"tasks: {tasks.a} -> {tasks.b}, {'; '.join(only) or 'in another order'}")
    if comparison.b.parent == comparison.a.run_id:
        lines.append("b is a fork of a")
    if comparison.a.parent == comparison.b.run_id:
        lines.append("a is a fork of b")
    return lines


def _difference(difference: Difference, absent: str = "none") -> str:
    return f"{difference.field}: {_told(difference.a, absent)} -> {_told(difference.b, absent)}"


def _told(value: Value, absent: str) -> str:
    if value is None:
        return absent
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value) if value != "" else "(empty)"


def _prompts(comparison: Comparison) -> list[str]:
    both, changes = sum(pair.requests for pair in comparison.pairs), comparison.prompts
    if not changes:
        return [f"the same in all {both} requests"] if both else ["none to compare"]
    lines = [f"{sum(change.requests for change in changes)} of {both} requests differ"]
    for change in changes:
        cases = "1 case" if change.first == 1 else f"{change.first} cases"
        order = f"the first difference of {cases}" if change.first else "each after another difference"
        lines.append(f"{change.role}: {change.requests}, {order}")
    return lines


def _prompt_diffs(comparison: Comparison) -> Iterator[RenderableType]:
    """One for each role that asks differently of its own accord."""
    for change in comparison.prompts:
        if change.first:
            yield Text(f"\n{change.role} asks otherwise, first at {_where(change.example)}", style="bold")
            yield _diff(change.example)


def _numbers(comparison: Comparison) -> RenderableType:
    """Both runs in a few figures."""
    a, b = comparison.a, comparison.b
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("", f"a  {a.run_id}", f"b  {b.run_id}"):
        table.add_column(Text(column))
    for name, one, other in (
        ("state", a.state, b.state),
        ("passed", _passed(a), _passed(b)),
        ("tokens written", f"{a.cost.completion_tokens:,}", f"{b.cost.completion_tokens:,}"),
        ("tokens read", f"{a.cost.prompt_tokens:,}", f"{b.cost.prompt_tokens:,}"),
        ("generations", f"{a.cost.generations:,}", f"{b.cost.generations:,}"),
        ("executions", f"{a.cost.executions:,}", f"{b.cost.executions:,}"),
        ("answers copied", f"{a.cost.reused:,}", f"{b.cost.reused:,}"),
        ("seconds", f"{a.seconds:.1f}", f"{b.seconds:.1f}"),
    ):
        if name != "answers copied" or a.cost.reused or b.cost.reused:
            table.add_row(Text(name, style="dim"), Text(one), Text(other))
    return table


def _passed(tally: Tally) -> str:
    rate = f"   {tally.passed / tally.graded:.1%}" if tally.graded else ""
    caveats = short_caveats(tally.caveats)
    return f"{tally.passed}/{tally.graded}{rate}{f'   ({caveats})' if caveats else ''}"


def _verdicts(comparison: Comparison) -> RenderableType:
    """Did it matter: what b won and lost against a."""
    table = Table.grid(padding=(0, 2))
    for verdict in ("won", "lost", "same", "open"):
        pairs = _with(comparison, verdict)
        if pairs or verdict in {"won", "lost"}:
            names = _few([_label(pair) for pair in pairs]) if verdict != "same" else _of_same(pairs)
            table.add_row(Text(verdict, style=_STYLES[verdict]), Text(str(len(pairs))), Text(names))
    for name, courses in (("only in a", comparison.only_a), ("only in b", comparison.only_b)):
        if courses:
            table.add_row(
                Text(name), Text(str(len(courses))), Text(_few([course.path for course in courses]))
            )
    table.add_row(Text("p", style="dim"), Text(), Text(_chance(comparison)))
    return table


def _of_same(pairs: Sequence[Pair]) -> str:
    passed = sum(pair.b.outcome == "passed" for pair in pairs)
    return f"{passed} passed, {len(pairs) - passed} not"


def _chance(comparison: Comparison) -> str:
    p = p_value(comparison)
    if p is None:
        return "not told: a task is paired more than once, so the pairs are not independent"
    return f"{p:.3g}   exact McNemar, two-sided"


def _courses(pairs: Sequence[Pair]) -> RenderableType:
    """One row for each case whose course differs."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("case", "first divergence", "what differs", "verdict", "tokens written"):
        table.add_column(column)
    for pair in pairs:
        if pair.divergence is not None:
            table.add_row(
                Text(_label(pair)),
                Text(pair.divergence.place or "the problem"),
                Text(pair.divergence.summary),
                Text(f"{pair.a.outcome} -> {pair.b.outcome}", style=_STYLES[pair.verdict]),
                Text(_changed(pair.a.cost.completion_tokens, pair.b.cost.completion_tokens)),
            )
    return table


def _changed(a: int, b: int) -> str:
    return f"{a}" if a == b else f"{a} -> {b}"


def _in_full(pair: Pair) -> Iterator[RenderableType]:
    """The two events of a case that differ first, and what led to them."""
    divergence = pair.divergence
    if divergence is None:
        return
    yield Text(f"\n{_where(divergence)}  {divergence.summary}", style="bold")
    yield _diff(divergence)
    yield Text("because of", style="dim")
    yield from _causes(divergence)
    yield from (_costs(pair) if pair.a.cost != pair.b.cost else ())


def _causes(divergence: Divergence) -> Iterator[RenderableType]:
    """The chain once where it is the same in both runs."""
    chains = {run: side.causes for run, side in (("a", divergence.a), ("b", divergence.b)) if side}
    if len(chains) == 2 and chains["a"] == chains["b"]:
        chains = {"a and b": chains["a"]}
    table = Table.grid(padding=(0, 2))
    for run, causes in chains.items():
        for step in causes or (Step(path="nothing before it", type="", agrees=True),):
            agrees = "agrees" if step.agrees else "differs"
            table.add_row(
                Text(run, style="dim"), Text(step.path), Text(step.type), Text(agrees if step.type else "")
            )
    yield table


def _costs(pair: Pair) -> Iterator[RenderableType]:
    a, b = pair.a, pair.b
    yield Text(
        f"tokens written {_changed(a.cost.completion_tokens, b.cost.completion_tokens)}, "
        f"read {_changed(a.cost.prompt_tokens, b.cost.prompt_tokens)}; "
        f"generations {_changed(a.cost.generations, b.cost.generations)}, "
        f"executions {_changed(a.cost.executions, b.cost.executions)}; "
        f"seconds {a.seconds:.1f} -> {b.seconds:.1f}",
        style="dim",
    )


def _diff(divergence: Divergence) -> Text:
    styles = {"-": "red", "+": "green", "@": "dim"}
    lines = [Text(line, style=styles.get(line[:1], "")) for line in divergence.diff()[2:]]
    return Text("\n").join(lines)


def _where(divergence: Divergence) -> str:
    side = divergence.a or divergence.b
    return side.path if side is not None else divergence.place


def _with(comparison: Comparison, verdict: str) -> list[Pair]:
    return [pair for pair in comparison.pairs if pair.verdict == verdict]


def _label(pair: Pair) -> str:
    """The case's path; both where they are not the same."""
    return pair.a.path if pair.a.path == pair.b.path else f"{pair.a.path} : {pair.b.path}"


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _FEW} more" if len(listed) > _FEW else ""
    return ", ".join(listed[:_FEW]) + more
