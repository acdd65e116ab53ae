"""Blame for a terminal: one row a step, the one that decides it, and what to look at next."""

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fractal_agent.blaming import Blame, Step
from fractal_agent.report.caveats import short_caveats
from fractal_agent.report.summary import run_argument
from fractal_agent.report.typed import command, whole


def render_blame(blame: Blame) -> RenderableType:
    """A table of the steps and a sentence on what they tell."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    doubtful = any(step.caveats for step in blame.steps)
    columns = ("step", "drawn", "differing", "distinct", "passing", "of differing", "95 %")
    for column in (*columns, *(("caveats",) if doubtful else ())):
        table.add_column(column)
    best = blame.blamed
    for step in blame.steps:
        style = "bold" if step is best else ""
        caveats = (short_caveats(step.caveats),) if doubtful else ()
        table.add_row(*(Text(cell, style=style) for cell in (*_cells(step), *caveats)))
    return Group(table, Text(""), Text(_sentence(blame)), whole(f"next: {_next(blame)}", style="dim"))


def _cells(step: Step) -> tuple[str, ...]:
    rate = f"{step.passed / step.differing:.0%}" if step.differing else "-"
    interval = f"[{step.interval.low:.0%}, {step.interval.high:.0%}]"
    counts = (step.drawn, step.differing, step.distinct, step.passed)
    return (step.path, *map(str, counts), rate, interval)


def _sentence(blame: Blame) -> str:
    best = blame.blamed
    if best is None:
        return f"{blame.case}: no different answer, at any step, led to a pass."
    sure = "" if blame.certain else " The intervals overlap: more --samples tell the steps better apart."
    return (
        f"{blame.case}: a different answer of the {best.role} most often led to a pass "
        f"({best.passed} of {best.differing}).{sure}"
    )


def _next(blame: Blame) -> str:
    run, best = run_argument(Path(blame.log).parent), blame.blamed
    return command("show", run) if best is None or not best.example else command("show", run, best.example)
