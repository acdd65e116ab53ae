"""Progress of a run while it goes: cases done, passing, tokens per second, requests in flight."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from events import CaseSetAside, Entry, Event, GradingCompleted
from fractal_agent.streams import Outlet, text_on
from fractal_agent.terminal import Terminal
from replay.timeline import Timeline

QUIET_SECONDS = 10.0
"""Without a terminal, at least this long between two lines."""


@contextmanager
def spoken_on(stream: TextIO) -> Iterator[Console]:
    """A console on a copy of the stream, which stays the terminal's while an engine's start redirects it.

    A stream that is not a file of the system (a test's, say) is used itself.
    """
    try:
        descriptor = os.dup(stream.fileno())
    except (OSError, ValueError):
        yield Terminal(file=stream)
        return
    copy = text_on(Outlet(descriptor, closefd=True), stream)
    try:
        yield Terminal(file=copy)
    finally:
        with suppress(OSError):
            copy.close()


@contextmanager
def live_progress(
    console: Console, timeline: Timeline, total: int
) -> Iterator[Callable[[Entry[Event]], None]]:
    """Shows the timeline as it grows; yields what is to be called with each new entry."""
    if isinstance(console, Terminal) and console.redraws:
        with _bar(console) as bar:
            task = bar.add_task("", total=total, completed=ended(timeline), status="")

            def show(entry: Entry[Event]) -> None:
                bar.update(task, completed=ended(timeline), status=status(timeline))

            yield show
    else:
        yield _lines(console, timeline, total)


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn("line" if console.options.ascii_only else "dots"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.fields[status]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _lines(console: Console, timeline: Timeline, total: int) -> Callable[[Entry[Event]], None]:
    spoken = time.monotonic()

    def show(entry: Entry[Event]) -> None:
        nonlocal spoken
        now = time.monotonic()
        done = ended(timeline)
        finished = done == total and isinstance(entry.event, GradingCompleted | CaseSetAside)
        if finished or now - spoken >= QUIET_SECONDS:
            spoken = now
            with suppress(OSError):  # a run does not end because its progress cannot be written
                console.print(f"{done}/{total} done, {status(timeline)}", highlight=False)

    return show


def ended(timeline: Timeline) -> int:
    """How many cases have a verdict or were set aside."""
    return len(timeline.graded) + len(timeline.set_aside)


def status(timeline: Timeline) -> str:
    """`9 passing, 151 tokens/s, 64 in flight`."""
    seconds = max(timeline.seconds, 0.001)
    speed = timeline.completion_tokens / seconds
    oracle = timeline.started is not None and timeline.started.settings.feedback == "oracle"
    passing = f"{timeline.passed} passing{' with oracle feedback' if oracle else ''}"
    aside = f", {len(timeline.set_aside)} set aside" if timeline.set_aside else ""
    return f"{passing}{aside}, {speed:.0f} tokens/s, {timeline.in_flight} in flight"
