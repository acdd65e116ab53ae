"""Which definition of the function an answer means, when it holds several, or one under another name."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
    for index, block in enumerate(read):
        spares = tuple(each for other in read[:index] + read[index + 1 :] for each in other)
        for statement in block:
            found = graded(statement, problem.entry_point)
            if found >= best.grade:
                chosen = None if found is Grade.ABSENT else statement
                best = Draft(grade=found, chosen=chosen, block=block, spares=spares)
    return best


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
    """The statements, and after them what binds the function where they hide it: in itself, a class, a name."""
    for statement in block:
        yield statement
        yield from _restated_inside(statement, problem.entry_point)
        yield from _method(statement, problem.entry_point)
    yield from _renamed(block, problem)


def _restated_inside(statement: Statement, name: str) -> Iterator[Statement]:
    """The function that stands, whole, inside a stub of itself: the model said the signature twice."""
    tree = parsed(statement.source)
    if graded(statement, name) is not Grade.STUB or not isinstance(tree, ast.Module):
        return
    lines = statement.source.split("\n")
    for inner in getattr(tree.body[0], "body", []):
        if isinstance(inner, Function) and inner.name == name:
            yield from statements(dedented("\n".join(lines[inner.lineno - 1 : inner.end_lineno])))


def _method(statement: Statement, name: str) -> Iterator[Statement]:
    """The name bound to the method of a class that is wrapped around the function."""
    if not isinstance(statement.node, ast.ClassDef):
        return
    methods = [each for each in statement.node.body if isinstance(each, Function)]
    if any(each.name == name and _graded(each, torn=False) > Grade.STUB for each in methods):
        made = statement.node.name
        simple = all(_parameters(each) < 2 for each in methods if each.name == "__init__")
        instance = f"{made}()" if simple else f"{made}.__new__({made})"
        yield from statements(f"\n\n{name} = {instance}.{name}")


def _renamed(block: Sequence[Statement], problem: ProblemPosed) -> Iterator[Statement]:
    """The name bound to the only function, or the only one that differs just in case and underscores."""
    asked = prompted_function(problem.prompt, problem.entry_point)
    prompted = {each.node.name for each in statements(problem.prompt) if isinstance(each.node, Function)}
    known = {problem.entry_point, *prompted}
    others = [
        each.node
        for each in block
        if isinstance(each.node, Function) and each.node.name not in known and not is_test(each.node.name)
    ]
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
