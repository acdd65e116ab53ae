"""A run in a few numbers, folded from its log."""

from pathlib import Path

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from events import RunStarted
from events.lock import Holder
from fractal_agent.config import runs_dir
from fractal_agent.report.caveats import first_error, short_caveats, told_caveats
from fractal_agent.report.failures import count_kinds, failure_kind, told_kinds
from fractal_agent.report.statistics import Interval, wilson
from fractal_agent.report.typed import command, labelled
from replay.course import outcome_of
from replay.timeline import CaseStory, Caveats, Timeline

ORACLE = "oracle: the Critic ran the hidden tests"
"""Stands beside every number of such a run."""


class CaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One case of a summary."""

    case: str
    outcome: str
    """`passed`, `failed`, `error`, `timeout`, `killed`, or `unfinished`, or `set aside`."""
    plus: str
    """The verdict of the stricter tests; empty where there were none."""
    repaired: bool
    error: str
    """Why the hidden tests failed, without quoting them, or why the case was set aside."""
    caveats: Caveats = Caveats()
    failure: str = ""
    """The kind of the failure, one of `report.failures.KINDS`; empty for a pass."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What `solve --json` and `show --json` print."""

    run_id: str
    log: str
    """Path of the log."""
    state: str
    """`completed`, `failed`, `interrupted`, `running`, or `unfinished` when its process was killed."""
    process: int = 0
    """Which process writes the log at this moment; 0 when none does, or it is not known."""
    host: str = ""
    """The machine of that process; empty for this one."""
    error: str
    dataset: str
    architecture: str
    model: str
    model_origin: str
    engine: str
    seed: int
    sandbox: str
    feedback: str = "visible"
    """What the Critic may run: `visible` examples alone, or as an `oracle` the hidden tests as well."""
    total: int
    """Cases that the run is to solve."""
    graded: int
    passed: int
    failed: int
    """`graded - passed`."""
    caveats: Caveats
    """What the rate does not show."""
    set_aside: str
    """The first case that was set aside and its error; empty when none was."""
    pass_at_1: float
    """`passed / graded`; 0 when nothing is graded."""
    interval: Interval
    """95 %, Wilson."""
    plus_graded: int
    """Cases that stricter tests graded too: HumanEval+'s, where its data is there."""
    plus_passed: int
    plus_interval: Interval
    """95 %, Wilson."""
    repaired: int
    failures: dict[str, int] = {}
    """How many cases failed in each kind, kinds of none left out; those that have not begun do not count."""
    parent: str
    """The run that this one was forked from; empty for one that was not."""
    reused: int
    """Effects whose results were copied from the parent, or from before the code changed."""
    performed: int
    """Effects that were asked of the world."""
    generations: int
    refused: int
    """Generations that the engine would not take."""
    refusal: str
    """Why the first of them was refused."""
    dropped: list[str] = []
    """Parameters that the engine refuses and was not sent."""
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    tokens_per_second: float
    cases: list[CaseLine]


def summarize(timeline: Timeline, log: str, holder: Holder | None = None) -> Summary:
    """The numbers of a run that has at least its header; `holder` is who writes its log at this moment."""
    assert isinstance(timeline.started, RunStarted)
    settings, made = timeline.started.settings, timeline.started.provenance
    graded, passed = len(timeline.graded), timeline.passed
    return Summary(
        run_id=timeline.started.run_id,
        log=log,
        state="running" if holder and not timeline.completed else timeline.state,
        process=holder.process if holder else 0,
        host=holder.host if holder else "",
        error=timeline.ended.error if timeline.ended else "",
        dataset=settings.dataset,
        architecture=settings.architecture,
        model=settings.model,
        model_origin=made.model_origin,
        engine=settings.engine,
        seed=settings.seed,
        sandbox=made.sandbox,
        feedback=settings.feedback,
        total=len(timeline.started.cases),
        graded=graded,
        passed=passed,
        failed=graded - passed,
        caveats=timeline.caveats,
        set_aside=first_error(timeline),
        pass_at_1=passed / graded if graded else 0.0,
        interval=wilson(passed, graded),
        plus_graded=timeline.plus_graded,
        plus_passed=timeline.plus_passed,
        plus_interval=wilson(timeline.plus_passed, timeline.plus_graded),
        repaired=timeline.repaired,
        failures=count_kinds(timeline.cases.values()),
        parent=timeline.started.origin.run_id if timeline.started.origin else "",
        reused=timeline.reused,
        performed=timeline.performed,
        generations=timeline.generations,
        refused=timeline.refused,
        refusal=timeline.refusal,
        dropped=sorted(timeline.dropped),
        prompt_tokens=timeline.prompt_tokens,
        completion_tokens=timeline.completion_tokens,
        seconds=round(timeline.seconds, 3),
        tokens_per_second=round(timeline.completion_tokens / timeline.seconds, 1)
        if timeline.seconds
        else 0.0,
        cases=[_line(case) for case in timeline.cases.values()],
    )


