"""One case told from its events: plan, code, failing example, revised plan, new code, verdict."""

import difflib
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import msgspec
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from agents.replies import outlined
from events import (
    AlgorithmSketched,
    CaseSetAside,
    CodeReviewed,
    CodeWritten,
    Event,
    ExampleResult,
    GenerationCompleted,
    PlanDrafted,
    PlanRevised,
    SnippetWritten,
    StepsListed,
    Unknown,
)
from fractal_agent.report.answers import (
    REASONING,
    Answered,
    answers_by_role,
    budget_cutting,
    cut_at,
)
from fractal_agent.report.typed import whole
from fractal_agent.terminal import drawn_width
from replay.timeline import CaseStory


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a case, as a reader wants it."""

    path: str
    """Where it happened: the key to fork or replay from."""
    title: str
    kind: str
    """`text`, `python`, `diff`, or `reasoning`: what a model thought before it answered."""
    body: str
    note: str = ""
    """What a reader should know of how it came about: that the answer was cut, or refused."""


def chapters(case: CaseStory, edited: Collection[str] = ()) -> list[Chapter]:
    """The story in order; a plan or a code that replaces another is shown as a diff.

    `edited` are the paths at which a fork changed what its parent had recorded.
    """
    answers = answers_by_role(case)
    return [
        chapter
        for told in _chapters(case)
        for chapter in (
            *(_reasoning(answer) for answer in answers.get(told.path, ()) if answer.reasoning),
            msgspec.structs.replace(
                told,
                title=f"{told.title}, edited" if told.path in edited else told.title,
                note=told.note or "; ".join(dict.fromkeys(_noted(answers.get(told.path, ())))),
            ),
        )
    ]


def _reasoning(answer: Answered) -> Chapter:
    return Chapter(path=answer.path, title=REASONING, kind="reasoning", body=answer.reasoning)


def _noted(answers: Iterable[Answered]) -> Iterator[str]:
    return (note for answer in answers for note in answer.notes)


def _chapters(case: CaseStory) -> list[Chapter]:
    told = [Chapter(path=case.id, title="Problem", kind="python", body=case.problem.prompt)]
    plan, code, cost = "", "", _NONE
    for entry in case.entries:
        match entry.event:
            case GenerationCompleted(completion_tokens=tokens, uncounted=uncounted):
                cost = _Cost(cost.tokens + tokens, cost.uncounted or uncounted)
            case PlanDrafted(plan=new):
                told.append(Chapter(path=entry.path, title=_costing("Plan", cost), kind="text", body=new))
                plan, cost = new, _NONE
            case PlanRevised(plan=new):
                title = _costing("Revised plan", cost)
                told.append(Chapter(path=entry.path, title=title, kind="diff", body=_diff(plan, new)))
                plan, cost = new, _NONE
            case CodeWritten(code=new):
                told.append(_code(entry.path, code, new, cost))
                code, cost = new, _NONE
            case CodeReviewed() as review:
                told.append(_review(entry.path, review))
            case AlgorithmSketched() | StepsListed() | SnippetWritten() as work:
                told.append(_of_steps(entry.path, work, cost))
                cost = _NONE
            case event:
                told += _others(entry.path, event)
    return [*told, _verdict(case)]


def _others(path: str, event: Event | Unknown) -> Iterator[Chapter]:
    """The chapter of an event that changes neither plan nor code, if it is told at all."""
    match event:
        case CaseSetAside():
            yield _set_aside(path, event)
        case Unknown(type=name, raw=raw):
            yield _other(path, f"{name} (of a plug-in that is not here)", raw)
        case Event() if not _is_plumbing(event):
            yield _other(path, type(event).__name__, msgspec.json.encode(event))


class _Cost(NamedTuple):
    tokens: int
    uncounted: bool
    """True when the engine did not count some of them."""


_NONE = _Cost(0, False)


def _costing(title: str, cost: _Cost) -> str:
    return f"{title} (tokens not counted)" if cost.uncounted else f"{title} ({cost.tokens} tokens)"


def _set_aside(path: str, aside: CaseSetAside) -> Chapter:
    at = f"at {aside.at}: " if aside.at and aside.at != path else ""
    body = "\n".join(part for part in (f"{at}{aside.error}", aside.traceback.rstrip()) if part)
    return Chapter(path=path, title=f"Set aside: {aside.kind}", kind="text", body=body)


def _code(path: str, old: str, new: str, cost: _Cost) -> Chapter:
    if not old:
        return Chapter(path=path, title=_costing("Code", cost), kind="python", body=new)
    return Chapter(path=path, title=_costing("New code", cost), kind="diff", body=_diff(old, new))


def _of_steps(path: str, work: AlgorithmSketched | StepsListed | SnippetWritten, cost: _Cost) -> Chapter:
    """A snippet stands without its cost: those of one case are written side by side."""
    match work:
        case AlgorithmSketched(sketch=sketch):
            return Chapter(path=path, title=_costing("Sketch", cost), kind="text", body=sketch)
        case StepsListed(steps=steps):
            return Chapter(path=path, title=_costing("Steps", cost), kind="text", body=outlined(steps))
        case SnippetWritten(number=number, code=code, whole=whole):
            title = f"Snippet of step {number}{', a whole function' if whole else ''}"
            return Chapter(path=path, title=title, kind="python", body=code)


def _diff(old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "after", lineterm="")
    return "\n".join(lines) or "(unchanged)"


def _review(path: str, review: CodeReviewed) -> Chapter:
    failing = [result for result in review.results if result.outcome != "passed"]
    if review.passed:
        count = len(review.results)
        title = {0: "Critic: no examples", 1: "Critic: the one example passes"}.get(
            count, f"Critic: all {count} examples pass"
        )
        return Chapter(path=path, title=title, kind="text", body="")
    if not failing and not review.error:
        return Chapter(path=path, title="Critic: not accepted, without an example", kind="text", body="")
    title = f"Critic: {len(failing)} of {len(review.results)} examples fail"
    if not review.results:
        title = "Critic: the code does not load"
    body = review.error or "\n".join(_failure(result) for result in failing)
    return Chapter(path=path, title=title, kind="text", body=body)


def _failure(result: ExampleResult) -> str:
    found = result.error or result.actual or result.outcome
    return f"{result.example.call}\n  expected  {result.example.expected}\n  found     {found}"


def _verdict(case: CaseStory) -> Chapter:
    verdict, aside = case.verdict, case.set_aside
    if aside is not None:
        return Chapter(
            path=case.id, title=f"Set aside: {aside.kind}", kind="text", body=aside.traceback or aside.error
        )
    if verdict is None:
        return Chapter(path=case.id, title="No verdict so far", kind="text", body="")
    budget = 0 if case.passed else budget_cutting(case)
    how = " after a repair" if case.repaired else ""
    stricter = f"; stricter ones: {verdict.plus}" if verdict.plus else ""
    return Chapter(
        path=case.id,
        title=f"Hidden tests: {verdict.outcome}{how}{stricter}",
        kind="text",
        body=verdict.error,
        note=f"the answer was {cut_at(budget)}" if budget else "",
    )


def _is_plumbing(event: Event) -> bool:
    """True for what the chapters already tell, or that only the log needs."""
    return type(event).__module__.startswith("events.")


def _other(path: str, name: str, raw: bytes) -> Chapter:
    """An event that this report does not know, shown as it is."""
    return Chapter(path=path, title=name, kind="text", body=msgspec.json.format(raw, indent=2).decode())


def render_story(told: list[Chapter]) -> RenderableType:
    """The chapters for a terminal."""
    return Group(*(part for chapter in told for part in _render(chapter)))


class _Heading:
    """A rule with the title, the note and the path; where they do not fit, the path on a line of its own."""

    def __init__(self, chapter: Chapter) -> None:
        note = f", {chapter.note}" if chapter.note else ""
        self._title = Text.assemble((chapter.title, "bold"), (note, "yellow"))
        self._path = chapter.path

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = drawn_width(console, options.max_width)
        drawn = options.update(width=width)
        both = Text.assemble(self._title, "  ", (self._path, "dim"))
        if both.cell_len + 4 <= width:
            yield from console.render(Rule(both, align="left", style="dim"), drawn)
            return
        if self._title.cell_len + 4 <= width:
            yield from console.render(Rule(self._title, align="left", style="dim"), drawn)
        else:
            yield from console.render(Rule(style="dim"), drawn)
            yield self._title
        yield whole(self._path, style="dim")


def _render(chapter: Chapter) -> Iterator[RenderableType]:
    yield _Heading(chapter)
    if chapter.kind in ("text", "reasoning"):
        yield Text(chapter.body, style="dim" if chapter.kind == "reasoning" else "")
    else:
        lexer = "diff" if chapter.kind == "diff" else "python"
        yield Syntax(
            chapter.body.rstrip(), lexer, theme="ansi_dark", background_color="default", word_wrap=True
        )
