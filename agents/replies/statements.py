"""A program as its top-level statements, each with the text it was written in; mended where it is torn."""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agents.replies.lines import continuations, logical_lines, relevelled

MENDS = 60
"""How often a torn definition may lose lines before it is given up."""
TORN = 40
"""How many torn definitions are looked at; an honest answer has one or two."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One top-level statement that compiles."""

    source: str
    """Its lines, with the comments and blank lines above it."""
    node: ast.stmt
    torn: bool = False
    """Lines at its end would not parse and are left out."""
    renamed: bool = False
    """It gives the name that was asked for to what the answer calls by another."""


def statements(text: str) -> list[Statement]:
    """The statements of a program, or those that stand in a text that is only partly one."""
    tree = parsed(text)
    found = _cut(text, tree) if isinstance(tree, ast.Module) else _islands(text)
    sound = compiles("\n".join(each.source for each in found))
    return found if sound else [each for each in found if compiles(each.source)]


def parsed(source: str) -> ast.Module | SyntaxError:
    """The syntax tree, or what is wrong, with its line where that is known. Never raises or warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except SyntaxError as error:
            return error
        except (ValueError, RecursionError, MemoryError) as error:
            return SyntaxError(str(error))


def compiles(source: str) -> bool:
    """False for what is no Python, and for a `return` outside of functions or an `await` in a plain one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "<answer>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _cut(text: str, tree: ast.Module) -> list[Statement]:
    """Cuts between the statements; one that shares a line with another is written anew."""
    lines, found, end = text.split("\n"), list[Statement](), 0
    firsts = [_first_line(node) for node in tree.body]
    for node, first, following in zip(tree.body, firsts, [*firsts, None][1:], strict=True):
        last = node.end_lineno or first
        shares = first <= end or following == last
        found.append(Statement(ast.unparse(node) if shares else "\n".join(lines[end:last]), node))
        end = last
    return found


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


_MAY_BEGIN = re.compile(
    r"(?:async|def|class|import|from|if|for|while|try|with)\b|@"
    r"|[A-Za-z_][\w.,\[\] ]*(?::[^=\n]+)?[-+*/|&]?=[^=]"
)
_GOES_ON = re.compile(r"\s|\#|$|[)\]}]|(?:else|elif|except|finally)\b")
_DEFINES = re.compile(r"(?:@.*\n)*(?:async\s+def|def|class)\b")
_PROSE = re.compile(r"[ \t]*(?:[-*>] )?[A-Z][\w']*,?(?: [\w'`,()-]+){2,}[.:!?]?[ \t]*")
_REMARK = re.compile(rf"\n*{_PROSE.pattern}\n+[ \t]+\S")
_LAST_RETURN = re.compile(r"\n(?: {1,4}|\t)(?:return|raise)\b[^\n]*\s*\Z")


_OF_TYPES = re.compile(r"^(type|def|class)[ \t]+(\w+)[ \t]*(?:\[([^\]\n]*)\])?(?=[ \t]*[=(:])", re.MULTILINE)
_VARIABLE = re.compile(r"(\*{0,2})(\w+)[^,]*")


def _without_types(found: re.Match[str]) -> str:
    """`type X = ...` and `def f[T](...)` as Pythons before 3.12 write them."""
    kind, name, variables = found.groups()
    declared = "".join(
        f'{each} = {"ParamSpec" if stars == "**" else "TypeVar"}("{each}")\n'
        for stars, each in _VARIABLE.findall(variables or "")
    )
    return f"{declared}{name}" if kind == "type" else f"{declared}{kind} {name}"


def _for_this_python(chunk: str) -> str:
    """The chunk, without a later Python's syntax of types where only that keeps it from being read."""
    if isinstance(parsed(chunk), ast.Module):
        return chunk
    older = _OF_TYPES.sub(_without_types, chunk)
    return older if older != chunk and isinstance(parsed(older), ast.Module) else chunk


def _islands(text: str) -> list[Statement]:
    """The statements in a sea of prose, each tried by itself."""
    found, torn = list[Statement](), 0
    for chunk in _rejoined(_chunks(text)):
        if not _MAY_BEGIN.match(chunk.lstrip("\n")):
            continue
        source = _for_this_python(chunk)
        tree = parsed(source)
        if isinstance(tree, ast.Module):
            found += _cut(source, tree)
        elif torn < TORN and _DEFINES.match(chunk.lstrip("\n")):
            torn += 1
            found += _mended(chunk)
    return found


def _chunks(text: str) -> Iterator[str]:
    """The text cut before each line that begins at the margin, unless it belongs to what stands above."""
    chunk: list[str] = []
    blanks, decorated = 0, False
    for line, goes_on in zip(text.split("\n"), continuations(text), strict=True):
        if not (goes_on or decorated or _GOES_ON.match(line)):
            yield "\n".join(chunk).rstrip("\n")
            chunk = [""] * blanks
        if line.strip():
            blanks, decorated = 0, line.startswith("@")
        else:
            blanks += 1
        chunk.append(line)
    yield "\n".join(chunk)


def _rejoined(chunks: Iterable[str]) -> list[str]:
    """Gives back to a function the rest of its body, where a remark at the margin cut it in two."""
    joined: list[str] = []
    for chunk in chunks:
        unfinished = (
            joined and _DEFINES.match(joined[-1].lstrip("\n")) and not _LAST_RETURN.search(joined[-1])
        )
        if unfinished and _REMARK.match(chunk):
            joined[-1] += "\n" + chunk
        else:
            joined.append(chunk)
    return joined


def _mended(chunk: str) -> list[Statement]:
    """A definition that does not parse as it stands: with its levels put right, or cut short, or both."""
    best: list[Statement] = []
    for attempt in (chunk, relevelled(chunk.lstrip("\n"))):
        source, torn = _shortened(attempt)
        tree = parsed(source)
        found = _cut(source, tree) if isinstance(tree, ast.Module) else []
        if found and (not best or source.count("\n") > best[-1].source.count("\n")):
            best = [*found[:-1], Statement(found[-1].source, found[-1].node, torn)]
    return best


def _shortened(text: str) -> tuple[str, bool]:
    """The text without remarks among its lines, and cut before the first other line that cannot be read.

    Of a definition of which not even one line can be read, a signature with an empty body is left.
    """
    lines, torn = logical_lines(text), False
    for _ in range(MENDS):
        while lines and not lines[-1].strip():
            lines.pop()
        error = parsed("\n".join(lines))
        if isinstance(error, ast.Module):
            break
        at = min(_index_of(lines, error.lineno or 1), len(lines) - 1)
        if at < 1:
            break
        if _PROSE.fullmatch(lines[at]):
            del lines[at]
        else:
            lines, torn = [*lines[:at], *(["    ..."] if _DEFINES.match(lines[at - 1]) else [])], True
    return "\n".join(lines), torn


def _index_of(lines: list[str], number: int) -> int:
    """Which of the logical lines holds the line with this number, counted from 1."""
    end = 0
    for index, line in enumerate(lines):
        end += line.count("\n") + 1
        if number <= end:
            return index
    return len(lines)
