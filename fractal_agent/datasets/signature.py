"""What a prompt says of the function to write: its parameters, its docstring, the names beside it."""

import ast
import re

import msgspec

from fractal_agent.datasets.literals import parse_module


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    entry_point: str
    parameters: tuple[str, ...]
    """Those that can be given by position, in order."""
    required: int
    """How many of the parameters have no default."""
    variadic: bool
    """The function takes `*args`."""
    text_parameters: frozenset[str]
    """Those that an annotation or the prose (`a string s`) declares to be strings."""
    docstring: str
    """As a reader sees it, without its quotes; empty when there is none."""
    names: frozenset[str]
    """What the prompt's module level defines or imports."""


def read_signature(prompt: str, entry_point: str) -> Signature | None:
    """None when the prompt is not Python up to its last line, or defines no function of that name.

    Of several definitions the last one counts, as it does for Python. A signature without any body is
    read as well.
    """
    module = parse_prompt(prompt)
    functions = defined_functions(module) if module else {}
    function = functions.get(entry_point)
    if module is None or function is None:
        return None
    docstring = _docstring(prompt, function)
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    return Signature(
        entry_point=entry_point,
        parameters=tuple(argument.arg for argument in positional),
        required=len(positional) - len(arguments.defaults),
        variadic=arguments.vararg is not None,
        text_parameters=_text_parameters(positional, docstring),
        docstring=docstring,
        names=_module_names(module) | (_LOOP if isinstance(function, ast.AsyncFunctionDef) else frozenset()),
    )


def parse_prompt(prompt: str) -> ast.Module | None:
    """The prompt's syntax tree, completed by a body where it ends in a bare signature; None if not Python."""
    return parse_module(prompt) or parse_module(prompt.rstrip() + "\n    pass\n")


def defined_names(module: ast.Module) -> tuple[str, ...]:
    """The functions at module level, and the classes."""
    return tuple(node.name for node in module.body if isinstance(node, _DEFINITION))


def defined_functions(module: ast.Module) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions at module level by name."""
    return {
        node.name: node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


_DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LOOP = frozenset({"asyncio"})
"""What examples of an async function need besides: `asyncio.run(f(1))`."""
_OPENING_QUOTES = re.compile(r"[a-zA-Z]*(\"\"\"|'''|\"|')")
_CALLED_A_STRING = re.compile(r"\bstring\s+['\"`]?(\w+)")
_DELIBERATE_ESCAPE = re.compile(r"\\[\\\"']")


def _docstring(prompt: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The first string that stands as a statement: some prompts import a module above it."""
    for statement in function.body:
        match statement:
            case ast.Expr(value=ast.Constant(value=str(value)) as node):
                return (
                    _as_read(ast.get_source_segment(prompt, node) or "", value) if "\\" in prompt else value
                )
    return ""


def _as_read(source: str, value: str) -> str:
    r"""The text a reader sees in a docstring.

    Most authors forget that `"a\nb"` in a docstring breaks the line; what they mean is what they wrote.
    One who escapes a backslash or a quote knows, and means what Python makes of it.
    """
    opening = _OPENING_QUOTES.match(source)
    if opening is None or _DELIBERATE_ESCAPE.search(source):
        return value
    return source[opening.end() : -len(opening[1])]


def _text_parameters(parameters: list[ast.arg], docstring: str) -> frozenset[str]:
    called_strings = set(_CALLED_A_STRING.findall(docstring))
    return frozenset(
        each.arg
        for each in parameters
        if (each.arg in called_strings if each.annotation is None else ast.unparse(each.annotation) == "str")
    )


def _module_names(module: ast.Module) -> frozenset[str]:
    names: set[str] = set()
    for statement in module.body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(names)
