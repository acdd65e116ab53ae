"""An experiment for people: a page of Markdown, a table for the terminal, and the files in its folder."""

import shlex
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fractal_agent.report.caveats import short_caveats
from fractal_agent.report.experiment import STUDY, ExperimentReport, Made, Reference, Row
from fractal_agent.report.failures import told_kinds
from fractal_agent.report.picture import picture

PAGE, DATA, PICTURE = "report.md", "report.json", "picture.svg"

_FEEDBACK = {
    "visible": "visible: the Critic ran only the examples that the prompt shows",
    "oracle": "oracle: the Critic ran the hidden tests, so no rate here is an honest pass@1",
}


def write_report(report: ExperimentReport, folder: Path) -> list[Path]:
    """Writes page, data and picture into the folder, each whole or not at all; their paths.

    Raises:
        OSError: the folder or the disk refuses one.
    """
    data = msgspec.json.format(msgspec.json.encode(report), indent=2)
    contents = {PAGE: page(report).encode(), DATA: data + b"\n", PICTURE: picture(report).encode()}
    beside = {name: folder / f".{name}.new" for name in contents}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            beside[name].write_bytes(content)
        for name, place in beside.items():
            place.replace(folder / name)
    finally:
        for place in beside.values():
            with suppress(OSError):  # by now it has its own name, or was never made
                place.unlink()
    return [folder / name for name in contents]


_NOTE = """\
The interval is Wilson's, 95 %, and counts each problem once. `plus` is the rate under stricter tests, such as
HumanEval+'s, where there are some. Caveats are summed over all cases and seeds: answers that the engine
refused, answers cut at the token budget, plans without a step, cases set aside with an error, and answers
without token counts. Won and lost are problems against `baseline` with the same model; p is the exact
McNemar test. Tokens are those that the model wrote, for answers that were taken over from another cell too.
Seconds are wall time by problem, of problems that ran side by side, and none for what was taken over. Of an
architecture that draws nothing, further seeds repeat the first."""


def page(report: ExperimentReport, *, study: bool = True) -> str:
    """The report as Markdown; with `study`, its figures stand beside."""
    made_on = (
        f"{len(report.tasks)} problems. Feedback {_FEEDBACK[report.feedback]}. "
        f"At most {report.rounds} plan revisions; {report.candidates} candidates."
    )
    command = f"python -m fractal_agent experiment --report --out {shlex.quote(str(report.folder))}"
    return "\n".join(
        [
            f"# Experiment: {report.dataset}",
            "",
            made_on,
            *_warnings(report),
            "",
            *_table(_HEADER, [_cells(row, report.feedback) for row in report.rows]),
            "",
            _NOTE,
            "",
            "## Why problems failed",
            "",
            *_failures(report, study),
            "",
            f"![Pass rate against tokens]({PICTURE})",
            "",
            *(_beside(report) if study and report.references else ()),
            "## Made with",
            "",
            *_made(report),
            "",
            f"Made anew from the logs alone, and nothing is run: `{command}`",
            "",
        ]
    )


def _warnings(report: ExperimentReport) -> list[str]:
    names = [cell.run_id for cell in report.cells if cell.state != "completed"]
    partial = ["", f"Not completed, and counted as far as they go: {', '.join(names)}."] if names else []
    roles = ", ".join(report.differing)
    drifted = (
        ["", f"Warning: made with differing code of {roles}: these rows may not compare."] if roles else []
    )
    aside = [cell for cell in report.cells if cell.caveats.set_aside]
    without = [
        "",
        "Cases set aside with an error, and in no rate: "
        + ", ".join(f"{cell.caveats.set_aside} of {cell.run_id}" for cell in aside)
        + ".",
    ]
    return [*partial, *(without if aside else []), *drifted]


