"""Programs that do their worst: each must become the outcome it deserves, and the sandbox must live."""

import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio
import msgspec
import pytest
import pytest_asyncio

from events.effects import ExecutionRequested, GradingCompleted
from events.work import Example
from fractal_agent.sandbox import Sandbox

RETURNS_ONE = "\ndef f():\n    return 1\n"


class Hostile(msgspec.Struct, frozen=True):
    """A program whose hidden test is `f() == 1`, and what may become of it."""

    program: str
    outcomes: str
    """Separated by spaces."""
    error: str = ""
    """What the error begins with."""


HOSTILE = {
    "loops while loading": Hostile("while True: pass", "timeout"),
    "swallows every exception": Hostile(
        "def f():\n    while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass",
        "timeout",
    ),
    "ignores the signal of its time limit": Hostile(
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", "killed timeout"
    ),
    "loops inside one instruction": Hostile("def f():\n    return 7 ** 7 ** 10", "timeout killed"),
    "forks": Hostile("import os\nwhile True: os.fork()", "error", "PermissionError"),
    "starts a program": Hostile(
        "import os\nos.posix_spawn('/bin/sh', ['sh'], {})", "error", "PermissionError"
    ),
    "replaces itself": Hostile(
        "import os, sys\nos.execv(sys.executable, ['python', '-c', 'pass'])", "killed", "exited with status 0"
    ),
    "takes all memory at once": Hostile("x = bytearray(1 << 40)", "killed", "MemoryError"),
    "takes all memory bit by bit": Hostile("x = []\nwhile True: x.append(bytearray(1 << 20))", "killed"),
    "takes all memory when called": Hostile("def f():\n    return [0] * (1 << 40)", "killed", "MemoryError"),
    "starts threads without end": Hostile(
        "import threading\nwhile True: threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "error killed timeout",
    ),
    "leaves a busy thread": Hostile(
        "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin).start()"
        + RETURNS_ONE,
        "passed",
    ),
    "leaves an endless exit handler": Hostile(
        "import atexit\n@atexit.register\ndef spin():\n    while True: pass" + RETURNS_ONE, "passed"
    ),
    "floods stdout": Hostile("while True: print('x' * 9999)", "killed", "printed more than"),
    "floods stderr": Hostile(
        "import sys\nwhile True: sys.stderr.write('x' * 9999)", "killed", "printed more than"
    ),
    "floods every descriptor": Hostile(
        "import os\nfor fd in range(3, 64):\n    try:\n        while True: os.write(fd, b'x' * 9999)\n"
        "    except OSError: pass",
        "killed",
        "printed more than",
    ),
    "writes on every descriptor": Hostile(
        "import os\nfor fd in range(64):\n    try: os.write(fd, b'passed')\n    except OSError: pass"
        + RETURNS_ONE,
        "passed",
    ),
    "closes every descriptor": Hostile("import os\nos.closerange(0, 1000)" + RETURNS_ONE, "killed"),
    "closes stdout": Hostile("import sys\nsys.stdout.close()\nsys.stderr.close()" + RETURNS_ONE, "passed"),
    "exits while loading": Hostile(
        "import sys\nsys.exit(0)", "killed", "SystemExit: 0 (line 2: sys.exit(0))"
    ),
    "exits when called": Hostile("def f():\n    raise SystemExit(0)", "killed", "SystemExit: 0"),
    "exits at once while loading": Hostile("import os\nos._exit(0)", "killed", "exited with status 0"),
    "exits at once when called": Hostile(
        "import os\ndef f():\n    os._exit(0)", "killed", "exited with status 0"
    ),
    "interrupts": Hostile("def f():\n    raise KeyboardInterrupt", "failed", "KeyboardInterrupt (line 2"),
    "aborts": Hostile("import os\nos.abort()", "killed", "died of SIGABRT"),
    "crashes": Hostile("import ctypes\nctypes.string_at(1)", "killed", "died of SIGSEGV"),
    "signals everyone": Hostile("import os\nos.kill(-1, 9)", "error", "PermissionError"),
    "recurses": Hostile("def f():\n    return f()", "failed", "RecursionError"),
    "recurses without a limit": Hostile(
        "import sys\nsys.setrecursionlimit(1 << 30)\ndef f():\n    return max(map(lambda _: f(), [0]))",
        "killed",
        "died of SIGSEGV",
    ),
    "nests too deep to compile": Hostile("x = " + "(" * 9999 + ")" * 9999, "error killed"),
    "raises what cannot be printed": Hostile(
        "class E(Exception):\n    def __str__(self): raise ValueError\ndef f():\n    raise E",
        "failed",
        "E: <str raises ValueError> (line 4: raise E)",
    ),
    "has a NUL byte": Hostile("x = '\0'", "error"),
    "has a syntax error": Hostile("def f(:", "error", "SyntaxError: invalid syntax (line 1: def f(:)"),
    "has a lone surrogate": Hostile("x = '\ud800'", "error", "UnicodeEncodeError"),
    "reads stdin": Hostile("input()", "error", "EOFError"),
    "opens a socket": Hostile("import socket\nsocket.socket()", "error", "PermissionError"),
    "opens files without end": Hostile("x = []\nwhile True: x.append(open('a', 'w'))", "error", "OSError"),
    "writes a file without end": Hostile(
        "with open('a', 'wb') as f:\n    while True: f.write(b'x' * 99999)", "error", "OSError"
    ),
    "runs an event loop": Hostile("import asyncio\nasyncio.run(asyncio.sleep(0))" + RETURNS_ONE, "passed"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["bubblewrap", "limits"])
async def answers(
    request: pytest.FixtureRequest, opened: Callable[[str], AbstractAsyncContextManager[Sandbox]]
) -> dict[str, GradingCompleted]:
    """What became of each program; run together, because each alone takes its whole time."""
    answers: dict[str, GradingCompleted] = {}

    async def grade(sandbox: Sandbox, name: str) -> None:
        tests = "def check(f):\n    assert f() == 1\n"
        answers[name] = await sandbox.grade(HOSTILE[name].program, "f", tests)

    async with opened(request.param) as sandbox, anyio.create_task_group() as tasks:
        for name in HOSTILE:
            tasks.start_soon(grade, sandbox, name)
    return answers


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_submission(answers: dict[str, GradingCompleted], name: str) -> None:
    """A hostile program gets the outcome it deserves, and the sandbox never fails over it."""
    hostile, answer = HOSTILE[name], answers[name]

    assert answer.outcome in hostile.outcomes.split(), answer.error
    assert answer.error.startswith(hostile.error)


VALUES = {
    "repr raises": ("type('C', (), {'__repr__': lambda self: 1 / 0})()", "failed", "<C whose repr raises"),
    "repr exits": ("type('C', (), {'__repr__': lambda self: exit()})()", "failed", "<C whose repr raises"),
    "equality raises": ("type('C', (), {'__eq__': lambda self, other: 1 / 0})()", "error", ""),
    "huge integer": ("10 ** 10_000", "failed", "<int whose repr raises ValueError>"),
    "lone surrogate": ("'\\ud800'", "failed", "'\\ud800'"),
    "contains itself": ("x.append(x) or x", "failed", "[[...]]"),
}


@pytest.mark.parametrize("name", VALUES)
async def test_hostile_value(sandbox: Sandbox, name: str) -> None:
    """A value that cannot be compared or shown is told as such, and the next example still runs."""
    value, outcome, actual = VALUES[name]
    request = ExecutionRequested(
        program=f"x = []\nexit = __import__('sys').exit\ndef f():\n    return {value}\n",
        entry_point="f",
        examples=(Example(call="f()", expected="0"), Example(call="1", expected="1")),
    )

    answer = await sandbox.execute(request)

    assert [result.outcome for result in answer.results] == [outcome, "passed"]
    assert answer.results[0].actual.startswith(actual)


async def evaluate(sandbox: Sandbox, expression: str) -> tuple[str, str]:
    """The value of the expression inside, or the error."""
    request = ExecutionRequested(
        program="import ctypes, os, socket, sys\n",
        entry_point="os",
        examples=(Example(call=expression, expected="None"),),
    )
    result = (await sandbox.execute(request)).results[0]
    return result.actual, result.error.split(":")[0]


async def test_files_are_out_of_sight(bubblewrap: Sandbox, tmp_path: Path) -> None:
    """Under bubblewrap neither the user's files nor the system's secrets nor processes can be opened."""
    (tmp_path / "secret").write_text("secret")
    hidden = (
        tmp_path / "secret",
        "/etc/passwd",
        "/etc/hostname",
        Path(__file__),
        Path.home() / ".bashrc",
        "/proc/1",
    )

    for path in hidden:
        assert await evaluate(bubblewrap, f"os.open({str(path)!r}, 0)") == ("", "FileNotFoundError")


async def test_only_the_temporary_folder_is_writable(bubblewrap: Sandbox) -> None:
    """Under bubblewrap a program writes to its own folder and nowhere else."""
    library = "os.path.dirname(os.__file__)"

    assert await evaluate(bubblewrap, "os.getcwd()") == ("'/tmp'", "")
    assert await evaluate(bubblewrap, "open('a', 'w').close()") == ("None", "")
    for folder in ("'/'", "'/dev'", "'/usr/lib'", library):
        assert await evaluate(bubblewrap, f"open({folder} + '/a', 'w')") == ("", "OSError")


async def test_folder_is_bounded(bubblewrap: Sandbox) -> None:
    """Under bubblewrap many small files together cross the bound as one large file does."""
    program = (
        "for n in range(40):\n    with open(str(n), 'wb') as file:\n        file.write(bytes(1 << 20))\n"
    )

    answer = await bubblewrap.grade(program, "f", "def check(f): pass")

    assert answer.error.startswith("OSError: [Errno 28]")


async def test_installed_packages_are_out_of_sight(bubblewrap: Sandbox) -> None:
    """Under bubblewrap the standard library can be imported and nothing else."""
    assert (await evaluate(bubblewrap, "__import__('decimal') and None"))[0] == "None"
    assert (await evaluate(bubblewrap, "__import__('anyio')"))[1] == "ModuleNotFoundError"
    assert (await evaluate(bubblewrap, "__import__('pip')"))[1] == "ModuleNotFoundError"


async def test_nobody(bubblewrap: Sandbox) -> None:
    """Under bubblewrap a program is nobody, on a host without the real name, in a process tree of its own."""
    assert (await evaluate(bubblewrap, "os.getuid(), os.getgid()"))[0] == "(65534, 65534)"
    assert (await evaluate(bubblewrap, "os.uname().nodename"))[0] == "'sandbox'"
    assert (await evaluate(bubblewrap, "os.getpid() < 10"))[0] == "True"
    assert socket.gethostname() != "sandbox"


@pytest.mark.parametrize("call", ["unshare(0x10000000)", "setns(0, 0)", "ptrace(0, 0, 0, 0)", "chroot(b'/')"])
async def test_refused_system_call(sandbox: Sandbox, call: str) -> None:
    """System calls that lead out are refused at both levels."""
    assert (await evaluate(sandbox, f"ctypes.CDLL(None).{call}"))[0] == "-1"