def _line(case: CaseStory) -> CaseLine:
    verdict, aside = case.verdict, case.set_aside
    return CaseLine(
        case=case.id,
        outcome=outcome_of(case),
        plus=case.plus,
        repaired=case.repaired,
        error=verdict.error if verdict else f"{aside.kind}: {aside.error}" if aside else "",
        caveats=case.caveats,
        failure=failure_kind(case) or "",
    )


def render_summary(summary: Summary) -> RenderableType:
    """The summary for a terminal, ending in the command to type next."""
    low, high = summary.interval.low, summary.interval.high
    rate = f"{summary.passed}/{summary.graded}   {summary.pass_at_1:.1%}   95 % [{low:.1%}, {high:.1%}]"
    if summary.graded < summary.total:
        rate = (
            f"{rate if summary.graded else 'nothing graded'}   ({summary.graded} of {summary.total} graded)"
        )
    if caveats := told_caveats(summary.caveats):
        rate = f"{rate}   ({caveats})"
    table, names = Table.grid(padding=(0, 2)), list[str]()
    refusal = f"{summary.refused} of {summary.generations} requests, the first: {summary.refusal}"
    refused = [("refused", refusal)] if summary.refused else []
    aside = [("set aside", _aside(summary))] if summary.caveats.set_aside else []
    dropped = (
        [("left out", f"{', '.join(summary.dropped)} (refused by the server)")] if summary.dropped else []
    )
    plus = [("plus", _plus(summary))] if summary.plus_graded else []
    oracle = [("feedback", ORACLE)] if summary.feedback == "oracle" else []
    failures = [("failures", told_kinds(summary.failures))] if summary.failures else []
    fork = [("fork of", f"{summary.parent}, {summary.reused} effects reused")] if summary.parent else []
    for name, value in (
        ("run", f"{summary.run_id} ({told_state(summary.state, summary.process, summary.host)})"),
        *fork,
        ("what", f"{summary.dataset}, {summary.architecture}, {summary.model} on {summary.engine}"),
        *oracle,
        ("pass@1", rate),
        *plus,
        ("repaired", str(summary.repaired)),
        *aside,
        *refused,
        *dropped,
        *failures,
        ("tokens", f"{summary.completion_tokens:,} written, {summary.prompt_tokens:,} read"),
        ("time", f"{summary.seconds:.0f} s, {summary.tokens_per_second:.0f} tokens/s"),
    ):
        table.add_row(Text(name, style="dim"), Text(value))
        names.append(name)
    error = [Text(summary.error, style="red")] if summary.error else []
    copied = [("log", summary.log), ("next", next_command(summary))]
    return Group(table, *(labelled(name, value, names) for name, value in copied), *error)


def told_state(state: str, process: int, host: str) -> str:
    """`running in process 4242`; a state that needs no process as it is."""
    if state != "running":
        return state
    return f"running in {Holder(process=process, host=host)}"


def _aside(summary: Summary) -> str:
    count = summary.caveats.set_aside
    return f"{count} {'case' if count == 1 else 'cases'}, the first {summary.set_aside}"


def _plus(summary: Summary) -> str:
    low, high = summary.plus_interval.low, summary.plus_interval.high
    share = summary.plus_passed / summary.plus_graded
    rate = f"{summary.plus_passed}/{summary.plus_graded}   {share:.1%}   95 % [{low:.1%}, {high:.1%}]"
    return f"{rate}   (stricter tests)"


def next_command(summary: Summary) -> str:
    """What to type to follow the run, to go on, to look at a failure, or to check the record."""
    run = run_argument(Path(summary.log).parent)
    if summary.state == "running":
        return f"watch -n 5 {command('show', run)}"
    if summary.state != "completed":
        return command("resume", run)
    if summary.caveats.set_aside:
        return f"{command('resume', run)} --failed"
    failed = next((line.case for line in summary.cases if line.outcome != "passed"), None)
    return command("show", run, failed) if failed else command("replay", run)


def run_argument(folder: Path) -> str:
    """What a user types for the run in a folder: its id where runs are looked for, else the folder."""
    return folder.name if folder.parent == runs_dir() else str(folder)


def _of_answers(caveats: Caveats) -> Caveats:
    """Without what the outcome says already."""
    return msgspec.structs.replace(caveats, set_aside=0)


def render_cases(summary: Summary) -> RenderableType:
    """One row a case."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("case", "outcome", "note"):
        table.add_column(column)
    for line in summary.cases:
        style = {"passed": "green", "unfinished": "yellow"}.get(line.outcome, "red")
        notes = ["repaired" if line.repaired else line.error, short_caveats(_of_answers(line.caveats))]
        note = "; ".join(each for each in notes if each)
        table.add_row(Text(line.case), Text(line.outcome, style=style), Text(note))
    return table
