"""A statement as a part of a program: the names it deals in, and whether it may run when that loads."""

import ast
from dataclasses import dataclass

from agents.replies.names import Names, is_standard, names_of
from agents.replies.renaming import is_test
from agents.replies.statements import Statement

UNWELCOME = frozenset({"input", "print", "open", "exit", "quit", "exec", "eval"})
"""What nothing may call that runs as soon as the program is loaded."""

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
DEFINITION = FUNCTION | ast.ClassDef
IMPORT = ast.Import | ast.ImportFrom


@dataclass(frozen=True, slots=True)
class Part:
    """A statement with the module-level names it deals in."""

    statement: Statement
    names: Names
    touched: frozenset[str]
    """The names whose values it sets, or may change, when it runs."""

    @property
    def node(self) -> ast.stmt:
        return self.statement.node


def part_of(statement: Statement) -> Part:
    """The statement as a part."""
    names, node = names_of(statement), statement.node
    changed = frozenset[str]() if isinstance(node, DEFINITION | IMPORT) else _changed(node)
    return Part(statement, names, names.bound | changed)


def _changed(node: ast.stmt) -> frozenset[str]:
    """`table` in `table[1] = 2` and in `table.append(1)`."""
    roots = set()
    for each in ast.walk(node):
        match each:
            case ast.Subscript(value=value, ctx=ast.Store()) | ast.Attribute(value=value, ctx=ast.Store()):
                roots.add(_root(value))
            case ast.Call(func=ast.Attribute(value=value)):
                roots.add(_root(value))
            case _:
                pass
    return frozenset(roots) - {""}


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def stays_unasked(part: Part) -> bool:
    """True of what does no harm and may be meant: definitions, the standard library's imports, constants.

    Tests are none of these.
    """
    match part.node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            stays = not is_test(name)
        case ast.ClassDef(name=name, bases=bases):
            stays = not is_test(name) and not any("TestCase" in ast.unparse(base) for base in bases)
        case ast.Import(names=aliases):
            stays = all(is_standard(alias.name) for alias in aliases)
        case ast.ImportFrom(module=module):
            stays = is_standard(module or "")
        case ast.Assign(value=value):
            stays = _is_literal(value)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="setrecursionlimit"))):
            stays = True
        case _:
            stays = False
    return stays


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


def may_run(part: Part, entry_point: str) -> bool:
    """False of what would call the function, or read or write something, as soon as the program is loaded."""
    if isinstance(part.node, DEFINITION | IMPORT):
        return True
    unwelcome = UNWELCOME | {entry_point, "__name__"}
    for each in ast.walk(part.node):
        match each:
            case ast.Call(func=ast.Name(id=name)) | ast.Compare(left=ast.Name(id=name)) if name in unwelcome:
                return False
            case _:
                pass
    return True


def wraps(part: Part, entry_point: str) -> bool:
    """True of `f = remembered(f)`, which decorates by hand."""
    match part.node:
        case ast.Assign(value=ast.Call(args=[ast.Name(id=name)])) if name == entry_point:
            return may_run(part, entry_point)
        case _:
            return False
