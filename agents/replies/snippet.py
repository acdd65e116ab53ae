"""The piece of code in an answer that should be a piece, and the function put together from pieces."""

import ast
import re
from collections.abc import Iterable

from agents.replies.blocks import completed, fenced
from agents.replies.lines import dedented, indented, relevelled
from agents.replies.listing import answered
from agents.replies.program import with_imports
from agents.replies.spelling import spellings
from agents.replies.statements import parsed
from events.work import ProblemPosed, Snippet

LEVEL = "    "
_LEADING = re.compile(r" *")


def snippet_of(text: str) -> str:
    """The first block of code, or all of an answer without fences; at the margin, without blank ends.

    Nothing is added and nothing left out: whether it fits where it is to go is not looked at. Levels are
    put right, and characters that Python does not know made plain, only where it does not parse as it stands.
    """
    answer = answered(text)
    blocks = fenced(answer)
    block = next((block for block in blocks if block.strip()), "") if blocks else answer
    code = dedented(block).strip("\n").rstrip()
    if isinstance(parsed(code), ast.Module):
        return code
    plainer = (dedented(each).strip("\n").rstrip() for each in spellings(code) if each != code)
    sound = (each for each in plainer if each and _is_sound(each))
    return relevelled(code) if _is_sound(code) else next(sound, relevelled(code))


def _is_sound(code: str) -> bool:
    """True of code that parses as it stands, or once the block that it opens has a line."""
    last = code.rpartition("\n")[2]
    margin = last[: len(last) - len(last.lstrip())] + LEVEL
    return any(isinstance(parsed(each), ast.Module) for each in (code, f"{code}\n{margin}pass"))


def defines(code: str, name: str) -> bool:
    """True when a function or a class of that name begins anywhere in the code, which need not parse."""
    return (
        re.search(rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{re.escape(name)}\b", code, re.MULTILINE)
        is not None
    )


def assembled(problem: ProblemPosed, snippets: Iterable[Snippet]) -> str:
    """The prompt's function with the snippets as its body, one after the other, inner ones indented.

    Well-known imports that it lacks are added when it parses; nothing else is mended.
    """
    body = "\n".join(_lines(snippet) for snippet in snippets)
    return with_imports(completed(problem.prompt.strip(), body, problem.entry_point) + "\n")


def _lines(snippet: Snippet) -> str:
    """The snippet, and what goes inside it one level deeper than its last line stands."""
    if not snippet.inside:
        return snippet.code
    last = snippet.code.rstrip().rpartition("\n")[2]
    found = _LEADING.match(last)
    margin = (found.group() if found else "") + LEVEL
    return "\n".join([snippet.code, *(indented(_lines(inner), margin) for inner in snippet.inside)])
