"""Which names a statement binds and needs, and the imports that a small model takes for granted."""

import builtins
import symtable
import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from agents.replies.statements import Statement

BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class Names:
    """The module-level names that a statement has to do with."""

    bound: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    """Sooner or later, the builtins left out."""
    needed_at_once: frozenset[str] = frozenset()
    """Those without which the statement itself fails: in decorators, defaults, annotations, bases."""


def names_of(statement: Statement) -> Names:
    """The names of a statement that compiles."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = symtable.symtable(statement.source, "<answer>", "exec")
    bound = {each.get_name() for each in table.get_symbols() if each.is_assigned() or each.is_imported()}
    now = {each.get_name() for each in table.get_symbols() if each.is_referenced()}
    later: set[str] = set()
    waiting = [(child, True) for child in table.get_children()]
    while waiting:
        scope, at_once = waiting.pop()
        at_once = at_once and _runs_at_once(scope)
        found = {each.get_name() for each in scope.get_symbols() if each.is_global()}
        (now if at_once else later).update(found)
        waiting += [(child, at_once) for child in scope.get_children()]
    return Names(frozenset(bound), frozenset(now | later) - BUILTINS, frozenset(now) - BUILTINS)


def _runs_at_once(scope: symtable.SymbolTable) -> bool:
    return scope.get_type() == "class" or scope.get_name() in ("listcomp", "setcomp", "dictcomp", "genexpr")


_TYPING = (
    "Any Callable DefaultDict Deque Dict FrozenSet Generator Generic Iterable Iterator List Literal Mapping "
    "NamedTuple Optional ParamSpec Sequence Set Text Tuple Type TypeVar Union overload"
)
_MODULES = (
    "bisect collections copy datetime decimal fractions functools hashlib heapq itertools json math operator "
    "random re statistics string sys"
)
_MEMBERS = {
    "typing": _TYPING,
    "bisect": "bisect_left bisect_right insort",
    "collections": "Counter OrderedDict defaultdict deque namedtuple",
    "copy": "deepcopy",
    "dataclasses": "dataclass",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "functools": "cache cmp_to_key lru_cache partial reduce",
    "heapq": "heapify heappop heappush nlargest nsmallest",
    "itertools": "accumulate chain combinations groupby permutations product zip_longest",
    "math": "ceil factorial floor gcd isqrt sqrt",
    "string": "ascii_lowercase ascii_uppercase",
}
IMPORTS = {name: f"import {name}" for name in _MODULES.split()} | {
    name: f"from {module} import {name}" for module, members in _MEMBERS.items() for name in members.split()
}
"""The statement that binds a name which can hardly mean anything else."""


def imports_for(names: Iterable[str]) -> list[str]:
    """The import statements for those of the names that are well known, sorted."""
    return sorted(IMPORTS[name] for name in names if name in IMPORTS)


def is_standard(module: str) -> bool:
    """True when the module comes with Python."""
    return module.partition(".")[0] in sys.stdlib_module_names
