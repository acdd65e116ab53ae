"""Finds where a Python value ends in text that goes on as prose, by syntax alone: nothing is evaluated."""

import ast
import re
import warnings

import msgspec

from fractal_agent.sandbox.inside.digits import any_digits


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A value found in a text."""

    source: str
    """Python source on one line; evaluable with nothing but the builtins."""
    end: int
    """Where the text goes on."""


_STRING = re.compile(r"""(?:[rRbBuU]|[rR][bB]|[bB][rR])?(?:'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")""")
_NUMBER = re.compile(
    r"(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+"
    r"|(?:\d[\d_]*(?:\.\d[\d_]*)?|\.\d+)(?:[eE][+-]?\d+)?[jJ]?)(?!\w)"
)
_CONSTANT = re.compile(r"(?:True|False|None|true|false|null)(?!\w)")
_CONSTRUCTORS = "set|frozenset|list|tuple|dict|float|int|complex|bytes|bytearray|range"
_CONSTRUCTOR = re.compile(rf"(?:{_CONSTRUCTORS})(?=\()")
_SIGN = re.compile(r"[-+]?")
# Tight `-` and `/` are left out: 2021-10-15 is a date and 3/4 a fraction written as text.
_ARITHMETIC = re.compile(r"[^\S\n]+(?:\*\*|//|[-+*/%])[^\S\n]+|\*\*|[*+]")
_CLOSER = {"(": ")", "[": "]", "{": "}"}
_FOREIGN = {"true": "True", "false": "False", "null": "None"}
_LINE_BREAK = re.compile(r"\s*\n\s*")


def read_value(text: str, at: int) -> Reading | None:
    """The longest value that starts exactly at `at`; None when none does.

    A value is made of literals, displays, calls of builtin types, and arithmetic on these. An elided
    one (`[1, 2, ...]`) is none. A dot after an integer ends the sentence, not the number; `true`,
    `false` and `null` are read as Python's words for them.
    """
    ends = []
    end = _operand_end(text, at)
    while end is not None:
        ends.append(end)
        operator = _ARITHMETIC.match(text, end)
        end = _operand_end(text, operator.end()) if operator else None
    for end in reversed(ends):
        source = one_line(text[at:end])
        source = _FOREIGN.get(source, source)
        node = parse_expression(source)
        if node is not None and _is_value(node):
            return Reading(source=source, end=end)
    return None


def closing(text: str, at: int) -> int | None:
    """Just past the bracket that closes the one at `at`, strings aside; None when it is never closed."""
    awaited: list[str] = []
    while at < len(text):
        character = text[at]
        if character in "\"'":
            string = _STRING.match(text, at)
            if string is None:
                return None
            at = string.end()
            continue
        if character in _CLOSER:
            awaited.append(_CLOSER[character])
        elif character in ")]}":
            if awaited.pop() != character:
                return None
            if not awaited:
                return at + 1
        at += 1
    return None


def parse_expression(source: str) -> ast.expr | None:
    """The syntax tree of one expression; None when `source` is anything else."""
    tree = _parse(source, "eval")
    return tree.body if isinstance(tree, ast.Expression) else None


def parse_module(source: str) -> ast.Module | None:
    """The syntax tree of a whole module; None when `source` is not Python."""
    tree = _parse(source, "exec")
    return tree if isinstance(tree, ast.Module) else None


def source_of(value: object) -> str:
    """`repr` of what JSON can hold; integers too long for it are written in hexadecimal."""
    try:
        return repr(value)
    except ValueError:
        pass
    match value:
        case list():
            return f"[{', '.join(map(source_of, value))}]"
        case tuple():
            return f"({''.join(f'{source_of(item)}, ' for item in value)})"
        case dict():
            return f"{{{', '.join(f'{source_of(key)}: {source_of(item)}' for key, item in value.items())}}}"
        case int():
            return hex(value)
    return repr(value)


def one_line(source: str) -> str:
    """`source` with each line break inside its brackets, indentation included, made one space."""
    return _LINE_BREAK.sub(" ", source.strip())


def kind(source: str) -> str:
    """What a value is at its outermost: `number`, or the name of the type or of the syntax."""
    node = parse_expression(source)
    if isinstance(node, ast.UnaryOp | ast.BinOp):
        return "number"
    if isinstance(node, ast.Constant):
        name = type(node.value).__name__
        return "number" if name in ("int", "float", "complex") else name
    return type(node).__name__


def _parse(source: str, mode: str) -> ast.AST | None:
    with warnings.catch_warnings(), any_digits():
        # A prompt may well hold "\d"; its author's warning is not the reader's.
        warnings.simplefilter("ignore")
        try:
            return compile(source, "<text>", mode, ast.PyCF_ONLY_AST)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _operand_end(text: str, at: int) -> int | None:
    sign = _SIGN.match(text, at)
    at = sign.end() if sign else at
    for pattern in (_STRING, _NUMBER, _CONSTANT):
        if found := pattern.match(text, at):
            return found.end()
    if constructor := _CONSTRUCTOR.match(text, at):
        return closing(text, constructor.end())
    return closing(text, at) if text[at : at + 1] in _CLOSER else None


_VALUE_SYNTAX = (
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Dict,
    ast.UnaryOp,
    ast.unaryop,
    ast.BinOp,
    ast.operator,
    ast.Call,
    ast.keyword,
    ast.expr_context,
)


def _is_value(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value is not ...
    called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            if id(part) not in called or part.id not in _CONSTRUCTORS.split("|"):
                return False
        elif not isinstance(part, _VALUE_SYNTAX) or (isinstance(part, ast.Constant) and part.value is ...):
            return False
    return True
