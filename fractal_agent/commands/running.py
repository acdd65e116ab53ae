"""What `solve` and `resume` have in common: watch a job, sum it up, end with the right exit code."""

import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import msgspec
import typer
from rich.console import Console, RenderableType
from rich.text import Text

from events import EVERY_ROLE, LOG_NAME, Entry, Event, LogReader
from fractal_agent.catalog import Catalog
from fractal_agent.commands.advice import fitting
from fractal_agent.commands.options import Telling, console, print_json
from fractal_agent.config import DEFAULT_MODEL
from fractal_agent.engines import ENGINES, EngineError
from fractal_agent.engines.servers import UnknownEngine
from fractal_agent.exits import Exit, exit_for
from fractal_agent.job import Job
from fractal_agent.logs import Level, LogStyle, logging_to
from fractal_agent.report.live import live_progress, spoken_on
from fractal_agent.report.summary import next_command, render_summary, summarize
from fractal_agent.run import RunFailed
from fractal_agent.terminal import visible
from replay.drift import Diverged
from replay.edit import RANGES
from replay.timeline import Timeline


class TerminalViewer:
    """Shows a run on a console: what is being done, then the progress of its cases."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        with suppress(OSError):  # a run does not end because it cannot be told of
            self._console.print(text, style="dim", highlight=False, markup=False, soft_wrap=True)

    def watch(self, timeline: Timeline, total: int) -> AbstractContextManager[Callable[[Entry[Event]], None]]:
        return live_progress(self._console, timeline, total)


class Report(NamedTuple):
    """What is printed of a run that has ended: made from its timeline and its log's path, then rendered."""

    make: Callable[[Timeline, str], Any]
    render: Callable[[Any], RenderableType]


SUMMARY = Report(summarize, render_summary)


def carry_out(
    act: Callable[[Job, TerminalViewer], Timeline],
    job: Job,
    json: bool,
    telling: Telling,
    unsafe_sandbox: bool,
    report: Report = SUMMARY,
) -> NoReturn:
    """Does the job, prints the report, and exits as it ended."""
    job = msgspec.structs.replace(job, unsafe_sandbox=unsafe_sandbox)
    failure: RunFailed | Diverged | None = None
    with spoken_on(sys.stderr) as spoken, spoken_log(spoken, telling):
        try:
            timeline = act(job, TerminalViewer(spoken))
        except (RunFailed, Diverged) as error:
            failure, timeline = error, Timeline.of(LogReader(job.folder / LOG_NAME))
    if timeline.started is None:
        typer.echo("Stopped before anything was recorded.", err=True)
        raise typer.Exit(Exit.INTERRUPTED)
    conclude(timeline, job.folder, json, failure, report)


def conclude(
    timeline: Timeline,
    folder: Path,
    json: bool,
    failure: RunFailed | Diverged | None = None,
    report: Report = SUMMARY,
) -> NoReturn:
    """Prints the report of a run that has at least its header, and exits as the run ended."""
    made = report.make(timeline, str(folder / LOG_NAME))
    if json:
        print_json(made)
    else:
        console().print(report.render(made), crop=False)
    summary = summarize(timeline, str(folder / LOG_NAME))
    if failure is not None:
        explain(failure)
    if isinstance(failure, Diverged):
        raise typer.Exit(Exit.DIVERGED)
    explain_set_aside(timeline)
    if summary.state != "completed":
        typer.echo(f"To go on: {next_command(summary)}", err=True)
    elif summary.caveats.set_aside:
        typer.echo(f"To try what was set aside again: {next_command(summary)}", err=True)
        raise typer.Exit(Exit.FAILED)
    raise typer.Exit({"completed": Exit.DONE, "failed": Exit.FAILED}.get(summary.state, Exit.INTERRUPTED))


def explain(failure: RunFailed | Diverged) -> None:
    """Says on stderr what stopped a run."""
    if isinstance(failure, Diverged):
        _explain_drift(failure)
    else:
        _explain(failure)


def explain_set_aside(timeline: Timeline) -> None:
    """Prints on stderr where the first case was left that a role or an architecture raised in."""
    raised = [case.set_aside for case in timeline.set_aside if case.set_aside and case.set_aside.traceback]
    if raised:
        typer.echo(visible(raised[0].traceback), nl=False, err=True)


