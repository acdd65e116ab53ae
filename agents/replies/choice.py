"""Which definition of the function an answer means, when it holds several, or one under another name."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from agents.replies.bindings import (
    Function,
    Scope,
    bindings,
    branches,
    can_be_called,
    dispatches,
    imports_function,
    prints,
    scope_of,
    sets_global,
)
from agents.replies.names import IMPORTS, names_of
from agents.replies.renaming import method_bound, renamed, restated_inside, undecorated
from agents.replies.spelling import has_entities
from agents.replies.statements import Statement, statements
from events.work import ProblemPosed

NOWHERE = Scope()


class Grade(IntEnum):
    """How much of the function is there; the more the higher."""

    ABSENT = 0
    STUB = 1
    """A signature: its body is a docstring, `pass`, `...`, or says that it is not implemented."""
    RENAMED = 2
    """The only function of the answer has another name."""
    BOUND = 3
    """Its name is bound to what was made or defined elsewhere: by an import, a factory, a table."""
    SILENT = 4
    """It never returns a value: a step on the way, most often."""
    TORN = 5
    """Its end is missing, or it is written as on a page (`&lt;`)."""
    WHOLE = 6


@dataclass(frozen=True, slots=True)
class Draft:
    """A way to read the answer, and the function found that way."""

    grade: Grade = Grade.ABSENT
    chosen: Statement | None = None
    """What binds the entry point; None when nothing does."""
    block: tuple[Statement, ...] = ()
    """The statements of the block that it stands in."""
    spares: tuple[Statement, ...] = ()
    """The statements of the other blocks."""

    @property
    def lost(self) -> frozenset[str]:
        """The names that the function needs and that the answer does not give a value, or not to the end."""
        if self.chosen is None:
            return frozenset()
        bound = self._bound
        waiting, seen = [self.chosen], set[str]()
        while waiting:
            needed = names_of(waiting.pop()).needed - seen
            seen |= needed
            waiting += [bound[name] for name in needed if name in bound]
        known = bound.keys() | IMPORTS.keys()
        return frozenset(name for name in seen if name not in known or (name in bound and bound[name].torn))

    @property
    def _bound(self) -> dict[str, Statement]:
        return {name: each for each in (*self.spares, *self.block) for name in names_of(each).bound}

    def beats(self, other: "Draft") -> bool:
        """True of more of the function, or of as much with what it needs and the other has lost."""
        if self.grade != other.grade:
            return self.grade > other.grade
        lost = other.lost
        return bool(lost) and lost <= self._bound.keys() and not self.lost


def drafted(blocks: Iterable[str], problem: ProblemPosed) -> Draft:
    """The best definition in these blocks; of equals the last of the last block."""
    read = [tuple(_explicit(statements(block), problem)) for block in blocks]
    best = Draft()
    for block in read:
        scope = scope_of(each.node for each in block)
        for statement in block:
            found = graded(statement, problem.entry_point, scope)
            if found >= best.grade:
                best = Draft(found, None if found is Grade.ABSENT else statement, block)
    others = (each for block in read if block is not best.block for each in block)
    return replace(best, spares=tuple(others))


def graded(statement: Statement, name: str, scope: Scope = NOWHERE) -> Grade:
    """How well the statement defines a function, or a class, of this name, among what `scope` holds."""
    found = (
        Grade.RENAMED if statement.renamed else _graded_node(statement.node, name, scope, torn=statement.torn)
    )
    return Grade.TORN if found is Grade.WHOLE and has_entities(statement.source) else found


def _graded_node(node: ast.stmt, name: str, scope: Scope, *, torn: bool = False) -> Grade:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() if node.name == name:
            return Grade.WHOLE if dispatches(node) and scope.registers(name) else _graded(node, torn=torn)
        case ast.ClassDef() if node.name == name:
            return _graded_class(node, torn=torn)
        case ast.Import() | ast.ImportFrom():
            return Grade.BOUND if imports_function(node, name) else Grade.ABSENT
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return Grade.ABSENT
        case _:
            values = [_graded_value(value, name, scope) for target, value in bindings(node) if target == name]
            inside = [] if prints(node) else [_graded_node(each, name, scope) for each in branches(node)]
            globally = [Grade.BOUND] if sets_global(node, name, scope) else []
            return max([*values, *inside, *globally], default=Grade.ABSENT)


def _graded_class(node: ast.ClassDef, *, torn: bool) -> Grade:
    """Of a class that was asked for: a stub is one whose methods all are."""
    methods = [each for each in node.body if isinstance(each, Function)]
    others = [each for each in node.body if isinstance(each, ast.Assign | ast.AnnAssign)]
    if not others and all(_graded(each, torn=False) is Grade.STUB for each in methods) and not node.bases:
        return Grade.STUB
    return Grade.TORN if torn else Grade.WHOLE


def _graded(node: Function, *, torn: bool) -> Grade:
    if all(_does_nothing(each) for each in node.body):
        return Grade.STUB
    if torn and not isinstance(node.body[-1], ast.Return | ast.Raise):
        return Grade.TORN
    return Grade.WHOLE if any(_answers(each) for each in _own(node)) else Grade.SILENT


def _does_nothing(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Import() | ast.ImportFrom():
            return True
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return True
        case ast.Raise(exc=ast.Name(id=error) | ast.Call(func=ast.Name(id=error))):
            return error == "NotImplementedError"
        case _:
            return False


def _answers(node: ast.AST) -> bool:
    match node:
        case ast.Return(value=value):
            return value is not None
        case _:
            return isinstance(node, ast.Yield | ast.YieldFrom)


def _own(node: Function) -> Iterator[ast.AST]:
    """What stands in the function itself, not in functions inside it."""
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        each = waiting.pop()
        yield each
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(each)


def _graded_value(value: ast.expr, name: str, scope: Scope) -> Grade:
    match value:
        case ast.Lambda() | ast.Attribute():
            return Grade.WHOLE
        case ast.Name(id=other) | ast.Call(args=[ast.Name(id=other), *_]) if other != name:
            return Grade.RENAMED
        case _:
            return Grade.BOUND if can_be_called(value, scope) else Grade.ABSENT


def _explicit(block: Sequence[Statement], problem: ProblemPosed) -> Iterator[Statement]:
    """The statements, and what binds the function where they hide it: in itself, a class, another name."""
    name = problem.entry_point
    scope = scope_of(each.node for each in block)
    grades = [graded(each, name, scope) for each in block]
    for statement, grade in zip(block, grades, strict=True):
        yield statement
        yield from undecorated(statement, name)
        if grade is Grade.STUB:
            yield from restated_inside(statement, name)
        yield from method_bound(statement, name, _does_something)
    if all(grade < Grade.RENAMED for grade in grades):
        yield from renamed(block, problem)


def _does_something(method: Function) -> bool:
    return _graded(method, torn=False) > Grade.STUB
