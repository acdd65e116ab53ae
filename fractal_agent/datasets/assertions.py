"""MBPP's shape: a sentence, a solution and a list of assertions, of which the first is shown."""

import ast
import builtins
from collections.abc import Iterator, Sequence

from fractal_agent.datasets.literals import parse_module
from fractal_agent.datasets.signature import defined_functions

_LETTERS = "abcdefghij"


def entry_point_of(assertions: Sequence[str], solution: str) -> str:
    """The function that the assertions are about; empty when none can be told."""
    module = parse_module(solution)
    defined = set(defined_functions(module)) if module else set()
    called = [name for each in assertions for name in _called(each)]
    known = [name for name in called if name in defined]
    return next(iter(known or [name for name in called if not hasattr(builtins, name)]), "")


def prompt_of(text: str, entry_point: str, assertions: Sequence[str], solution: str) -> str:
    """The function's signature, and the text and the first assertion as its docstring."""
    module = parse_module(solution)
    function = defined_functions(module).get(entry_point) if module else None
    arguments = ast.unparse(function.args) if function else ", ".join(_parameters(entry_point, assertions))
    before = "async def" if isinstance(function, ast.AsyncFunctionDef) else "def"
    told = "\n".join([*text.strip().splitlines(), *(each.strip() for each in assertions[:1])])
    shown = told.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    indented = "\n".join(f"    {line}".rstrip() for line in shown.splitlines())
    return f'{before} {entry_point}({arguments}):\n    """\n{indented}\n    """\n'


def _called(source: str) -> Iterator[str]:
    """Names of the functions that are called, the outermost first."""
    module = parse_module(source)
    for node in ast.walk(module) if module else ():
        match node:
            case ast.Call(func=ast.Name(id=name)):
                yield name


def _parameters(entry_point: str, assertions: Sequence[str]) -> str:
    """As many letters as the first call has arguments."""
    for source in assertions:
        module = parse_module(source)
        for node in ast.walk(module) if module else ():
            match node:
                case ast.Call(func=ast.Name(id=name), args=arguments) if name == entry_point:
                    return _LETTERS[: len(arguments)]
    return ""
