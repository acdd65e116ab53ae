"""The program around the chosen function: what it needs stays, what would run or get in its way goes."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from agents.replies.choice import Draft, Grade, graded
from agents.replies.names import IMPORTS, imports_for
from agents.replies.parts import FUNCTION, IMPORT, Part, may_run, part_of, stays_unasked, wraps
from agents.replies.statements import statements
from events.work import ProblemPosed


def program(draft: Draft, problem: ProblemPosed) -> str:
    """The module: imports taken for granted, what the prompt gave, and the answer's own text.

    Definitions, imports and constants stay; of what else runs on loading only that stays which these
    need. Empty when there is none of them.
    """
    entry_point = problem.entry_point
    own = _without_rivals([part_of(each) for each in draft.block], draft, entry_point)
    complete = _bound(part for part in own if not _is_begun(part))
    prompted = [part_of(each) for each in statements(problem.prompt)]
    given = [part for part in prompted if not part.names.bound <= complete | {entry_point}]
    own = [part for part in own if not (_is_begun(part) and part.names.bound <= _bound(given))]
    spare = [part_of(each) for each in draft.spares]
    kept = _kept(given, spare, own, entry_point)
    before, after = [*given, *spare], len(given) + len(spare)
    return _written(
        [part for place, part in enumerate(before) if place in kept],
        [part for place, part in enumerate(own, after) if place in kept],
    )


def _without_rivals(block: Sequence[Part], draft: Draft, entry_point: str) -> list[Part]:
    """The block without other versions of its functions: of each name the best stays, of equals the last."""
    best: dict[str, tuple[Grade, Part]] = {}
    for part in block:
        if name := _plain_name(part):
            grade = graded(part.statement, name)
            if name not in best or grade >= best[name][0]:
                best[name] = (grade, part)

    def stays(part: Part) -> bool:
        if entry_point in part.names.bound:
            return part.statement is draft.chosen or wraps(part, entry_point)
        name = _plain_name(part)
        return not name or best[name][1] is part

    return [part for part in block if stays(part)]


def _plain_name(part: Part) -> str:
    """The name of an undecorated function: decorated ones may share theirs."""
    return part.node.name if isinstance(part.node, FUNCTION) and not part.node.decorator_list else ""


def _is_begun(part: Part) -> bool:
    """True of a function of which the answer has a signature or a beginning."""
    return isinstance(part.node, FUNCTION) and graded(part.statement, part.node.name) in (
        Grade.STUB,
        Grade.TORN,
    )


def _bound(parts: Iterable[Part]) -> frozenset[str]:
    return frozenset[str]().union(*(part.names.bound for part in parts))


def _kept(given: Sequence[Part], spare: Sequence[Part], own: Sequence[Part], entry_point: str) -> set[int]:
    """The places, in the three lists joined, of what stays."""
    parts, first = [*given, *spare, *own], len(given) + len(spare)
    suppliers = _suppliers(parts, range(len(given), first), entry_point)
    asked = [place for place, part in enumerate(own, first) if entry_point in part.names.bound]
    unasked = [place for place, part in enumerate(own, first) if stays_unasked(part)]
    kept = _closure([*range(len(given)), *asked, *unasked], parts, suppliers)
    return _loadable(kept, _closure(asked, parts, suppliers), parts)


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


def _written(before: Sequence[Part], own: Sequence[Part]) -> str:
    """The text of the parts, under the imports they lack; what comes from the future first."""
    parts = [*before, *own]
    futures = [part for part in parts if _is_future(part.node)]
    lacking = frozenset[str]().union(*(part.names.needed for part in parts)) - _bound(parts)
    sections = (
        [*(part.statement.source for part in futures), *imports_for(lacking)],
        [part.statement.source for part in before if part not in futures],
        [part.statement.source for part in own if part not in futures],
    )
    written = ("\n".join(section).strip("\n") for section in sections)
    text = "\n\n\n".join(section for section in written if section)
    return text + "\n" if text else ""


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
