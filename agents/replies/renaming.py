"""The function where an answer hides it: in a stub of itself, in a class, under another name."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from agents.replies.bindings import Function
from agents.replies.blocks import prompted
from agents.replies.lines import dedented
from agents.replies.statements import Statement, parsed, statements
from events.work import ProblemPosed

_TEST = re.compile(r"(?:run_)?[Tt]ests?(?![a-z])\w*|\w+_tests?|check(?:_\w+)?|main|[A-Z]\w*Tests?")
_OF_METHODS = re.compile(
    r"^@(?:property|(?:functools\.)?cached_property|abstractmethod)[ \t]*\n", re.MULTILINE
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_GENERIC = frozenset(
    {"solution", "solve", "solver", "answer", "func", "function", "fn", "f", "implementation"}
)
"""What models call a function whose name they do not repeat."""


def is_test(name: str) -> bool:
    """True of names that answers give to their own tests and demonstrations."""
    return bool(_TEST.fullmatch(name))


def restated_inside(statement: Statement, name: str) -> Iterator[Statement]:
    """The function that stands, whole, inside a stub of itself: the model said the signature twice."""
    tree = parsed(statement.source)
    if not isinstance(tree, ast.Module):
        return
    lines = statement.source.split("\n")
    for inner in getattr(tree.body[0], "body", []):
        if isinstance(inner, Function) and inner.name == name:
            yield from statements(dedented("\n".join(lines[inner.lineno - 1 : inner.end_lineno])))


def undecorated(statement: Statement, name: str) -> Iterator[Statement]:
    """The function without a decorator that only a method can have."""
    node = statement.node
    if isinstance(node, Function) and node.name == name and _OF_METHODS.search(statement.source):
        yield from statements(_OF_METHODS.sub("", statement.source))


def method_bound(
    statement: Statement, name: str, does_something: Callable[[Function], bool]
) -> Iterator[Statement]:
    """The name bound to the method of a class that is wrapped around the function."""
    front = ""
    node: ast.stmt | None = statement.node
    while isinstance(node, ast.ClassDef):
        methods = _methods(node)
        if name in methods and does_something(methods[name]):
            yield from statements(f"\n\n{name} = {front}{_owner(node, methods[name], front)}.{name}")
            return
        front += f"{node.name}."
        node = next((each for each in node.body if isinstance(each, ast.ClassDef)), None)


def _methods(node: ast.ClassDef) -> dict[str, Function]:
    return {each.name: each for each in node.body if isinstance(each, Function)}


def _owner(node: ast.ClassDef, method: Function, front: str = "") -> str:
    """The expression whose attribute the method is: the class, or an instance made without arguments."""
    if not _takes_owner(method):
        return node.name
    made = _methods(node).get("__init__")
    return (
        f"{node.name}()"
        if made is None or _parameters(made) < 2
        else f"{node.name}.__new__({front}{node.name})"
    )


def _takes_owner(method: Function) -> bool:
    """False of a function that was put into a class without becoming a method of it."""
    return bool(method.args.args) and method.args.args[0].arg in ("self", "cls", "this", "_self", "me")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What could be the function under another name."""

    name: str
    expression: str
    node: Function
    owners: int = 0
    """How many of its parameters are not the caller's: `self`."""


def renamed(block: Sequence[Statement], problem: ProblemPosed) -> Iterator[Statement]:
    """The name bound to the one function, method or class that can be meant by it."""
    asked = prompted(problem.prompt, problem.entry_point)
    if isinstance(asked, ast.ClassDef):
        yield from _renamed_class(block, problem)
        return
    known = {problem.entry_point, *(getattr(each.node, "name", "") for each in statements(problem.prompt))}
    others = [each for each in _candidates(block) if each.name not in known and not is_test(each.name)]
    alike = [each for each in others if _plain(each.name) == _plain(problem.entry_point)]
    near = [each for each in others if _is_near(each.name, problem.entry_point)]
    for group in (alike or others, near, _first_called(others)):
        match group if len(group) == 1 else [each for each in group if asked and _fits(each, asked)]:
            case [only] if asked and _fits(only, asked):
                yield from _named(problem.entry_point, only.expression)
                return
            case _:
                pass


def _named(name: str, expression: str) -> Iterator[Statement]:
    for each in statements(f"\n\n{name} = {expression}"):
        yield replace(each, renamed=True)


def _candidates(block: Sequence[Statement]) -> Iterator[_Candidate]:
    """Functions, methods that have no underscores around them, and classes that can be called."""
    for each in block:
        match each.node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield _Candidate(name, name, each.node)
            case ast.ClassDef(name=name):
                for method in _methods(each.node).values():
                    if method.name == "__call__":
                        yield _Candidate(name, _owner(each.node, method), method, 1)
                    elif not method.name.startswith("__"):
                        whole = f"{_owner(each.node, method)}.{method.name}"
                        yield _Candidate(method.name, whole, method, int(_takes_owner(method)))
            case _:
                pass


def _renamed_class(block: Sequence[Statement], problem: ProblemPosed) -> Iterator[Statement]:
    classes = [each.node.name for each in block if isinstance(each.node, ast.ClassDef)]
    name = problem.entry_point
    alike = [each for each in classes if _plain(each) == _plain(name) or _is_near(each, name)]
    match alike:
        case [only] if only != name:
            yield from _named(name, only)
        case _:
            pass


def _first_called(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Those that none of the others calls."""
    called = {
        each.id if isinstance(each, ast.Name) else each.attr
        for candidate in candidates
        for each in ast.walk(candidate.node)
        if isinstance(each, ast.Name | ast.Attribute) and not isinstance(each.ctx, ast.Store)
    }
    return [each for each in candidates if each.name not in called]


def _is_near(name: str, asked: str) -> bool:
    """True of a name that says what the other does, and more, or says nothing."""
    words, wanted = ({each.casefold() for each in _WORD.findall(one)} for one in (name, asked))
    return (bool(wanted) and wanted <= words) or name.strip("_").casefold() in _GENERIC


def _fits(candidate: _Candidate, asked: Function) -> bool:
    """True when what is called as the prompt's function is can be the candidate."""
    count, arguments = _parameters(asked), candidate.node.args
    most = _parameters(candidate.node) - candidate.owners
    needed = most - len(arguments.defaults)
    keywords = {each.arg for each in asked.args.kwonlyargs}
    missing = [
        each.arg
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None and each.arg not in keywords
    ]
    return not missing and needed <= count and (count <= most or arguments.vararg is not None)


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()


def _parameters(node: Function) -> int:
    return len(node.args.posonlyargs) + len(node.args.args)
