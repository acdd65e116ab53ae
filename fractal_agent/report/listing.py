"""The runs of a folder, one line each."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import msgspec
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from events import LOG_NAME, LogError
from events.lock import Holder, holder_of
from fractal_agent.report.caveats import short_caveats
from fractal_agent.report.summary import told_state
from fractal_agent.report.typed import whole
from fractal_agent.runs import each_run
from fractal_agent.terminal import WIDEST
from replay.timeline import Caveats, Timeline


class RunLine(msgspec.Struct, frozen=True, kw_only=True):
    """One run of `runs --json`."""

    run_id: str
    log: str
    state: str
    """`completed`, `failed`, `interrupted`, `running`, `unfinished`, or `damaged`."""
    process: int = 0
    """Which process writes the log at this moment; 0 when none does, or it is not known."""
    host: str = ""
    """The machine of that process; empty for this one."""
    began: str = ""
    """Local time, ISO 8601."""
    architecture: str = ""
    model: str = ""
    total: int = 0
    graded: int = 0
    passed: int = 0
    failed: int = 0
    caveats: Caveats = Caveats()
    """What the rate does not show."""
    feedback: str = "visible"
    """`oracle` where the Critic ran the hidden tests."""
    problem: str = ""
    """Why the log cannot be read, when it is damaged."""


def list_runs(runs_dir: Path) -> list[RunLine]:
    """Every run in the folder, oldest first; a damaged one is listed with its problem."""
    lines: list[RunLine] = []
    for folder, reader in each_run(runs_dir):
        log = str(folder / LOG_NAME)
        try:
            lines.append(_line(folder.name, log, Timeline.of(reader), holder_of(folder)))
        except LogError as error:
            lines.append(RunLine(run_id=folder.name, log=log, state="damaged", problem=str(error)))
    return lines


def _line(run_id: str, log: str, timeline: Timeline, holder: Holder | None) -> RunLine:
    assert timeline.started is not None
    settings = timeline.started.settings
    return RunLine(
        run_id=run_id,
        log=log,
        state="running" if holder and not timeline.completed else timeline.state,
        process=holder.process if holder else 0,
        host=holder.host if holder else "",
        began=datetime.fromtimestamp(timeline.began).isoformat(timespec="seconds"),
        architecture=settings.architecture,
        model=settings.model,
        total=len(timeline.started.cases),
        graded=len(timeline.graded),
        passed=timeline.passed,
        failed=len(timeline.graded) - timeline.passed,
        caveats=timeline.caveats,
        feedback=settings.feedback,
    )


_COLUMNS = ("run", "began", "architecture", "model", "graded", "passed", "caveats", "feedback", "state")
_GIVING_WAY = ("feedback", "caveats", "model", "began", "architecture", "graded")
"""Columns that a narrow terminal does without, the first of them first. An id is never cut."""


class _Runs:
    """The table, with as many columns as there is room for."""

    def __init__(self, lines: list[RunLine]) -> None:
        self._rows = [_row(line) for line in lines]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        count, table = 0, self._table(())
        while (wide := _width(console, options, table)) > options.max_width and count < len(_GIVING_WAY):
            count += 1
            table = self._table(_GIVING_WAY[:count])
        # Where not even the last three columns fit, the terminal itself breaks the line.
        yield from console.render(table, options.update(width=max(wide, options.max_width), height=None))
        if count:
            left_out = ", ".join(name for name in reversed(_GIVING_WAY[:count]) if self._says(name))
            yield Text(f"  No room for: {left_out}. --json has everything.", style="dim")

    def _says(self, name: str) -> bool:
        """False for the caveats where no run has any."""
        return name != "caveats" or any(row[name] for row in self._rows)

    def _table(self, without: Collection[str]) -> Table:
        table = Table(box=None, padding=(0, 2), header_style="dim")
        kept = [name for name in _COLUMNS if name not in without and self._says(name)]
        for name in kept:
            table.add_column(name, no_wrap=True)
        for row in self._rows:
            cells = dict(row)
            if "caveats" in without and cells["caveats"]:
                cells["passed"] += f" ({cells['caveats']})"
            if "feedback" in without and cells["feedback"] == "oracle":
                cells["passed"] += " (oracle)"
            table.add_row(*(Text(cells[name]) for name in kept))
        return table


def _width(console: Console, options: ConsoleOptions, table: Table) -> int:
    """What the table takes where nothing is cut."""
    return Measurement.get(console, options.update(width=WIDEST), table).maximum


def _row(line: RunLine) -> dict[str, str]:
    return {
        "run": line.run_id,
        "began": line.began,
        "architecture": line.architecture,
        "model": line.model,
        "graded": f"{line.graded}/{line.total}",
        "passed": str(line.passed),
        "caveats": short_caveats(line.caveats),
        "feedback": line.feedback,
        "state": told_state(line.state, line.process, line.host),
    }


def render_runs(lines: list[RunLine]) -> RenderableType:
    """A table for a terminal; below it, what is wrong with the damaged ones. To be printed uncropped."""
    return Group(_Runs(lines), *(whole(line.problem, style="red") for line in lines if line.problem))
