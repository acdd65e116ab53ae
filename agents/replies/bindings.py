"""What binds a name to a function without defining one: imports, assignments of callables, branches."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agents.replies.names import is_standard

Function = ast.FunctionDef | ast.AsyncFunctionDef

MAKERS = frozenset(
    [
        "partial",
        "partialmethod",
        "itemgetter",
        "attrgetter",
        "methodcaller",
        "cmp_to_key",
        "lru_cache",
        "cache",
        "wraps",
        "singledispatch",
        "staticmethod",
        "vectorize",
        "frompyfunc",
        "lambdify",
        "getattr",
        "curry",
        "compose",
        "pipe",
        "jit",
        "njit",
        "FunctionType",
        "import_module",
        "update_wrapper",
        "partialmethod",
        "memoize",
    ]
)
"""Well-known callables whose results can be called."""
INSTALLED = frozenset(
    {"numpy", "scipy", "sympy", "pandas", "networkx", "more_itertools", "toolz", "sortedcontainers"}
)
"""Packages that an answer may rightly take a function from."""
DEEPEST = 20
"""How far a value is followed through names, calls and branches."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The statements that a binding stands among, by the names that they bind."""

    defined: Mapping[str, ast.stmt] = field(default_factory=dict)
    assigned: Mapping[str, ast.expr] = field(default_factory=dict)
    registered: frozenset[str] = frozenset()
    """Functions to which others are registered by the type of an argument."""

    def registers(self, name: str) -> bool:
        return name in self.registered


def scope_of(nodes: Iterable[ast.stmt]) -> Scope:
    """The definitions and assignments among the statements, in branches too; of equals the last."""
    defined, assigned = dict[str, ast.stmt](), dict[str, ast.expr]()
    registered = set[str]()
    for node in _flat(nodes):
        if isinstance(node, Function | ast.ClassDef):
            defined[node.name] = node
        registered.add(registers_to(node))
        assigned.update([*_filled(node), *bindings(node)])
    return Scope(defined, assigned, frozenset(registered) - {""})


def _filled(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """What is put into a table, with the table's name."""
    match node:
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))], value=value):
            yield name, ast.List(elts=[value], ctx=ast.Load())
        case _:
            pass


def registers_to(node: ast.stmt) -> str:
    """The function that the statement registers another one to; empty when it does nothing of the kind."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            found = [_registry(each) for each in node.decorator_list]
        case ast.Expr(value=value):
            found = [_registry(value)]
        case _:
            found = []
    return next(filter(None, found), "")


def _registry(node: ast.expr) -> str:
    """`add` in `add.register`, `add.register(int)` and `add.register(int)(f)`."""
    while isinstance(node, ast.Call):
        node = node.func
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr="register"):
            return name
        case _:
            return ""


def dispatches(node: Function) -> bool:
    """True of a function to which others are registered by type."""
    return any("dispatch" in ast.unparse(each) for each in node.decorator_list)


def is_overload(node: ast.stmt) -> bool:
    """True of a signature that only a type checker reads."""
    return isinstance(node, Function) and any(
        ast.unparse(each).rpartition(".")[2] == "overload" for each in node.decorator_list
    )


def prints(node: ast.stmt) -> bool:
    """True of a statement that calls something unwelcome as it runs, outside of what it defines."""
    waiting: list[ast.AST] = [node]
    while waiting:
        match each := waiting.pop():
            case ast.Call(func=ast.Name(id="print" | "input" | "exit" | "quit" | "exec" | "open")):
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                pass
            case _:
                waiting += ast.iter_child_nodes(each)
    return False


def bindings(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """The names that an assignment of any form binds, each with the expression of its value."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _bound(target, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.Expr(value=value) | ast.If(test=value):
            for each in ast.walk(value):
                if isinstance(each, ast.NamedExpr):
                    yield each.target.id, each.value
        case _:
            pass


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case (
            (ast.Tuple(elts=targets) | ast.List(elts=targets)),
            (ast.Tuple(elts=values) | ast.List(elts=values)),
        ):
            for number, each in enumerate(targets):
                same = len(targets) == len(values)
                yield from _bound(each, values[number] if same else _item(value))
        case ((ast.Tuple(elts=targets) | ast.List(elts=targets)), _):
            for each in targets:
                yield from _bound(each, _item(value))
        case _:
            pass


def _item(value: ast.expr) -> ast.expr:
    return ast.Subscript(value=value, slice=ast.Constant(0), ctx=ast.Load())


def imports_function(node: ast.stmt, name: str) -> bool:
    """True of an import that binds the name to a member of a module that can be there."""
    match node:
        case ast.ImportFrom(module=str(module), names=aliases, level=0):
            known = is_standard(module) or module.partition(".")[0] in INSTALLED
            return known and any((alias.asname or alias.name) == name for alias in aliases)
        case _:
            return False


def branches(node: ast.stmt) -> Iterator[ast.stmt]:
    """The statements that run, under some condition, as part of this one."""
    match node:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return
        case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While():
            for block in ("body", "handlers", "orelse", "finalbody"):
                for each in getattr(node, block, []):
                    yield from each.body if isinstance(each, ast.ExceptHandler) else [each]
        case ast.Match(cases=cases):
            for case in cases:
                yield from case.body
        case _:
            pass


def _flat(nodes: Iterable[ast.stmt], depth: int = 0) -> Iterator[ast.stmt]:
    for node in nodes:
        yield node
        if depth < DEEPEST:
            yield from _flat(branches(node), depth + 1)