def _failures(report: ExperimentReport, study: bool) -> list[str]:
    header = (
        "model",
        "architecture",
        "failures",
        "whole functions for snippets",
        "first failed, then passed",
    )
    rows = [
        (row.model, row.architecture, told_kinds(row.failures) or "-", _wholes(row), _turned(row))
        for row in report.rows
    ]
    polluted = sum(row.failures.get("pollution", 0) for row in report.rows)
    failed = sum(sum(row.failures.values()) for row in report.rows)
    beside = "; the study puts it at 80 %" if study and report.references else ""
    return [*_table(header, rows), "", f"Output pollution: {polluted} of {failed} failures{beside}."]


def _beside(report: ExperimentReport) -> list[str]:
    rows = [
        (one.architecture, f"{one.passed}/{one.total}", _rate(one), _interval(one))
        for one in report.references
    ]
    return [
        "## Beside it: the study",
        "",
        f"Its figures are of {STUDY}: not the same model, problems or prompts.",
        "",
        *_table(("architecture", "passed", "pass rate", "95 %"), rows),
        "",
    ]


_HEADER = (
    *(
        "model",
        "architecture",
        "feedback",
        "seeds",
        "pass rate",
        "95 %",
        "caveats",
        "plus",
        "won",
        "lost",
        "p",
    ),
    *("tokens a problem", "tokens a solved one", "read a problem", "seconds a problem"),
)


def _cells(row: Row, feedback: str) -> tuple[str, ...]:
    pairs = row.against_baseline
    spread = f" ({row.lowest:.1%} to {row.highest:.1%})" if len(row.seeds) > 1 else ""
    return (
        *(row.model, row.architecture, feedback, str(len(row.seeds))),
        *(f"{row.pass_rate:.1%}{spread}", f"{row.interval.low:.1%} to {row.interval.high:.1%}"),
        short_caveats(row.caveats) or "-",
        _plus(row),
        *((str(pairs.won), str(pairs.lost), f"{pairs.p:.2g}") if pairs else ("-", "-", "-")),
        f"{row.written_per_problem:.0f}",
        "-" if row.written_per_solved is None else f"{row.written_per_solved:.0f}",
        *(f"{row.read_per_problem:.0f}", f"{row.seconds_per_problem:.1f}"),
    )


def _plus(row: Row) -> str:
    plus = row.plus
    return f"{plus.pass_rate:.1%} ({plus.interval.low:.1%} to {plus.interval.high:.1%})" if plus else "-"


def _wholes(row: Row) -> str:
    return f"{row.whole_functions} of {row.snippets}" if row.snippets else "-"


def _turned(row: Row) -> str:
    return f"{row.turned} of {row.first_failed}" if row.first_failed else "-"


def _rate(one: Reference) -> str:
    return f"{one.passed / one.total:.1%}"


def _interval(one: Reference) -> str:
    return f"{one.interval.low:.1%} to {one.interval.high:.1%}"


def _made(report: ExperimentReport) -> list[str]:
    began = sorted(cell.began for cell in report.cells)
    told = [
        f"- {made.model} ({made.model_origin}, sha256 {made.model_digest or 'not known'}) "
        f"on {', '.join((made.engine, *_device_and_dtype(made)))}; {made.machine}; sandbox {made.sandbox}; "
        + ", ".join(f"{name} {version}" for name, version in sorted(made.versions.items()))
        for made in report.made
    ]
    seeds = sorted({cell.seed for cell in report.cells})
    dates = [f"- seeds {', '.join(map(str, seeds))}; begun {began[0]} to {began[-1]}"] if began else []
    return [*told, *dates]


def _device_and_dtype(made: Made) -> list[str]:
    """As far as the engine told them."""
    return [made.engine_settings[name] for name in ("device", "dtype") if name in made.engine_settings]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]


def render_experiment(report: ExperimentReport, files: Sequence[Path]) -> RenderableType:
    """The main table for a terminal, and where the files lie."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in (*_HEADER, "failures"):
        table.add_column(column)
    for row in report.rows:
        table.add_row(*(Text(cell) for cell in (*_cells(row, report.feedback), told_kinds(row.failures))))
    return Group(table, Text(""), *(Text(str(path), style="dim") for path in files))
