"""Rewrites tests so that an assertion that fails is written down and the next one still runs."""

from __future__ import annotations

import ast
import builtins

BOOK = "__book__"
"""The name under which rewritten tests find their `Book`."""
_LEFT, _RIGHT, _CALL, _ERROR = "__left__", "__right__", "__call__", "__error__"
_OTHER_ERRORS = frozenset(
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(AssertionError, kind)
)
"""Names of builtin exceptions that no failed assertion is."""


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
            caught = [handler.type for handler in node.handlers]
            node.body = [_handling(node, failures=any(kind is None or _catches_all(kind) for kind in caught))]
        return node

    def visit_TryStar(self, node: ast.TryStar) -> ast.AST:  # the name that ast looks for
        return self.visit_Try(node)  # type: ignore[arg-type]  # of the same shape

    def visit_With(self, node: ast.With) -> ast.AST:
        self.generic_visit(node)
        node.body = [_handling(node, failures=True)]
        return node

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        return self.visit_With(node)  # type: ignore[arg-type]  # as above

    def visit_Await(self, node: ast.Await) -> ast.AST:
        """What was awaited in the program's process already is no awaitable here."""
        self.generic_visit(node)
        return ast.copy_location(ast.Await(_entry("awaited", node.value)), node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        match node.value:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=attr)) if attr[:6] == "assert":
                return _guarded([node, _write("held")], "raised", node)  # of a `unittest.TestCase`
            case ast.Call() | ast.Await():
                return _guarded([node], "raised", node)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        text = ast.unparse(node.test)
        self.generic_visit(node)
        source = ast.Constant(text)
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
    turned = ast.Constant(_is_literal(test.left) and not _is_literal(test.comparators[0]))
    entry = "differs" if isinstance(test.ops[0], ast.Eq) else "distinct"
    differs = _write(entry, ast.Name(_CALL, ast.Load()), left, right, turned, *_message(node))
    return [
        ast.Assign([ast.Name(_LEFT, ast.Store())], test.left),
        ast.Assign([ast.Name(_CALL, ast.Store())], _entry("latest")),
        ast.Assign([ast.Name(_RIGHT, ast.Store())], test.comparators[0]),
        ast.If(ast.Compare(left, test.ops, [right]), [_write("held")], [differs]),
    ]


def _tried(node: ast.Assert, source: ast.expr) -> list[ast.stmt]:
    """For any other condition: its value is evidence, and what its names stand for."""
    test = node.test
    if isinstance(test, ast.Constant):
        return [ast.If(test, [_write("held")], [_write("refused", *_message(node))])]
    negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    value = test.operand if isinstance(test, ast.UnaryOp) and negated else test
    left = ast.Name(_LEFT, ast.Load())
    holds = ast.UnaryOp(ast.Not(), left) if negated else left
    names = names_needed(ast.Expression(test))
    known = ast.Dict(
        [ast.Constant(name) for name in names], [_later(ast.Name(name, ast.Load())) for name in names]
    )
    fails = _write("fails", source, left, ast.Constant(str(not negated)), known, *_message(node))
    return [ast.Assign([ast.Name(_LEFT, ast.Store())], value), ast.If(holds, [_write("held")], [fails])]


def _is_literal(node: ast.expr) -> bool:
    return all(
        isinstance(
            each,
            ast.Constant | ast.List | ast.Tuple | ast.Set | ast.Dict | ast.UnaryOp | ast.unaryop | ast.Load,
        )
        for each in ast.walk(node)
    )


def _catches_all(kind: ast.expr) -> bool:
    """True unless these are classes by whose names one can tell that no failed assertion is meant."""
    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    names = [part.id if isinstance(part, ast.Name) else "" for part in parts]
    return not all(name in _OTHER_ERRORS for name in names)


def _message(node: ast.Assert) -> list[ast.expr]:
    if node.msg is None or any(isinstance(part, ast.Await) for part in ast.walk(node.msg)):
        return []
    return [_later(node.msg)]


def _later(value: ast.expr) -> ast.expr:
    """A function that makes the value, which only a failure needs."""
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), value)


def _entry(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name(BOOK, ast.Load()), name, ast.Load()), list(arguments), [])


def _write(name: str, *arguments: ast.expr) -> ast.stmt:
    """The statement that writes into the book."""
    return ast.Expr(_entry(name, *arguments))


def _guarded(body: list[ast.stmt], entry: str, at: ast.stmt, *arguments: ast.expr) -> ast.stmt:
    """The statements; what they raise goes into the book under that entry."""
    errors = ast.Attribute(ast.Name(BOOK, ast.Load()), "errors", ast.Load())
    write = _write(entry, ast.Name(_ERROR, ast.Load()), *arguments)
    return ast.copy_location(ast.Try(body, [ast.ExceptHandler(errors, _ERROR, [write])], [], []), at)


def _handling(node: ast.Try | ast.With, *, failures: bool) -> ast.stmt:
    """The node's body, in which the tests handle exceptions."""
    handling = ast.withitem(_entry("handling", ast.Constant(failures)))
    return ast.copy_location(ast.With([handling], node.body), node)
