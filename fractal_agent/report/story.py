"""One case told from its events: plan, code, failing example, revised plan, new code, verdict."""

import difflib
from collections.abc import Collection, Iterator

import msgspec
from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from agents.replies import outlined
from events import (
    AlgorithmSketched,
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
from replay.timeline import CaseStory


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a case, as a reader wants it."""

    path: str
    """Where it happened: the key to fork or replay from."""
    title: str
    kind: str
    """`text`, `python` or `diff`."""
    body: str


def chapters(case: CaseStory, edited: Collection[str] = ()) -> list[Chapter]:
    """The story in order; a plan or a code that replaces another is shown as a diff.

    `edited` are the paths at which a fork changed what its parent had recorded.
    """
    return [
        msgspec.structs.replace(told, title=f"{told.title}, edited") if told.path in edited else told
        for told in _chapters(case)
    ]


def _chapters(case: CaseStory) -> list[Chapter]:
    told = [Chapter(path=case.id, title="Problem", kind="python", body=case.problem.prompt)]
    plan, code, cost = "", "", 0
    for entry in case.entries:
        match entry.event:
            case GenerationCompleted(completion_tokens=tokens):
                cost += tokens
            case PlanDrafted(plan=new):
                told.append(Chapter(path=entry.path, title=_costing("Plan", cost), kind="text", body=new))
                plan, cost = new, 0
            case PlanRevised(plan=new):
                title = _costing("Revised plan", cost)
                told.append(Chapter(path=entry.path, title=title, kind="diff", body=_diff(plan, new)))
                plan, cost = new, 0
            case CodeWritten(code=new):
                told.append(_code(entry.path, code, new, cost))
                code, cost = new, 0
            case CodeReviewed() as review:
                told.append(_review(entry.path, review))
            case AlgorithmSketched() | StepsListed() | SnippetWritten() as work:
                told.append(_of_steps(entry.path, work, cost))
                cost = 0
            case Unknown(type=name, raw=raw):
                told.append(_other(entry.path, f"{name} (of a plug-in that is not here)", raw))
            case Event() as other if not _is_plumbing(other):
                told.append(_other(entry.path, type(other).__name__, msgspec.json.encode(other)))
    return [*told, _verdict(case)]


def _costing(title: str, tokens: int) -> str:
    return f"{title} ({tokens} tokens)"


def _code(path: str, old: str, new: str, cost: int) -> Chapter:
    if not old:
        return Chapter(path=path, title=_costing("Code", cost), kind="python", body=new)
    return Chapter(path=path, title=_costing("New code", cost), kind="diff", body=_diff(old, new))


def _of_steps(path: str, work: AlgorithmSketched | StepsListed | SnippetWritten, cost: int) -> Chapter:
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
        return Chapter(path=case.id, title="No verdict: the run stopped before", kind="text", body="")
    how = " after a repair" if case.repaired else ""
    stricter = f"; stricter ones: {verdict.plus}" if verdict.plus else ""
    return Chapter(
        path=case.id, title=f"Hidden tests: {verdict.outcome}{how}{stricter}", kind="text", body=verdict.error
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


def _render(chapter: Chapter) -> Iterator[RenderableType]:
    yield Rule(Text.assemble((chapter.title, "bold"), "  ", (chapter.path, "dim")), align="left", style="dim")
    if chapter.kind == "text":
        yield Text(chapter.body)
    else:
        lexer = "diff" if chapter.kind == "diff" else "python"
        yield Syntax(
            chapter.body.rstrip(), lexer, theme="ansi_dark", background_color="default", word_wrap=True
        )
