"""Rewrites tests so that an assertion that fails is written down and the next one still runs."""

from __future__ import annotations

import ast
import builtins

BOOK = "__book__"
"""The name under which rewritten tests find their `Book`."""
_LEFT, _RIGHT, _CALLS, _ERROR = "__left__", "__right__", "__calls__", "__error__"


def rewritten(tree: ast.Module) -> ast.Module:
    """The tests, each `assert` made a case of the book.

    While the tests handle exceptions themselves, inside `try` and `with`, an assertion still raises.
    """
    return ast.fix_missing_locations(_Rewriting().visit(tree))  # type: ignore[no-any-return]  # a Module for a Module


def names_needed(tree: ast.AST) -> list[str]:
    """Names that the code uses and neither defines nor finds among the builtins, sorted."""
    used, bound = set(), set(dir(builtins))
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.Name(id=name) | ast.arg(arg=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.alias(name=name, asname=other):
                bound.add(other or name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)):
                bound.add(name)
    return sorted(used - bound)


class _Rewriting(ast.NodeTransformer):
    def visit_Try(self, node: ast.Try) -> ast.AST:
        self.generic_visit(node)
        if node.handlers:
            node.body = [_handled(node)]
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        self.generic_visit(node)
        node.body = [_handled(node)]
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return _guarded([node], "raised", node) if isinstance(node.value, ast.Call) else node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        source = ast.Constant(ast.unparse(node.test))
        return _guarded(_compared(node) or _tried(node, source), "broke", node, source)


def _compared(node: ast.Assert) -> list[ast.stmt] | None:
    """For `left == right` and `left is right`, whose sides are evidence; None for any other condition."""
    test = node.test
    if (
        not isinstance(test, ast.Compare)
        or len(test.ops) != 1
        or not isinstance(test.ops[0], ast.Eq | ast.Is)
    ):
        return None
    left, right = ast.Name(_LEFT, ast.Load()), ast.Name(_RIGHT, ast.Load())
    calls = ast.Call(ast.Attribute(ast.Name(BOOK, ast.Load()), "calls_made", ast.Load()), [], [])
    differs = _write("differs", ast.Name(_CALLS, ast.Load()), left, right, *_message(node))
    return [
        ast.Assign([ast.Name(_LEFT, ast.Store())], test.left),
        ast.Assign([ast.Name(_CALLS, ast.Store())], calls),
        ast.Assign([ast.Name(_RIGHT, ast.Store())], test.comparators[0]),
        ast.If(ast.Compare(left, test.ops, [right]), [_write("held")], [differs]),
    ]


def _tried(node: ast.Assert, source: ast.expr) -> list[ast.stmt]:
    fails = _write("fails", source, ast.Constant(_wanted(node.test)), *_message(node))
    return [ast.If(node.test, [_write("held")], [fails])]


def _wanted(test: ast.expr) -> str:
    """What the call in a bare condition should return; empty where the condition says more."""
    if isinstance(test, ast.Call):
        return "True"
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Call):
        return "False"
    return ""


def _message(node: ast.Assert) -> list[ast.expr]:
    """The assertion's own message, to be made only where it is needed."""
    nothing = ast.arguments([], [], None, [], [], None, [])
    return [] if node.msg is None else [ast.Lambda(nothing, node.msg)]


def _write(entry: str, *arguments: ast.expr) -> ast.stmt:
    """The statement that writes into the book."""
    book = ast.Attribute(ast.Name(BOOK, ast.Load()), entry, ast.Load())
    return ast.Expr(ast.Call(book, list(arguments), []))


def _guarded(body: list[ast.stmt], entry: str, at: ast.stmt, *arguments: ast.expr) -> ast.stmt:
    """The statements; what they raise goes into the book under that entry."""
    error = ast.Name(_ERROR, ast.Load())
    handler = ast.ExceptHandler(
        ast.Attribute(ast.Name(BOOK, ast.Load()), "errors", ast.Load()),
        _ERROR,
        [_write(entry, error, *arguments)],
    )
    return ast.copy_location(ast.Try(body, [handler], [], []), at)


def _handled(node: ast.Try | ast.With) -> ast.stmt:
    """The node's body, in which the tests handle what fails."""
    handled = ast.Call(ast.Attribute(ast.Name(BOOK, ast.Load()), "handled", ast.Load()), [], [])
    return ast.copy_location(ast.With([ast.withitem(handled)], node.body), node)
