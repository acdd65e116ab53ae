"""The program around the chosen function: what it needs stays, what would run or get in its way goes."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from agents.replies.bindings import is_overload, registers_to
from agents.replies.choice import Draft, Grade, graded
from agents.replies.names import IMPORTS, imports_for
from agents.replies.parts import DEFINITION, FUNCTION, IMPORT, Part, may_run, part_of, stays_unasked, wraps
from agents.replies.statements import Statement, compiles, statements
from events.work import ProblemPosed


def program(draft: Draft, problem: ProblemPosed) -> str:
    """The module: imports taken for granted, what the prompt gave, and the answer's own text.

    Definitions, imports and constants stay; of what else runs on loading only that stays which these
    need. Empty when there is none of them.
    """
    entry_point = problem.entry_point
    own = [part_of(each) for each in _without_rivals(draft)]
    own = [part for part in own if not _rivals(part, draft, entry_point)]
    complete = _bound(part for part in own if not _is_begun(part))
    prompted = [part_of(each) for each in statements(problem.prompt)]
    given = [part for part in prompted if not part.names.bound <= complete | {entry_point}]
    if not all(isinstance(part.node, IMPORT) for part in given):
        given = [part for part in prompted if part in given or isinstance(part.node, IMPORT)]
    own = [part for part in own if not (_is_begun(part) and part.names.bound <= _bound(given))]
    spare = [part_of(each) for each in draft.spares]
    kept = _kept(given, spare, own, draft, entry_point)
    return _written([part for place, part in enumerate([*given, *spare, *own]) if place in kept])


def with_imports(text: str) -> str:
    """The module under the well-known imports that it lacks; the text itself when it does not compile."""
    return _written([part_of(each) for each in statements(text)]) if compiles(text) else text


def _without_rivals(draft: Draft) -> list[Statement]:
    """The block with one version of each function: the chosen, or else the best, of equals the last."""
    best: dict[str, tuple[Grade, Statement]] = {}
    for each in draft.block:
        if name := _plain_name(each):
            grade = graded(each, name)
            if name not in best or grade >= best[name][0]:
                best[name] = (grade, each)
    return [each for each in draft.block if not (name := _plain_name(each)) or best[name][1] is each]


def _plain_name(statement: Statement) -> str:
    """The name of an undecorated function: decorated ones may share theirs."""
    node = statement.node
    return node.name if isinstance(node, FUNCTION) and not node.decorator_list else ""


def _rivals(part: Part, draft: Draft, entry_point: str) -> bool:
    """True of what would bind the function's name to something other than what was chosen."""
    is_rival = entry_point in part.names.bound and part.statement is not draft.chosen
    return is_rival and not wraps(part, entry_point) and not _declares(part, draft)


def _declares(part: Part, draft: Draft) -> bool:
    """True of an overload above the function that was chosen."""
    if draft.chosen is None or not is_overload(part.node):
        return False
    return part.statement in draft.block[: draft.block.index(draft.chosen)]


def _is_begun(part: Part) -> bool:
    """True of a function of which the answer has a signature or a beginning."""
    return isinstance(part.node, FUNCTION) and graded(part.statement, part.node.name) in (
        Grade.STUB,
        Grade.TORN,
    )


def _bound(parts: Iterable[Part]) -> frozenset[str]:
    return frozenset[str]().union(*(part.names.bound for part in parts))


def _kept(
    given: Sequence[Part], spare: Sequence[Part], own: Sequence[Part], draft: Draft, entry_point: str
) -> set[int]:
    """The places, in the three lists joined, of what stays."""
    parts, first = [*given, *spare, *own], len(given) + len(spare)
    suppliers = _suppliers(parts, range(len(given), first), entry_point)
    asked = [place for place, part in enumerate(own, first) if _is_asked(part, draft, entry_point)]
    unasked = [place for place, part in enumerate(own, first) if stays_unasked(part)]
    kept = _closure([*range(len(given)), *asked, *unasked], parts, suppliers)
    return _loadable(kept, _closure(asked, parts, suppliers), parts)


def _is_asked(part: Part, draft: Draft, entry_point: str) -> bool:
    """True of what binds the function's name, or registers another function to it."""
    binds = entry_point in part.names.bound or part.statement is draft.chosen
    return binds or registers_to(part.node) == entry_point


def _suppliers(parts: Sequence[Part], spare: range, entry_point: str) -> Mapping[str, list[int]]:
    """For each name the places of what gives it its value; of the spare parts one, where no other does."""
    imported = _bound(part for part in parts if isinstance(part.node, IMPORT))
    suppliers: dict[str, list[int]] = defaultdict(list)
    for place in [*(p for p in range(len(parts)) if p not in spare), *reversed(spare)]:
        part = parts[place]
        if may_run(part, entry_point):
            for name in part.names.bound | (part.touched - imported):
                if place not in spare or name not in suppliers:
                    suppliers[name].append(place)
    return suppliers


def _closure(places: Iterable[int], parts: Sequence[Part], suppliers: Mapping[str, list[int]]) -> set[int]:
    """These places, and those that they need, and so on."""
    found = set(places)
    waiting = list(found)
    while waiting:
        needed = parts[waiting.pop()].names.needed
        more = set(chain.from_iterable(suppliers.get(name, ()) for name in needed)) - found
        found |= more
        waiting += more
    return found


def _loadable(kept: set[int], needed: set[int], parts: Sequence[Part]) -> set[int]:
    """Without what the function does not need and what would fail on loading for want of a name."""
    bound, found = set(IMPORTS), set[int]()
    for place in sorted(kept):
        names = parts[place].names
        if place in needed or names.needed_at_once <= bound | names.bound:
            found.add(place)
            bound |= names.bound
    return found


def _written(parts: Sequence[Part]) -> str:
    """The text of the parts, under the imports they lack; what comes from the future first."""
    lacking = frozenset[str]().union(*(part.names.needed for part in parts)) - _bound(parts)
    futures = [_text(part) for part in parts if _is_future(part.node)]
    others = [_text(part) for part in parts if not _is_future(part.node)]
    text = "\n".join([*futures, *imports_for(lacking), *others]).strip("\n")
    return text + "\n" if text else ""


def _text(part: Part) -> str:
    """The part's lines; a definition that lost its neighbour is set apart from what is now above it."""
    apart = isinstance(part.node, DEFINITION) and not part.statement.source.startswith("\n")
    return "\n\n" + part.statement.source if apart else part.statement.source


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
