"""What a program can be besides functions: one that reads and prints, one that is awaited, one with files.

Part of the untrusted side: it knows an input, and never what is to be printed for it.
"""

# ruff: noqa: BLE001, S102  # To run foreign code and to survive it is what this side is for.

from __future__ import annotations

import base64
import builtins
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

ENCODED = "data:;base64,"
"""With what the content of a file begins that is no text; the rest is base64."""
_STDIN = ".stdin"


def place_files(files: dict[str, str]) -> None:
    """Put the files into the working folder, with the folders that they lie in."""
    for name, content in files.items():
        if folder := os.path.dirname(name):  # noqa: PTH120  # no pathlib where each import is paid by every fork
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103  # as above
        write_file(name, content)


def write_file(name: str, content: str) -> None:
    with open(name, "wb") as file:  # noqa: PTH123  # as above
        file.write(_data(content))


def read_file(name: str) -> bytes:
    with open(name, "rb") as file:  # noqa: PTH123  # as above
        return file.read()


def _data(content: str) -> bytes:
    if content.startswith(ENCODED):
        return base64.b64decode(content[len(ENCODED) :])
    return content.encode("utf-8", "surrogatepass")


def run(code: str, name: str, given: str) -> None:
    """Run the program as a script that gets this on its standard input.

    Returns when it has ended well, its threads and exit handlers included; raises what it raises.
    """
    _feed(given)
    module = type(sys)("__main__")
    sys.modules["__main__"] = module
    builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]  # as the module `site` would
    compiled = compile(code, name, "exec", dont_inherit=True)
    try:
        exec(compiled, module.__dict__)
    except SystemExit as left:
        if left.code not in (None, 0):
            raise
    finally:
        _finish()


def is_compiled(code: str) -> bool:
    """False for what is no Python."""
    try:
        compile(code, "<program>", "exec", dont_inherit=True)
    except BaseException:
        return False
    return True


def _feed(given: str) -> None:
    """A regular file as descriptor 0: a program may ask how long its input is, or open it again."""
    with open(_STDIN, "wb") as file:  # noqa: PTH123  # as above
        file.write(given.encode("utf-8", "surrogatepass"))
    descriptor = os.open(_STDIN, os.O_RDONLY)
    os.unlink(_STDIN)  # noqa: PTH108  # as above
    os.dup2(descriptor, 0)
    os.close(descriptor)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115  # the program's own


def _finish() -> None:
    """What Python does when a script ends: wait for threads, call exit handlers, write out the rest."""
    if threading := sys.modules.get("threading"):
        threading._shutdown()  # noqa: SLF001  # as Python itself does
    if "atexit" in sys.modules:
        sys.modules["atexit"]._run_exitfuncs()  # noqa: SLF001  # as above
    for stream in (sys.stdout, sys.__stdout__):
        try:  # noqa: SIM105  # contextlib is one more thing to fork
            stream.flush()  # type: ignore[union-attr]  # the program may have replaced it
        except (AttributeError, OSError, ValueError):
            pass


def state(value: Any) -> dict[str, object]:
    """The attributes of an object, in slots or not, and what it holds if it extends a builtin container."""
    found: dict[str, object] = {}
    for base in type(value).__mro__:
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            hidden = f"_{base.__name__.lstrip('_')}{name}" if name.startswith("__") else name
            if hasattr(value, hidden) and name not in {"__dict__", "__weakref__"}:
                found[hidden] = getattr(value, hidden)
    found.update(getattr(value, "__dict__", {}))
    for base in (dict, list, tuple, set, frozenset, int, float, complex, str, bytes, bytearray):
        if isinstance(value, base):
            plain: Any = base
            found[""] = plain(value)
    return found


class Loop:
    """The event loop in which what the tests await is run, made when it is first needed."""

    def __init__(self) -> None:
        self._loop: Any = None
        self.operations: dict[str, Callable[..., object]] = {
            "start": self._start,
            "step": self._step,
            "result": lambda task: task.result(),
            "cancel": self._cancel,
            "anext": _next_of,
        }

    def value(self, awaited: Coroutine[Any, Any, object]) -> object:
        """What awaiting it gives."""
        return self._made().run_until_complete(awaited)

    def _made(self) -> Any:
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop

    def _start(self, awaitable: Any) -> object:
        import asyncio

        return asyncio.ensure_future(awaitable, loop=self._made())

    def _step(self, task: Any, seconds: float) -> bool:
        """Run everything that was started for a while; True once this one is done."""
        import asyncio

        self._made().run_until_complete(asyncio.wait({task}, timeout=seconds))
        return bool(task.done())

    def _cancel(self, task: Any) -> None:
        task.cancel()
        self._step(task, 1.0)


async def _next_of(generator: Any) -> tuple[bool, object]:
    """Whether there is another item, and which."""
    try:
        return True, await type(generator).__anext__(generator)
    except StopAsyncIteration:
        return False, None
