"""Examples of an async function: what a prompt shows as a plain call is awaited."""

import ast

import msgspec

from events.work import Example
from fractal_agent.datasets.literals import parse_expression
from fractal_agent.datasets.signature import defined_functions, parse_prompt


def awaited(examples: tuple[Example, ...], prompt: str, entry_point: str) -> tuple[Example, ...]:
    """The examples, each call of an async entry point in an `await`; those of any other as they are."""
    module = parse_prompt(prompt)
    function = defined_functions(module).get(entry_point) if module else None
    if not isinstance(function, ast.AsyncFunctionDef):
        return examples
    return tuple(msgspec.structs.replace(each, call=_awaited(each.call, entry_point)) for each in examples)


def _awaited(call: str, entry_point: str) -> str:
    node = parse_expression(call)
    if node is None or any(isinstance(part, ast.Await) for part in ast.walk(node)) or "asyncio." in call:
        return call
    return ast.unparse(_Awaiting(entry_point).visit(node))


class _Awaiting(ast.NodeTransformer):
    def __init__(self, entry_point: str) -> None:
        self._entry_point = entry_point

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node.func:
            case ast.Name(id=name) if name == self._entry_point:
                return ast.Await(node)
        return node
