"""Which definition of the function an answer means, when it holds several, or one under another name."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from agents.replies.blocks import prompted_function
from agents.replies.lines import dedented
from agents.replies.statements import Statement, parsed, statements
from events.work import ProblemPosed

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Grade(IntEnum):
    """How much of the function is there; the more the higher."""

    ABSENT = 0
    STUB = 1
    """A signature: its body is a docstring, `pass`, `...`, or says that it is not implemented."""
    RENAMED = 2
    """The only function of the answer has another name."""
    SILENT = 3
    """It never returns a value: a step on the way, most often."""
    TORN = 4
    """Its end is missing."""
    WHOLE = 5


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


def drafted(blocks: Iterable[str], problem: ProblemPosed) -> Draft:
    """The best definition in these blocks; of equals the last of the last block."""
    read = [tuple(_explicit(statements(block), problem)) for block in blocks]
    best = Draft()
    for block in read:
        for statement in block:
            found = graded(statement, problem.entry_point)
            if found >= best.grade:
                best = Draft(found, None if found is Grade.ABSENT else statement, block)
    others = (each for block in read if block is not best.block for each in block)
    return replace(best, spares=tuple(others))


def graded(statement: Statement, name: str) -> Grade:
    """How well the statement defines a function of this name."""
    match statement.node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() as node if node.name == name:
            return _graded(node, torn=statement.torn)
        case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
            return _graded_alias(value, name)
        case _:
            return Grade.ABSENT


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


def _graded_alias(value: ast.expr, name: str) -> Grade:
    match value:
        case ast.Lambda() | ast.Attribute():
            return Grade.WHOLE
        case ast.Name(id=other) | ast.Call(args=[ast.Name(id=other), *_]) if other != name:
            return Grade.RENAMED
        case _:
            return Grade.ABSENT


def _explicit(block: Sequence[Statement], problem: ProblemPosed) -> Iterator[Statement]:
    """The statements, and what binds the function where they hide it: in itself, a class, another name."""
    for statement in block:
        yield statement
        yield from _restated_inside(statement, problem.entry_point)
        yield from _method(statement, problem.entry_point)
    yield from _renamed(block, problem)


def _restated_inside(statement: Statement, name: str) -> Iterator[Statement]:
    """The function that stands, whole, inside a stub of itself: the model said the signature twice."""
    tree = parsed(statement.source) if graded(statement, name) is Grade.STUB else None
    if not isinstance(tree, ast.Module):
        return
    lines = statement.source.split("\n")
    for inner in getattr(tree.body[0], "body", []):
        if isinstance(inner, Function) and inner.name == name:
            yield from statements(dedented("\n".join(lines[inner.lineno - 1 : inner.end_lineno])))


def _method(statement: Statement, name: str) -> Iterator[Statement]:
    """The name bound to the method of a class that is wrapped around the function."""
    if not isinstance(statement.node, ast.ClassDef):
        return
    methods = {each.name: each for each in statement.node.body if isinstance(each, Function)}
    if name in methods and _graded(methods[name], torn=False) > Grade.STUB:
        owner = made = statement.node.name
        if _takes_owner(methods[name]):
            simple = "__init__" not in methods or _parameters(methods["__init__"]) < 2
            owner = f"{made}()" if simple else f"{made}.__new__({made})"
        yield from statements(f"\n\n{name} = {owner}.{name}")


def _takes_owner(method: Function) -> bool:
    """False of a function that was put into a class without becoming a method of it."""
    return bool(method.args.args) and method.args.args[0].arg in ("self", "cls")


def _renamed(block: Sequence[Statement], problem: ProblemPosed) -> Iterator[Statement]:
    """The name bound to the only function, or the only one that differs just in case and underscores."""
    functions = [each.node for each in block if isinstance(each.node, Function)]
    if not functions or any(graded(each, problem.entry_point) >= Grade.RENAMED for each in block):
        return
    asked = prompted_function(problem.prompt, problem.entry_point)
    prompted = {each.node.name for each in statements(problem.prompt) if isinstance(each.node, Function)}
    known = {problem.entry_point, *prompted}
    others = [each for each in functions if each.name not in known and not is_test(each.name)]
    alike = [each for each in others if _plain(each.name) == _plain(problem.entry_point)]
    match alike or others:
        case [only] if asked and _parameters(only) == _parameters(asked):
            yield from statements(f"\n\n{problem.entry_point} = {only.name}")
        case _:
            pass


_TEST = re.compile(r"(?:run_)?[Tt]ests?(?![a-z])\w*|\w+_tests?|check(?:_\w+)?|main|[A-Z]\w*Tests?")


def is_test(name: str) -> bool:
    """True of names that answers give to their own tests and demonstrations."""
    return bool(_TEST.fullmatch(name))


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()


def _parameters(node: Function) -> int:
    return len(node.args.posonlyargs) + len(node.args.args)
