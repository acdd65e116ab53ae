"""The program in an answer: each reading of the text is drafted until one holds the whole function."""

from collections.abc import Iterator

from agents.replies.blocks import readings
from agents.replies.choice import Draft, Grade, drafted
from agents.replies.program import program
from agents.replies.spelling import bounded, cleaned, spellings, turns
from agents.replies.statements import compiles
from agents.replies.thinking import split_thinking
from events.work import ProblemPosed


def code_of(text: str, problem: ProblemPosed) -> str:
    """A module that compiles and defines the entry point, if the answer holds the function in any form.

    It keeps the answer's own text, comments included, of what it keeps: definitions, imports,
    constants. What the prompt gave (imports, helper functions) is in it too. Tests, examples and
    whatever else would run on loading are not. Of several versions it has the last that is whole; of a
    function that was cut off, the statements that can be read. Never raises. `code_of` of what it
    returns is the same text.
    """
    best = Draft()
    for reading in _readings(cleaned(bounded(split_thinking(text)[1])), problem):
        draft = drafted(reading, problem)
        if draft.beats(best):
            best = draft
        if _settles(best, reading):
            break
    return program(best, problem)


def _settles(best: Draft, reading: tuple[str, ...]) -> bool:
    """True when no other reading can be worth more."""
    if best.grade in (Grade.ABSENT, Grade.STUB, Grade.TORN) or best.lost:
        return False
    return best.grade is Grade.WHOLE or all(map(compiles, reading))


def _readings(text: str, problem: ProblemPosed) -> Iterator[tuple[str, ...]]:
    """The readings of the text in each of its spellings, if they hold a block not seen before."""
    seen: set[str] = set()
    for turn in turns(text):
        for spelling in spellings(turn):
            for reading in readings(spelling, problem):
                if not seen.issuperset(reading):
                    seen.update(reading)
                    yield reading
