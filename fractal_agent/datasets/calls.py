"""Reads calls of the function to write, and builds one from arguments that a prompt gives in other ways."""

import ast
import builtins
import re
from collections.abc import Iterator, Sequence

import msgspec

from fractal_agent.datasets.literals import closing, one_line, parse_expression, read_value
from fractal_agent.datasets.signature import Signature


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call in a text, with the calls of other functions around it: `round(area(2, 3), 2)`."""

    source: str
    start: int
    end: int


def find_calls(text: str, signature: Signature, name: str = "") -> Iterator[Call]:
    """Each outermost call of the entry point (or of `name`, taken for it) that stands on its own.

    A call that is part of a larger expression, as in `f(1) + f(2)`, is left out, and so is one that
    could not be run: see `runnable`. One whose words had to be quoted must start its line; in a sentence
    its words would be variables.
    """
    wanted = f"{name or signature.entry_point}("
    for opening in _OPENING.finditer(text) if wanted in text else ():
        end = closing(text, text.index("(", opening.start())) if wanted in _openings(opening[0]) else None
        if end is None or _continues_an_expression(text, opening.start()):
            continue
        written = text[opening.start() : end]
        if name:
            written = written.replace(wanted, f"{signature.entry_point}(", 1)
        source = runnable(written, signature)
        as_written = source == one_line(written)
        if source is not None and (as_written or _starts_a_line(text, opening.start())):
            yield Call(source=source, start=opening.start(), end=end)


def runnable(written: str, signature: Signature) -> str | None:
    """The call as one line of Python that needs only the prompt's own names; None when it is not.

    It calls the entry point with a possible number of arguments, and elides none of them. Words
    without quotes, as in `is_happy(abc)`, are quoted where the prompt says that a string goes there.
    """
    source = one_line(written)
    node = parse_expression(source)
    if node is None:
        return None
    parts = tuple(ast.walk(node))
    calls = [
        part for part in parts if isinstance(part, ast.Call) and _names(part.func, signature.entry_point)
    ]
    elided = any(isinstance(part, ast.Constant) and part.value is ... for part in parts)
    if elided or not calls or not all(_fits(call, signature) for call in calls):
        return None
    return _with_words_quoted(node, source, signature) if _needs_more_names(parts, signature) else source


def given_call(text: str, at: int, signature: Signature) -> Call | None:
    """The call made by the arguments that start at `at`: `xs = [1, 2], k = 3`, or one per line, or nameless.

    None when it is not beyond doubt which parameter each value is for.
    """
    named = _NAME.match(text, at) is not None
    given: list[_Argument] = []
    start = end = at
    while True:
        name = _NAME.match(text, at) if named else None
        value = read_value(text, name.end() if name else at)
        if value is None or named != (name is not None):
            break
        given.append(_Argument(name=name[1] if name else "", source=value.source))
        end = value.end
        separator = _SEPARATOR.match(text, end)
        if separator is None:
            break
        at = separator.end()
    sources = _by_name(given, signature) or _by_position(given, signature)
    return Call(source=_call_of(signature, sources), start=start, end=end) if sources else None


def call_with(sources: Sequence[str], signature: Signature) -> str | None:
    """The call with these arguments by position; None when the parameters are fewer or more."""
    return _call_of(signature, sources) if len(sources) == len(signature.parameters) else None


def line_before(text: str, at: int) -> str:
    """What stands on the line before `at`."""
    return text[text.rfind("\n", 0, at) + 1 : at]


class _Argument(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """As the prompt has it, which need not be a parameter; empty when it gives only a value."""
    source: str


_OPENING = re.compile(r"(?<![\w.])(?:[A-Za-z_][\w.]*\(\s*)+")
"""Of one call or of several, one inside the other: `round(area(`."""
_BUILTINS = frozenset(dir(builtins))
_RESULT_WORDS = "expected|outputs?|results?|returns?|answer|explanation"
_NAME = re.compile(
    rf"(?!(?:{_RESULT_WORDS})\b)([A-Za-z_]\w*)[^\S\n]*(?:={{1,2}}\s*|:\s*|(?=\[))", re.IGNORECASE
)
_SEPARATOR = re.compile(r"\s*(?:[,;]|\band\b|\n)\s*")
_INFIX = re.compile(r"[-+*/%=<>&|^~@,(\[{!]\s*$")
_PROSE = re.compile(r"^\s*[-+*]\s*$|>>>\s*$|(?:^|\s)\($|:\**\s*$|,\s$")
"""What looks like an operator and is a bullet, a prompt, a parenthesis of the prose, bold type or a comma."""


def _openings(text: str) -> list[str]:
    return [f"{name.strip()}(" for name in text.split("(")]


def _starts_a_line(text: str, at: int) -> bool:
    before = line_before(text, at)
    return not before.strip(" \t-+*>")


def _continues_an_expression(text: str, at: int) -> bool:
    before = line_before(text, at)
    return _INFIX.search(before) is not None and _PROSE.search(before) is None


def _fits(call: ast.Call, signature: Signature) -> bool:
    if signature.variadic or any(isinstance(argument, ast.Starred) for argument in call.args):
        return True
    count = len(call.args) + len(call.keywords)
    return signature.required <= count and len(call.args) <= len(signature.parameters)


def _names(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _needs_more_names(parts: Sequence[ast.AST], signature: Signature) -> bool:
    """True also of a builtin that is mentioned and not called: in `f(list)` it is a parameter's name."""
    bound = set(signature.names)
    called: set[int] = set()
    for part in parts:
        match part:
            case ast.Call(func=base) | ast.Attribute(value=base):
                called.add(id(base))
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                bound.add(name)
    names = [part for part in parts if isinstance(part, ast.Name) and part.id not in bound]
    return any(name.id not in _BUILTINS or id(name) not in called for name in names)


def _with_words_quoted(node: ast.expr, source: str, signature: Signature) -> str | None:
    if not isinstance(node, ast.Call) or not _names(node.func, signature.entry_point):
        return None
    sources = []
    for parameter, argument in zip(signature.parameters, node.args, strict=False):
        written = ast.get_source_segment(source, argument) or ""
        if isinstance(argument, ast.Name):
            if parameter not in signature.text_parameters or written in signature.parameters:
                return None
            written = repr(written)
        value = read_value(written, 0)
        if value is None or value.end != len(written):
            return None
        sources.append(written)
    return call_with(sources, signature)


def _by_name(given: Sequence[_Argument], signature: Signature) -> list[str] | None:
    sources = {argument.name: argument.source for argument in given}
    order = [parameter for parameter in signature.parameters if parameter in sources]
    without_gap = tuple(order) == signature.parameters[: len(order)]
    complete = signature.required <= len(order) == len(given)
    return [sources[parameter] for parameter in order] if complete and without_gap else None


def _by_position(given: Sequence[_Argument], signature: Signature) -> list[str] | None:
    """Strange names pass where there is but one parameter, or where another name confirms the order."""
    if len(given) != len(signature.parameters):
        return None
    names = [argument.name for argument in given]
    confirmed = {
        name for name, parameter in zip(names, signature.parameters, strict=True) if name == parameter
    }
    displaced = set(names) & set(signature.parameters) - confirmed
    doubtful = any(names) and not confirmed and len(names) > 1
    return None if displaced or doubtful else [argument.source for argument in given]


def _call_of(signature: Signature, sources: Sequence[str]) -> str:
    return f"{signature.entry_point}({', '.join(sources)})"
