"""What `solve` and `resume` have in common: watch a job, sum it up, end with the right exit code."""

import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import typer
from rich.console import Console

from events import LOG_NAME, Entry, Event, LogReader
from fractal_agent.commands.options import print_json
from fractal_agent.engines import EngineError
from fractal_agent.exits import Exit, exit_for
from fractal_agent.report.live import live_progress, spoken_on
from fractal_agent.report.summary import render_summary, summarize
from fractal_agent.run import RunFailed
from fractal_agent.solving import Job
from replay.timeline import Timeline


class TerminalViewer:
    """Shows a run on a console: what is being done, then the progress of its cases."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        self._console.print(text, style="dim", highlight=False, soft_wrap=True)

    def watch(self, timeline: Timeline, total: int) -> AbstractContextManager[Callable[[Entry[Event]], None]]:
        return live_progress(self._console, timeline, total)


def carry_out(act: Callable[[Job, TerminalViewer], Timeline], job: Job, json: bool) -> None:
    """Does the job, prints its summary, and exits as it ended."""
    console = spoken_on(sys.stderr)
    failure: RunFailed | None = None
    try:
        timeline = act(job, TerminalViewer(console))
    except RunFailed as error:
        failure, timeline = error, Timeline.of(LogReader(job.folder / LOG_NAME))
    if timeline.started is None:
        console.print("Stopped before anything was recorded.")
        raise typer.Exit(Exit.INTERRUPTED)
    summary = summarize(timeline, str(job.folder / LOG_NAME))
    if json:
        print_json(summary)
    else:
        Console().print(render_summary(summary))
    if failure is not None:
        _explain(failure)
    raise typer.Exit({"completed": Exit.DONE, "failed": Exit.FAILED}.get(summary.state, Exit.INTERRUPTED))


def _explain(failure: RunFailed) -> None:
    """One message for a failure of the world; the traceback too when a role or an architecture raised."""
    cause = failure.__cause__
    if isinstance(cause, Exception) and not isinstance(cause, EngineError) and exit_for(cause) is None:
        traceback.print_exception(cause, file=sys.stderr)
    print(f"error: {failure}", file=sys.stderr)


def parts(cast: Sequence[str]) -> dict[str, str]:
    """`["critic=skeptic"]` as a mapping; a usage error for anything else."""
    chosen: dict[str, str] = {}
    for item in cast:
        part, equals, player = item.partition("=")
        if not (part and equals and player):
            raise typer.BadParameter(f"--cast {item}: expected PART=ROLE, for example critic=skeptic")
        chosen[part] = player
    return chosen
