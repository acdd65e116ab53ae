"""Rewrites tests so that an assertion that fails is written down and the next one still runs."""

from __future__ import annotations

import ast
import builtins

BOOK = "__book__"
"""The name under which rewritten tests find their `Book`."""
_CASE, _LEFT, _RIGHT = "__case__", "__left__", "__right__"


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
            node.body = [_with(_call("handled", node), node.body, node)]
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        self.generic_visit(node)
        node.body = [_with(_call("handled", node), node.body, node)]
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return _with(_call("step", node), [node], node) if isinstance(node.value, ast.Call) else node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        body = _comparison(node) or [_told(node, _case_call("held", node.test, _wanted(node.test)))]
        case = _call("case", node, ast.Constant(ast.unparse(node.test)))
        return _with(case, body, node, ast.Name(_CASE, ast.Store()))


def _comparison(node: ast.Assert) -> list[ast.stmt] | None:
    """For `left == right` and `left is right`, whose sides are evidence; None for any other condition."""
    test = node.test
    if (
        not isinstance(test, ast.Compare)
        or len(test.ops) != 1
        or not isinstance(test.ops[0], ast.Eq | ast.Is)
    ):
        return None
    left, right = ast.Name(_LEFT, ast.Load()), ast.Name(_RIGHT, ast.Load())
    holds = ast.Compare(left, test.ops, [right])
    return [
        ast.copy_location(ast.Assign([ast.Name(_LEFT, ast.Store())], test.left), node),
        ast.copy_location(ast.Expr(_case_call("between")), node),
        ast.copy_location(ast.Assign([ast.Name(_RIGHT, ast.Store())], test.comparators[0]), node),
        _told(node, _case_call("compared", holds, left, right)),
    ]


def _told(node: ast.Assert, verdict: ast.expr) -> ast.stmt:
    """The verdict, and the assertion's message only where it is needed."""
    if node.msg is None:
        return ast.copy_location(ast.Expr(verdict), node)
    message = ast.Expr(_case_call("says", node.msg))
    return ast.copy_location(ast.If(ast.UnaryOp(ast.Not(), verdict), [message], []), node)


def _wanted(test: ast.expr) -> ast.expr:
    """What the call in a bare condition should return, as source; empty where the condition says more."""
    if isinstance(test, ast.Call):
        return ast.Constant("True")
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Call):
        return ast.Constant("False")
    return ast.Constant("")


def _call(name: str, at: ast.AST, *arguments: ast.expr) -> ast.expr:
    book = ast.Attribute(ast.Name(BOOK, ast.Load()), name, ast.Load())
    return ast.copy_location(ast.Call(book, list(arguments), []), at)


def _case_call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name(_CASE, ast.Load()), name, ast.Load()), list(arguments), [])


def _with(manager: ast.expr, body: list[ast.stmt], at: ast.stmt, name: ast.expr | None = None) -> ast.stmt:
    return ast.copy_location(ast.With([ast.withitem(manager, name)], body), at)
