"""Why cases failed, told from the log alone: one kind a case, so that kinds can be counted."""

import re
import symtable
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, get_args

from agents.replies.lines import continuations
from agents.replies.statements import compiles
from events import SnippetWritten
from replay.timeline import CaseStory

Kind: TypeAlias = Literal[
    "syntax",
    "indentation",
    "name",
    "wrong_answer",
    "timeout",
    "exception",
    "no_function",
    "pollution",
    "unfinished",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

_UNDEFINED = frozenset(
    {"NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "AttributeError"}
)
_BARE_TYPE = re.compile(r"\w*")
"""How the sandbox tells an exception that rose in the hidden tests, not in the program: by its type alone."""
_LINE = re.compile(r"\(line (\d+): ")


def failure_kind(case: CaseStory) -> Kind | None:
    """Why the case has not passed; None when it has, and for one that was set aside.

    `pollution` is a program whose function is sound up to where it ends, and which what stands behind breaks.
    `wrong_answer` is also what the tests could not compare: they raised, and not the program. `exception` is
    all else that it raised, or that ended it: it left, or used too much memory.
    """
    verdict = case.verdict
    if verdict is None:
        return "unfinished" if case.set_aside is None else None
    if verdict.outcome in ("passed", "timeout"):
        return None if verdict.outcome == "passed" else "timeout"
    if verdict.outcome == "error":
        return _why_not_loaded(case.answer or "", case.problem.entry_point, verdict.error)
    raised = verdict.error.partition(":")[0].partition(" ")[0]
    if verdict.outcome == "failed" and _BARE_TYPE.fullmatch(verdict.error):
        return "wrong_answer"
    return "name" if raised in _UNDEFINED else "exception"


def count_kinds(cases: Iterable[CaseStory]) -> dict[str, int]:
    """How many of the cases failed in each kind, in the order of `KINDS`; kinds of none are left out."""
    counts = Counter(failure_kind(case) for case in cases)
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def whole_functions(case: CaseStory) -> tuple[int, int]:
    """How many snippets of the case are whole functions, and how many it has."""
    snippets = [entry.event for entry in case.entries if isinstance(entry.event, SnippetWritten)]
    return sum(snippet.whole for snippet in snippets), len(snippets)


def told_kinds(failures: Mapping[str, int]) -> str:
    """`3 wrong answer, 1 timeout`; empty when nothing failed."""
    return ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in failures.items())


def _why_not_loaded(code: str, entry_point: str, error: str) -> Kind:
    """Of a program that the sandbox could not load."""
    raised = error.partition(":")[0].partition(" ")[0]
    function = _function(code, entry_point)
    line = _LINE.search(error)
    if function and compiles(function):
        beyond = line is not None and int(line[1]) > function.count("\n") + 1
        if not compiles(code) or beyond:
            return "pollution"
    if raised in ("IndentationError", "TabError"):
        return "indentation"
    if raised == "SyntaxError":
        return "syntax"
    if raised == "NameError" and compiles(code) and not _binds(code, entry_point):
        return "no_function"
    return "name" if raised in _UNDEFINED else "exception"


def _function(code: str, entry_point: str) -> str:
    """The program up to where its entry point ends: the first later line at the margin. Empty without one."""
    lines, found = code.split("\n"), False
    begins = re.compile(rf"(?:(?:async\s+)?def|class)\s+{re.escape(entry_point)}\b")
    for number, (line, goes_on) in enumerate(zip(lines, continuations(code), strict=True)):
        at_margin = bool(line[:1].strip()) and not goes_on
        if found and at_margin and not line.startswith(("#", ")")):
            return "\n".join(lines[:number])
        found = found or bool(begins.match(line))
    return code if found else ""


def _binds(code: str, name: str) -> bool:
    """True when a program that compiles gives the name a value at its top level."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = symtable.symtable(code, "<answer>", "exec")
    return any(
        each.get_name() == name and (each.is_assigned() or each.is_imported()) for each in table.get_symbols()
    )
