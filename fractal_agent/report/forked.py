"""What became of a fork: what it changed, what it reused, and each case's verdict before and after."""

from pathlib import Path

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from events import LOG_NAME, Edit
from events.path import child
from fractal_agent.recording import Recording
from fractal_agent.report.caveats import told_caveats
from fractal_agent.report.statistics import Interval, wilson
from fractal_agent.report.summary import ORACLE, Summary, run_argument, summarize
from fractal_agent.report.typed import command, labelled
from replay.course import SET_ASIDE, UNFINISHED, outcome_of
from replay.timeline import CaseStory, Timeline


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A case of the fork: one branch's go at a case of the parent."""

    path: str
    outcome: str
    """The verdict; `unfinished` or `set aside` when there is none."""

    @property
    def has_verdict(self) -> bool:
        return self.outcome not in (UNFINISHED, SET_ASIDE)


class ForkedCase(msgspec.Struct, frozen=True, kw_only=True):
    """One case of the parent, and how it fared in the fork."""

    case: str
    before: str
    """The parent's verdict; `unfinished` or `set aside` when it had none."""
    after: list[Attempt]
    """One for each branch."""
    passed: int
    interval: Interval
    """95 %, Wilson, of `passed` among the branches that have a verdict."""


class Forked(msgspec.Struct, frozen=True, kw_only=True):
    """What `fork --json` prints."""

    run_id: str
    parent: str
    parent_log: str
    """Path of the parent's log."""
    edits: list[Edit]
    """The parent's own, if it was a fork, stand first."""
    anew: str
    """The generation that was drawn anew, with all after it; empty when none was."""
    reused: int
    """Effects whose results were copied from the parent."""
    performed: int
    """Effects that were asked of the world."""
    cases: list[ForkedCase]
    summary: Summary


def forked(parent: Recording, timeline: Timeline, log: str) -> Forked:
    """The report of a fork from its parent and its own timeline."""
    assert timeline.started is not None
    origin = timeline.started.origin
    assert origin is not None
    cases = []
    for task in timeline.started.settings.tasks:
        was = child(origin.branch, task)
        paths = [child(branch.name, task) for branch in origin.branches]
        after = [Attempt(path=path, outcome=_outcome(timeline.cases.get(path))) for path in paths]
        graded = [one for one in after if one.has_verdict]
        passed = sum(one.outcome == "passed" for one in graded)
        cases.append(
            ForkedCase(
                case=was,
                before=_outcome(parent.timeline.cases.get(was)),
                after=after,
                passed=passed,
                interval=wilson(passed, len(graded)),
            )
        )
    return Forked(
        run_id=timeline.started.run_id,
        parent=origin.run_id,
        parent_log=str(parent.folder / LOG_NAME),
        edits=list(origin.edits),
        anew=origin.branches[0].anew,
        reused=timeline.reused,
        performed=timeline.performed,
        cases=cases,
        summary=summarize(timeline, log),
    )


def _outcome(story: CaseStory | None) -> str:
    return outcome_of(story) if story else UNFINISHED


def render_forked(fork: Forked) -> RenderableType:
    """The report for a terminal: what was changed, then one row a case, then what to type next."""
    table = Table.grid(padding=(0, 2))
    rows = [
        ("fork", f"{fork.run_id} of {fork.parent} ({fork.summary.state})"),
        *(
            ("edit", f"{edit.path or 'settings'}: {edit.field}")
            for edit in fork.edits
            if not _is_implied(edit)
        ),
        *([("anew", f"{fork.anew} and all after it")] if fork.anew else []),
        *([("feedback", ORACLE)] if fork.summary.feedback == "oracle" else []),
        ("effects", f"{fork.reused} reused, {fork.performed} performed"),
        ("tokens", f"{fork.summary.completion_tokens:,} written, {fork.summary.prompt_tokens:,} read"),
        *(("case", f"{case.case}: {_course(case)}") for case in fork.cases),
        *([("caveats", told_caveats(fork.summary.caveats))] if fork.summary.caveats else []),
    ]
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(value))
    return Group(table, labelled("next", _next(fork), [name for name, _ in rows]))


def _is_implied(edit: Edit) -> bool:
    """True for what goes with another edit: the digest of tokens that an edited text no longer has."""
    return edit.field == "tokens_digest"


def _course(case: ForkedCase) -> str:
    if len(case.after) == 1:
        return f"{case.before} -> {case.after[0].outcome}"
    low, high = case.interval.low, case.interval.high
    graded = sum(one.has_verdict for one in case.after)
    if not graded:
        return f"{case.before} -> no verdict"
    rate = case.passed / graded
    passes = f"{case.passed} of {graded} pass"
    return f"{case.before} -> {passes}   {rate:.1%}   95 % [{low:.1%}, {high:.1%}]"


def _next(fork: Forked) -> str:
    parent, run = Path(fork.parent_log).parent, Path(fork.summary.log).parent
    passing = next((one.path for case in fork.cases for one in case.after if one.outcome == "passed"), "")
    if passing and len(fork.cases[0].after) > 1:
        return command("show", run_argument(run), passing)
    return command("diff", run_argument(parent), run_argument(run))
