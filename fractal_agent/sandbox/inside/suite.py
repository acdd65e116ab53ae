"""Tests as they come from a data set: read once, and run against one program after another."""

from __future__ import annotations

import ast
import builtins
import importlib
import random
import sys
from types import CodeType
from typing import Any

from fractal_agent.sandbox.inside import forms
from fractal_agent.sandbox.inside.digits import any_digits
from fractal_agent.sandbox.inside.evidence import Book
from fractal_agent.sandbox.inside.pairs import FILES, Pairs, constants, files_in, pairs_in
from fractal_agent.sandbox.inside.remote import Remote
from fractal_agent.sandbox.inside.rewriting import BOOK, names_needed, rewritten
from fractal_agent.sandbox.inside.standins import told_of
from fractal_agent.sandbox.inside.stops import Stopped, Unusable, ZygoteGone

_FAILED_IN_PYTEST = "Failed"
"""What `pytest.raises` and `pytest.fail` raise, which is no Exception."""
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


class Suite:
    """Tests that can be run. Raises Unusable."""

    def __init__(self, source: str, prompt: str, entry_point: str) -> None:
        try:
            with any_digits():
                self._read(ast.parse(source), prompt, entry_point)
        except _UNREADABLE as error:
            raise Unusable(f"they cannot be compiled: {error}") from error

    def _read(self, tree: ast.Module, prompt: str, entry_point: str) -> None:
        self.pairs: Pairs | None = pairs_in(tree)
        """What a whole program is to print, in place of tests that are code."""
        self.files = files_in(constants(tree))
        """What lies in the program's folder."""
        if reason := forms.refusal(tree, entry_point):
            raise Unusable(reason)
        tree = forms.with_program_imports(tree, entry_point)
        self._called = forms.called_at_once(tree)
        needed = names_needed(tree)
        self._has_check = any(
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "check"
            for node in tree.body
        )
        self._asserts = self.pairs is not None or any(map(_can_fail, ast.walk(tree)))
        self.is_asynchronous = forms.is_asynchronous(tree)
        """The tests await what the program's async functions return."""
        self.awaits = self.is_asynchronous or _is_asynchronous(prompt, entry_point)
        """What a function returns that is a coroutine is awaited in the program's own process."""
        self._code = compile(rewritten(tree), "<tests>", "exec", dont_inherit=True, flags=forms.FLAGS)
        self._entry_point = entry_point
        self._modules = [name for name in needed if name in sys.stdlib_module_names and name != entry_point]
        """Which they use without importing them; the judge's own count, not the program's."""
        self.names = [entry_point, *(name for name in needed if name not in {entry_point, *self._modules})]
        """What they may want of the program."""
        self._helpers = _helpers(prompt, entry_point, set(needed))

    def run(self, found: dict[str, object], book: Book, remote: Remote) -> None:
        """Run them with what was found in the program. Raises Unusable and `stops.Stopped`."""
        random.seed(0)  # Tests that draw their inputs draw the same for every program.
        try:
            namespace = self._namespace(found, book, remote)
            forms.finished(eval(self._code, namespace))  # noqa: S307  # the data set's own code
            if self._has_check:
                forms.finished(namespace["check"](found[self._entry_point]))
            else:
                self._run_parts(namespace, book)
        except (Stopped, Unusable, ZygoteGone):
            raise
        except BaseException as error:
            if not isinstance(error, Exception) and type(error).__name__ != _FAILED_IN_PYTEST:
                raise Unusable(f"they leave by {type(error).__name__}") from None
            if isinstance(error, ImportError) and told_of(error) is None and not book.called:
                raise Unusable(f"they need what is not installed: {error}") from error
            book.fail_of(error, "")
        if not self._asserts and not book.failed:
            raise Unusable("they make no assertion")
        if not book.failed and not book.called:
            raise Unusable(
                "nothing calls the program: expected check(candidate), or assertions that run by themselves"
            )

    def _namespace(self, found: dict[str, object], book: Book, remote: Remote) -> dict[str, Any]:
        """The names that the tests find."""
        namespace: dict[str, Any] = {name: importlib.import_module(name) for name in self._modules}
        namespace |= {**found, "__name__": "tests", "__builtins__": builtins, BOOK: book}
        namespace |= {"open": forms.opener(remote), FILES: self.files}
        if self._helpers is not None:
            _run_helpers(self._helpers, namespace)
            namespace[self._entry_point] = found[self._entry_point]
        return namespace

    def _run_parts(self, namespace: dict[str, Any], book: Book) -> None:
        """Run what a test runner would; a part that fails leaves the others to be run."""
        for part in forms.parts(namespace, self._called):
            try:
                forms.finished(part())
            except Exception as error:  # noqa: BLE001  # as of all tests
                if type(error).__name__ != "SkipTest":
                    book.fail_of(error, "")


def _is_asynchronous(prompt: str, entry_point: str) -> bool:
    """The prompt begins an async function of that name; or it does not say, and the program may choose."""
    for source in (prompt, f"{prompt.rstrip()}\n    pass\n"):
        try:
            body = ast.parse(source).body
        except _UNREADABLE:
            continue
        found = [node for node in body if getattr(node, "name", "") == entry_point]
        return not found or isinstance(found[-1], ast.AsyncFunctionDef)
    return False


def _can_fail(node: ast.AST) -> bool:
    """An assertion, in one of the ways in which tests write one."""
    match node:
        case ast.Assert() | ast.Raise():
            return True
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name.lower().startswith("assert") or name in {"raises", "warns", "fail"}
    return False


def _helpers(prompt: str, entry_point: str, wanted: set[str]) -> CodeType | None:
    """What the prompt itself defines, besides the function to write; None if the tests need none of it."""
    try:
        body = ast.parse(prompt).body
    except _UNREADABLE:
        return None
    kept = [node for node in body if getattr(node, "name", "") != entry_point]
    if not {getattr(node, "name", "") for node in kept} & wanted:
        return None
    try:
        return compile(ast.Module(kept, []), "<prompt>", "exec", dont_inherit=True)
    except _UNREADABLE as error:
        raise Unusable(f"the prompt, whose definitions they need, cannot be compiled: {error}") from error


def _run_helpers(code: CodeType, namespace: dict[str, Any]) -> None:
    try:
        exec(code, namespace)  # noqa: S102  # the data set's own code
    except Exception as error:
        raise Unusable(f"the prompt, whose definitions they need, raises {error!r}") from error
