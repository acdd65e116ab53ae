"""The runs of a folder, one line each."""

from datetime import datetime
from pathlib import Path

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from events import LOG_NAME, LogError
from fractal_agent.report.caveats import short_caveats
from fractal_agent.runs import each_run
from replay.timeline import Caveats, Timeline


class RunLine(msgspec.Struct, frozen=True, kw_only=True):
    """One run of `runs --json`."""

    run_id: str
    log: str
    state: str
    """`completed`, `failed`, `interrupted`, `unfinished`, or `damaged`."""
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
            lines.append(_line(folder.name, log, Timeline.of(reader)))
        except LogError as error:
            lines.append(RunLine(run_id=folder.name, log=log, state="damaged", problem=str(error)))
    return lines


def _line(run_id: str, log: str, timeline: Timeline) -> RunLine:
    assert timeline.started is not None
    settings = timeline.started.settings
    return RunLine(
        run_id=run_id,
        log=log,
        state=timeline.state,
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


def render_runs(lines: list[RunLine]) -> RenderableType:
    """A table for a terminal; below it, what is wrong with the damaged ones."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in (
        "run",
        "began",
        "architecture",
        "model",
        "graded",
        "passed",
        "caveats",
        "feedback",
        "state",
    ):
        table.add_column(column)
    for line in lines:
        done = f"{line.graded}/{line.total}"
        passed = (str(line.passed), short_caveats(line.caveats), line.feedback)
        cells = (line.run_id, line.began, line.architecture, line.model, done, *passed, line.state)
        table.add_row(*(Text(cell) for cell in cells))
    return Group(table, *(Text(line.problem, style="red") for line in lines if line.problem))
