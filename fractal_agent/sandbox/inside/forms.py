"""The forms in which people write tests, and what no test here can ask, told before any program is run."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import io
from collections.abc import Callable, Iterator
from functools import partial
from types import FunctionType
from typing import Any

from fractal_agent.sandbox.inside.stops import Unusable

FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_FIXTURES = frozenset({"capsys", "capfd", "caplog", "monkeypatch", "mocker", "tmp_path", "tmpdir", "request"})
_MODULES = {
    "mock": "patch what the program uses, which is in another process",
    "unittest.mock": "patch what the program uses, which is in another process",
    "inspect": "look into the program's source",
    "pickle": "look into the program's objects",
    "subprocess": "start other processes",
    "multiprocessing": "start other processes",
    "threading": "call the program from several threads",
    "concurrent.futures": "call the program from several threads",
    "tempfile": "make files, which the program cannot see; give them in `files`",
    "shutil": "change files, which the program cannot see; give them in `files`",
}
_INSIDE = frozenset(
    {"__doc__", "__annotations__", "__code__", "__defaults__", "__kwdefaults__", "__dict__", "__wrapped__"}
    | {"__closure__", "__globals__", "__signature__", "__mro__", "__subclasses__", "__slots__"}
)
_FILES = frozenset(
    {"remove", "unlink", "mkdir", "makedirs", "rmdir", "rename", "listdir", "scandir", "chdir", "touch"}
    | {"write_text", "write_bytes", "read_text", "read_bytes"}
)
_EXISTS = frozenset({"exists", "isfile", "isdir", "getsize"})
_STREAMS = {
    ("sys", "stdin"),
    ("sys", "stdout"),
    ("sys", "stderr"),
    ("builtins", "input"),
    ("builtins", "print"),
}


def refusal(tree: ast.Module, entry_point: str) -> str:
    """Why these tests cannot judge any program, with the line; empty where nothing is known against them."""
    for node in ast.walk(tree):
        if reason := _reason(node, entry_point):
            return f"they {reason} (line {getattr(node, 'lineno', 1)} of the tests)"
    return ""


def _reason(node: ast.AST, entry_point: str) -> str:  # noqa: PLR0911, C901  # one for each kind
    """What these tests do that cannot be done here; goes on after `they`."""
    match node:
        case ast.AsyncFor() | ast.AsyncWith():
            return "use `async for` or `async with`, which cannot be asked of another process"
        case ast.comprehension(is_async=1):
            return "use `async for`, which cannot be asked of another process"
        case ast.Attribute(value=ast.Name(id="asyncio"), attr=("wait_for" | "timeout") as attr):
            return f"limit a wait by asyncio.{attr}, which cannot be done to another process"
        case ast.Import() | ast.ImportFrom():
            return _of_import(node)
        case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=ast.Store()) if (name, attr) in _STREAMS:
            return f"replace {name}.{attr}, which the program has of its own"
        case ast.Attribute(attr=str(attr)) if attr.startswith("redirect_std"):
            return "capture what is printed, which the program does in another process"
        case ast.Attribute(attr=str(attr)) if attr in _INSIDE:
            return f"ask for {attr}, which a program shows to nobody"
        case ast.ClassDef(bases=bases) if any(
            isinstance(base, ast.Name) and base.id == entry_point for base in bases
        ):
            return f"derive a class from the program's {entry_point}"
        case ast.FunctionDef(name=name, args=arguments) | ast.AsyncFunctionDef(name=name, args=arguments):
            fixtures = [each.arg for each in arguments.args if each.arg in _FIXTURES]
            is_test = name.startswith("test") and fixtures
            return f"need the fixture {fixtures[0]} of pytest" if is_test else ""
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if _uses_files(owner, attr):
            return f"use files by {attr}, and those of the program are elsewhere; give them in `files`"
    return ""


def _of_import(node: ast.Import | ast.ImportFrom) -> str:
    names = [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.module == "contextlib" and any(name.startswith("redirect_") for name in names):
            return "capture what is printed, which the program does in another process"
        names = [str(node.module), *(f"{node.module}.{name}" for name in names)]
    return next((_MODULES[name] for name in names if name in _MODULES), "")


def _uses_files(owner: ast.expr, attr: str) -> bool:
    if attr in _EXISTS:
        return ast.unparse(owner) == "os.path"
    return attr in _FILES and not _is_list(owner, attr)


def _is_list(owner: ast.expr, attr: str) -> bool:
    """True where the name may well be a method of something else: `s.remove(1)`."""
    return attr in {"remove", "rename", "touch"} and ast.unparse(owner) not in {"os", "pathlib"}


def with_program_imports(tree: ast.Module, entry_point: str) -> ast.Module:
    """The tests, in which `from solution import f` finds the program's own f if there is no such module."""
    body: list[ast.stmt] = []
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=module, names=names) if any(
                each.name == entry_point for each in names
            ) and not _exists(module or ""):
                body += [
                    ast.copy_location(
                        ast.Assign([ast.Name(each.asname, ast.Store())], ast.Name(each.name, ast.Load())),
                        node,
                    )
                    for each in names
                    if each.asname
                ]
            case _:
                body.append(node)
    return ast.fix_missing_locations(ast.Module(body, tree.type_ignores))


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def is_asynchronous(tree: ast.Module) -> bool:
    """The tests await by themselves what the program returns."""
    return any(
        isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)
        or (isinstance(node, ast.comprehension) and bool(node.is_async))
        or (isinstance(node, ast.Name) and node.id in {"asyncio", "anyio"})
        for node in ast.walk(tree)
    )