def spoken_log(spoken: Console, telling: Telling) -> AbstractContextManager[None]:
    """While it is entered, what -v asked for is told on that console."""
    return logging_to(_line_printer(spoken), _style(telling))


def _style(telling: Telling) -> LogStyle:
    levels = (Level.WARNING, Level.INFO, Level.DEBUG)
    return LogStyle(level=levels[min(telling.verbose, 2)], as_json=telling.as_json)


def _line_printer(spoken: Console) -> Callable[[str], None]:
    def write(line: str) -> None:
        with suppress(OSError):  # what -v asked for must not end the run that it tells of
            spoken.print(Text(line), soft_wrap=True)

    return write


def _explain(failure: RunFailed) -> None:
    """One message for a failure of the world; the traceback too when a role or an architecture raised."""
    cause = failure.__cause__
    if isinstance(cause, Exception) and not isinstance(cause, EngineError) and exit_for(cause) is None:
        typer.echo(visible("".join(traceback.format_exception(cause))), nl=False, err=True)
    typer.echo(visible(f"error: {fitting(str(failure))}"), err=True)


def _explain_drift(diverged: Diverged) -> None:
    typer.echo(visible("\n".join(diverged.diff())), err=True)
    typer.echo(
        f"error: {visible(str(diverged))}. What is recorded cannot be reused: undo the change of the code, "
        "or go on with --accept-drift.",
        err=True,
    )


def parts(cast: Sequence[str]) -> dict[str, str]:
    """`["critic=skeptic"]` as a mapping; a usage error for anything else."""
    chosen: dict[str, str] = {}
    for item in cast:
        part, equals, player = item.partition("=")
        if not (part and equals and player):
            raise typer.BadParameter(f"--cast {item}: expected PART=ROLE, for example critic=skeptic")
        chosen[part] = player
    return chosen


def budgets(items: Sequence[str], catalog: Catalog) -> dict[str, int]:
    """`["2048", "coder=1024"]` by role, `*` for every other; a usage error for anything else."""
    return {name: int(value) for name, value in _by_role("--max-tokens", "max_tokens", items, catalog)}


def temperatures(items: Sequence[str], catalog: Catalog) -> dict[str, float]:
    """`["0.2", "sampler=1"]` by role, `*` for every other; a usage error for anything else."""
    return dict(_by_role("--temperature", "temperature", items, catalog))


def _by_role(
    option: str, setting: str, items: Sequence[str], catalog: Catalog
) -> Iterator[tuple[str, float]]:
    low, high = RANGES[setting]
    for item in items:
        name, _, text = item.rpartition("=")
        if name not in ("", EVERY_ROLE):
            catalog.role(name)
        try:
            value = int(text) if setting == "max_tokens" else float(text)
        except ValueError:
            raise typer.BadParameter(f"{option} {item}: expected a number, or ROLE=NUMBER") from None
        if not low <= value <= high:
            raise typer.BadParameter(f"{option} {item}: expected a number from {low:,} to {high:,}")
        yield name or EVERY_ROLE, value


def changes(items: Sequence[str]) -> dict[str, str]:
    """`["plan=@plan.txt", "rounds=3"]` as a mapping, files read; a usage error for anything else."""
    wanted: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not (key and equals):
            raise typer.BadParameter(f"--set {item}: expected KEY=VALUE or KEY=@FILE, for example rounds=3")
        wanted[key] = _read(value[1:]) if value.startswith("@") else value
    return wanted


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--set @{file}: cannot be read as text: {error}") from None


def check_engine(engine: str, *, base_url: str | None, script: Path | None) -> None:
    """Refuses an engine that there is not, and an option that the chosen one would not look at.

    Raises:
        UnknownEngine: no engine has that name.
    """
    if engine not in ENGINES:
        raise UnknownEngine(engine, ENGINES)
    for option, value, needed in (("--script", script, "scripted"), ("--base-url", base_url, "openai")):
        if value is not None and engine != needed:
            raise typer.BadParameter(f"{option} is for --engine {needed}, and the engine is {engine}")


def default_model(engine: str) -> str:
    """The model that is asked when none is named."""
    return "none" if engine == "scripted" else DEFAULT_MODEL