def can_be_called(value: ast.expr, scope: Scope) -> bool:
    """True when the value of the expression is a function, as far as can be seen."""
    return _Search().callable(value, scope)


@dataclass(slots=True)
class _Search:
    """A look for something callable behind an expression: each expression is looked at once."""

    seen: set[tuple[str, int]] = field(default_factory=set)
    depth: int = 0

    def callable(self, value: ast.expr, scope: Scope) -> bool:
        if not self._is_new("callable", value):
            return False
        self.depth += 1
        found = self._callable(value, scope)
        self.depth -= 1
        return found

    def holds(self, value: ast.expr, scope: Scope) -> bool:
        """True of a table or a list of functions, and of `vars(module)`."""
        if not self._is_new("holds", value):
            return False
        self.depth += 1
        found = self._holds(value, scope)
        self.depth -= 1
        return found

    def _is_new(self, kind: str, node: ast.AST) -> bool:
        key = (kind, id(node))
        is_new = key not in self.seen and self.depth < DEEPEST
        self.seen.add(key)
        return is_new

    def _callable(self, value: ast.expr, scope: Scope) -> bool:
        match value:
            case ast.Lambda() | ast.Attribute():
                found = True
            case ast.Name(id=name):
                assigned = scope.assigned.get(name)
                found = name in scope.defined or (assigned is not None and self.callable(assigned, scope))
            case ast.NamedExpr(value=inner) | ast.Starred(value=inner):
                found = self.callable(inner, scope)
            case ast.IfExp(body=one, orelse=other):
                found = self.callable(one, scope) or self.callable(other, scope)
            case ast.BoolOp(values=values):
                found = any(self.callable(each, scope) for each in values)
            case ast.Subscript(value=holder):
                found = self.holds(holder, scope)
            case ast.Call():
                found = self._makes(value, scope)
            case _:
                found = False
        return found

    def _holds(self, value: ast.expr, scope: Scope) -> bool:
        match value:
            case ast.Dict(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts):
                found = any(self.callable(part, scope) or self.holds(part, scope) for part in parts)
            case ast.ListComp(elt=part) | ast.DictComp(value=part):
                found = self.callable(part, scope)
            case ast.Call(func=ast.Name(id="vars" | "globals" | "locals")) | ast.Attribute(attr="__dict__"):
                found = True
            case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
                found = any(self.callable(each.value, scope) for each in keywords)
            case ast.Call(func=ast.Name(id=name)):
                found = any(self.holds(each, scope) for each in _returned(scope.defined.get(name)))
            case ast.Name(id=name):
                found = name in scope.assigned and self.holds(scope.assigned[name], scope)
            case ast.Subscript(value=holder):
                found = self.holds(holder, scope)
            case _:
                found = False
        return found

    def _makes(self, call: ast.Call, scope: Scope) -> bool:
        """True of a call that gives a function: of a factory, a class with `__call__`, `partial`."""
        gives_one = any(isinstance(each, ast.Lambda) for each in call.args)
        match call.func:
            case ast.Attribute(value=holder, attr="get" | "pop" | "setdefault") if self.holds(holder, scope):
                found = True
            case ast.Name(id=name) if isinstance(made := scope.defined.get(name), ast.ClassDef):
                found = _has_call(made, scope)
            case ast.Name(id=name) if name in scope.defined:
                found = gives_one or self._returns(scope.defined[name], scope)
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in MAKERS:
                found = True
            case ast.Attribute(value=ast.Call(func=ast.Name(id=name)) | ast.Name(id=name), attr=attr):
                method = _member(scope.defined.get(name), attr)
                found = gives_one or (method is not None and self._returns(method, scope))
            case ast.Call():
                found = (
                    gives_one
                    or self.callable(call.func, scope)
                    or any(self.callable(each, scope) for each in call.args)
                )
            case _:
                found = gives_one
        return found

    def _returns(self, node: ast.stmt, scope: Scope) -> bool:
        if not isinstance(node, Function) or not self._is_new("returns", node):
            return False
        inner = scope_of(node.body)
        merged = Scope({**scope.defined, **inner.defined}, {**scope.assigned, **inner.assigned})
        return any(self.callable(each, merged) for each in _returned(node))


def _member(owner: ast.stmt | None, name: str) -> Function | None:
    members = owner.body if isinstance(owner, ast.ClassDef) else []
    return next((each for each in members if isinstance(each, Function) and each.name == name), None)


def _has_call(made: ast.ClassDef, scope: Scope, depth: int = 0) -> bool:
    if any(name == "__call__" for name in _bound_in(made.body)):
        return True
    bases = [scope.defined.get(each.id) for each in made.bases if isinstance(each, ast.Name)]
    return depth < DEEPEST and any(
        isinstance(base, ast.ClassDef) and base is not made and _has_call(base, scope, depth + 1)
        for base in bases[:3]
    )


def _bound_in(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, Function | ast.ClassDef):
            yield node.name
        yield from (name for name, _ in bindings(node))


def _returned(node: ast.stmt | None) -> Iterator[ast.expr]:
    """What a function returns, in all of its branches."""
    for each in _flat(node.body) if isinstance(node, Function) else ():
        if isinstance(each, ast.Return) and each.value is not None:
            yield each.value


def sets_global(node: ast.stmt, name: str, scope: Scope) -> bool:
    """True of a call of a function that binds the name as a global."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id=called))) if called in scope.defined:
            return any(
                isinstance(each, ast.Global) and name in each.names
                for each in ast.walk(scope.defined[called])
            )
        case _:
            return False
