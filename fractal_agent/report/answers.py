"""What became of each answer of the model in a case: cut at its budget, refused, thought over before."""

from collections.abc import Mapping

import msgspec

from events import CodeWritten, GenerationCompleted, GenerationRequested, SnippetWritten
from replay.timeline import CaseStory

REASONING = "Reasoning"
"""Title of what a model thought before it answered."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, as far as a reader should know how it came about."""

    path: str
    budget: int
    """In tokens; 0 where the answer was not cut at it."""
    notes: tuple[str, ...]
    reasoning: str


def cut_at(budget: int) -> str:
    return f"cut at the token budget ({budget})"


def answered(path: str, request: GenerationRequested | None, result: GenerationCompleted) -> Answered:
    """The answer at one path."""
    cut = result.finish_reason == "length"
    budget = (request.max_tokens if request else 0) or result.completion_tokens
    notes = [
        cut_at(budget) if cut else "",
        f"refused: {result.error or 'no reason given'}" if result.finish_reason == "refused" else "",
        f"asked without {', '.join(result.dropped)}" if result.dropped else "",
    ]
    return Answered(
        path=path,
        budget=budget if cut else 0,
        notes=tuple(filter(None, notes)),
        reasoning=result.reasoning,
    )


def answers_by_role(case: CaseStory) -> Mapping[str, list[Answered]]:
    """The answers of the case, in order, by the path of the role that asked."""
    requests: dict[str, GenerationRequested] = {}
    answers: dict[str, list[Answered]] = {}
    for entry in case.entries:
        match entry.event:
            case GenerationRequested() as request:
                requests[entry.path] = request
            case GenerationCompleted() as result:
                role = entry.path.rpartition("/")[0]
                answers.setdefault(role, []).append(answered(entry.path, requests.get(entry.path), result))
    return answers


def budget_cutting(case: CaseStory) -> int:
    """The token budget at which the answer was cut that the submitted code was read from; 0 if it was not.

    Of a code that was put together from snippets, the budget of the first snippet that was cut.
    """
    answers = answers_by_role(case)
    codes = [(entry.path, entry.event) for entry in case.entries if isinstance(entry.event, CodeWritten)]
    path = next((path for path, event in reversed(codes) if event.code == case.answer), "")
    if own := answers.get(path):
        return own[-1].budget
    around = path.rpartition("/")[0]
    snippets = (
        answers.get(entry.path, [])
        for entry in case.entries
        if around and isinstance(entry.event, SnippetWritten) and entry.path.startswith(f"{around}/")
    )
    return next((one.budget for asked in snippets for one in asked[-1:] if one.budget), 0)
