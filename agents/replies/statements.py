"""A program as its top-level statements, each with the text it was written in; mended where it is torn."""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from agents.replies.lines import continuations, logical_lines, relevelled

TORN_LINES = 60
"""How often a torn statement is shortened before it is given up: each time loses a line or more."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One top-level statement."""

    source: str
    """Its lines, with the comments and blank lines above it."""
    node: ast.stmt
    torn: bool = False
    """Its end is missing: what is here is the longest part that parses."""


def parsed(source: str) -> ast.Module | None:
    """The syntax tree; None when this is no Python or cannot be compiled. Never raises, never warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def compiles(source: str) -> bool:
    """True when Python would take this as a module. It may still fail when it runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "<answer>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def statements(source: str) -> list[Statement]:
    """The statements of a program, or those that stand in a text that is only partly one."""
    tree = parsed(source)
    found = _cut(source, tree) if tree else _islands(source)
    return [each for each in found if compiles(each.source)]


def _cut(source: str, tree: ast.Module) -> list[Statement]:
    """Cuts the text between its statements; two that share a line are written anew."""
    lines = source.split("\n")
    above = [0, *((node.end_lineno or 0) for node in tree.body)]
    shared = {i for i, (end, node) in enumerate(zip(above, tree.body, strict=False)) if _first_line(node) <= end}
    shared |= {i - 1 for i in shared}
    return [
        Statement(ast.unparse(node) if i in shared else "\n".join(lines[above[i] : above[i + 1]]), node)
        for i, node in enumerate(tree.body)
    ]


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


_MAY_BEGIN = re.compile(
    r"(?:async\s+def|def|class|import|if|for|while|try|with)\b|from\s+[\w.]+\s+import\b|@|[A-Za-z_][\w.,\[\] ]*(?::[^=\n]+)?[-+*/|&]?=[^=]"
)
_GOES_ON = re.compile(r"\s|#|$|[)\]}]|(?:else|elif|except|finally)\b")
_DEFINES = re.compile(r"(?:@[^\n]*\n\s*)*(?:async\s+def|def|class)\b")


def _islands(source: str) -> Iterator[Statement]:
    """The statements in a sea of prose, each tried by itself."""
    for text in _joined(_chunks(source)):
        if not _MAY_BEGIN.match(text.lstrip("\n")):
            continue
        tree = parsed(text)
        if tree:
            yield from _cut(text, tree)
        elif _DEFINES.match(text):
            yield from _mended(text)