def called_at_once(tree: ast.Module) -> set[str]:
    """Names of the functions that the tests themselves call."""
    calls = [node.value for node in tree.body if isinstance(node, ast.Expr)]
    return {call.func.id for call in calls if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)}


def parts(namespace: dict[str, Any], called: set[str]) -> Iterator[Callable[[], object]]:
    """The test functions and the methods of test cases that a test runner would run, and the tests do not.

    Raises Unusable.
    """
    for name, value in list(namespace.items()):
        if name.startswith("test") and isinstance(value, FunctionType) and name not in called:
            if value.__code__.co_filename == "<tests>":
                yield from _runs(value)
        elif isinstance(value, type) and hasattr(value, "assertEqual") and hasattr(value, "debug"):
            yield from _methods(value)
        elif name.startswith("Test") and isinstance(value, type) and value.__module__ == "tests":
            methods = [each for each in vars(value) if each.startswith("test")]
            for method in methods:
                yield from _runs(getattr(value(), method))


def _methods(kind: Any) -> Iterator[Callable[[], object]]:
    """Each test of a `unittest.TestCase`, with its set-up; one that is skipped holds."""
    names = [name for name in dir(kind) if name.startswith("test")]
    if names:
        kind.setUpClass()
    for name in names:
        yield kind(name).debug


def _runs(function: Any) -> Iterator[Callable[[], object]]:
    """The function, or for each of its parameter sets a call of it."""
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
    missing = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty
    ]
    if not marks and missing:
        raise Unusable(f"they need the fixture {missing[0]} of pytest")
    if not marks:
        yield function
        return
    for named in _combined(marks):
        yield partial(function, **named)


def _combined(marks: list[Any]) -> Iterator[dict[str, object]]:
    if not marks:
        yield {}
        return
    names, rows = marks[0].args[:2]
    listed = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    for row in rows:
        values = getattr(row, "values", row) if not isinstance(row, dict) else row
        given = list(values) if len(listed) > 1 or hasattr(row, "marks") else [row]
        for others in _combined(marks[1:]):
            yield dict(zip(listed, given, strict=True)) | others


def finished(made: object) -> object:
    """What a test gives, once it is awaited if it has to be."""
    if inspect.iscoroutine(made):
        import asyncio

        return asyncio.run(made)
    return made


def opener(remote: Any) -> Callable[..., io.IOBase]:
    """`open` for tests: a name without a folder in front means a file in the program's folder."""

    def open_(name: Any, mode: str = "r", *_: object, **options: Any) -> Any:
        if not isinstance(name, str) or name.startswith("/"):
            raise Unusable(f"they open {name!r}, which is not a file in the program's folder")
        if set(mode) & set("wax+"):
            return _Written(remote, name, "b" in mode, "a" in mode)
        content = remote.operate("read", name)
        return io.BytesIO(content) if "b" in mode else io.StringIO(content.decode())

    return open_


class _Written(io.BytesIO):
    """A file of the tests that lies in the program's folder from when it is closed."""

    def __init__(self, remote: Any, name: str, binary: bool, adding: bool) -> None:
        super().__init__()
        self._remote, self._name, self._binary = remote, name, binary
        if adding:
            super().write(self._present())

    def _present(self) -> bytes:
        try:
            return bytes(self._remote.operate("read", self._name))
        except FileNotFoundError:
            return b""

    def write(self, data: Any) -> int:
        return super().write(data if self._binary else str(data).encode())

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self._send()

    def close(self) -> None:
        if not self.closed:
            self._send()
        super().close()

    def _send(self) -> None:
        import base64

        encoded = base64.b64encode(self.getvalue()).decode()
        self._remote.operate("write", self._name, f"data:;base64,{encoded}")
