"""How far fetching a model has come, as a value that anyone may show, and one way to show it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What is being done now. With the text of the step before, it is that same step, further along."""

    text: str
    done: int = 0
    total: int = 0
    """In parts. Zero: nobody knows how long it takes."""


Progress = Callable[[Step], None]
"""Called from the thread that called `resolve`, before each step and whenever it moves."""


@contextmanager
def shown(console: Console) -> Iterator[Progress]:
    """The steps on `console`: the current one with a bar on a terminal, else each as one line."""
    if not console.is_terminal:
        yield _as_lines(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TimeElapsedColumn(), console=console, transient=True) as bars:
        yield _as_bars(bars)


def _as_lines(console: Console) -> Progress:
    latest = ""

    def show(step: Step) -> None:
        nonlocal latest
        if step.text != latest:
            console.print(step.text, markup=False, highlight=False, soft_wrap=True)
            latest = step.text

    return show


def _as_bars(bars: Bars) -> Progress:
    latest = ""

    def show(step: Step) -> None:
        nonlocal latest
        if step.text != latest:
            for task in bars.task_ids:
                bars.remove_task(task)
            bars.add_task(step.text)
            latest = step.text
        bars.update(bars.task_ids[-1], completed=step.done, total=step.total or None)

    return show
