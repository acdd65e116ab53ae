"""The program or the class in an answer, where not a function was asked for."""

import ast
import re
import warnings

from agents.replies.blocks import fenced
from agents.replies.program import with_imports
from agents.replies.spelling import cleaned
from events.work import ProblemPosed

_THOUGHT = re.compile(r".*</think(?:ing)?>", re.DOTALL)
_SPECIAL = re.compile(r"<\|[^|\s]*\|>\s*$|</s>\s*$")
_READS = re.compile(r"\binput\s*\(|\bstdin\b|\bopen\(\s*0\b|\bread\(\s*0\b")
_PRINTS = re.compile(r"\bprint\b|\bstdout\b|\bwrite\(\s*1\b")
_CODE = re.compile(
    r"^(?:import |from \w[\w.]* import |def |class |@|\w+(?:\s*,\s*\w+)*\s*=|for |while |print\()"
)
_LAST_LINES = 60
"""So many lines of a program that was cut off may be dropped until the rest is whole."""


def program_of(text: str) -> str:
    """The whole program that an answer holds, as it was written; of several the last that reads and prints.

    A program in pieces is joined, of one that was cut off the whole lines stay. Empty for an answer
    without any code. Never raises.
    """
    plain = _plain(text)
    blocks = [block for block in fenced(plain) if block.strip()]
    found = max(enumerate(blocks), key=lambda each: (_merit(each[1]), each[0]), default=(0, ""))[1]
    joined = "\n\n".join(block for block in blocks if _parses(block))
    if (_merit(found) < _BEST or _borrows(found, blocks)) and _merit(joined) == _BEST:
        found = joined
    found = found or _without_prose(plain)
    whole = _whole(found)
    return whole.strip("\n") + "\n" if whole.strip() else ""


def is_class(problem: ProblemPosed) -> bool:
    """The problem asks for a class: what its prompt begins by that name is one."""
    return _class_in(problem.prompt, problem.entry_point) is not None


def class_of(text: str, problem: ProblemPosed) -> str:
    """A module with the class and what it needs: imports, definitions, what stands before it.

    What would use the class on loading is left out. Of several versions it has the last. Empty for an
    answer without the class. Never raises.
    """
    plain = _plain(text)
    blocks = [_whole(block) for block in fenced(plain)] or [_whole(_without_prose(plain))]
    defining = [block for block in blocks if _class_in(block, problem.entry_point)]
    if not defining:
        return ""
    body = _defined(defining[-1], problem.entry_point)
    given = _given(problem, body)
    return with_imports("\n\n".join([*given, body]).strip("\n") + "\n")


def _plain(text: str) -> str:
    """The answer without what was thought before it and without special tokens at its end."""
    plain = cleaned(_THOUGHT.sub("", text))
    while (shorter := _SPECIAL.sub("", plain)) != plain:
        plain = shorter
    return plain


def _class_in(source: str, name: str) -> ast.ClassDef | None:
    for each in (source, f"{source.rstrip()}\n    pass\n", f"{source.rstrip()}\n        pass\n"):
        for node in _body(each):
            if isinstance(node, ast.ClassDef) and node.name == name:
                return node
    return None


def _defined(source: str, entry_point: str) -> str:
    """Definitions and imports, and whatever else stands before the class."""
    body = _body(source)
    last = max(place for place, node in enumerate(body) if getattr(node, "name", "") == entry_point)
    kept = [node for place, node in enumerate(body) if place < last and not _runs(node)]
    kept += [node for place, node in enumerate(body) if place >= last and isinstance(node, _DEFINITIONS)]
    lines = source.split("\n")
    return "\n\n".join("\n".join(lines[_first(node) - 1 : node.end_lineno]) for node in kept)


def _runs(node: ast.stmt) -> bool:
    """True of what only uses what is defined: a call, an assertion, the lines of a script."""
    script = isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
    return script or isinstance(node, ast.Expr | ast.Assert | ast.For | ast.While)


def _first(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return int(min([node.lineno, *(each.lineno for each in decorators)]))


def _given(problem: ProblemPosed, body: str) -> list[str]:
    """What the prompt defines and imports besides the class, as far as the answer lacks it."""
    names = {getattr(node, "name", "") for node in _body(body)} | {problem.entry_point}
    own = [node for node in _body(problem.prompt) if isinstance(node, _DEFINITIONS)]
    return [ast.unparse(node) for node in own if getattr(node, "name", "-") not in names]


_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BEST = 4


def _merit(source: str) -> int:
    """What speaks for its being the program: it compiles, reads and prints."""
    return 2 * bool(_parses(source)) + bool(_READS.search(source)) + bool(_PRINTS.search(source))


def _borrows(source: str, blocks: list[str]) -> bool:
    """It uses what only another block defines."""
    others = {name for block in blocks if block != source for name in _names(block)}
    used = {node.id for each in _body(source) for node in ast.walk(each) if isinstance(node, ast.Name)}
    return bool(used & (others - _names(source)))


def _names(source: str) -> set[str]:
    return {name for node in _body(source) if isinstance(name := getattr(node, "name", None), str)}


def _without_prose(text: str) -> str:
    """An answer without fences from its first line of code on; empty where there is none."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if _CODE.match(line):
            return "\n".join(lines[number:])
    return ""


def _whole(source: str) -> str:
    """The source, without its last lines where only the ones before them can be read."""
    lines = source.split("\n")
    for end in range(len(lines), max(0, len(lines) - _LAST_LINES), -1):
        front = "\n".join(lines[:end])
        if front.strip() and _parses(front):
            return front
    return source


def _parses(source: str) -> bool:
    return bool(_body(source))


def _body(source: str) -> list[ast.stmt]:
    """The statements; none of what is no Python."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
