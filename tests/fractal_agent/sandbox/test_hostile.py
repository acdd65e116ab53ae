"""Programs that do their worst: each must become the outcome it deserves, and the sandbox must live."""

# ruff: noqa: E501  # A program in a table is read best on few lines.

import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio
import msgspec
import pytest
import pytest_asyncio

from events.effects import ExecutionRequested
from events.work import Example
from fractal_agent.sandbox import Judged, Sandbox

RETURNS_ONE = "\ndef f():\n    return 1\n"


class Hostile(msgspec.Struct, frozen=True):
    """A program whose test is `f() == 1`, and what may become of it."""

    program: str
    outcomes: str
    """Separated by spaces."""
    error: str = ""
    """What the error begins with."""


HOSTILE = {
    # Time.
    "loops while loading": Hostile("while True: pass", "timeout"),
    "swallows every exception": Hostile(
        "def f():\n    while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass",
        "timeout",
    ),
    "ignores the signal of its time limit": Hostile(
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", "killed timeout"
    ),
    "blocks every signal": Hostile(
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        "killed timeout",
    ),
    "loops inside one instruction": Hostile("def f():\n    return 7 ** 7 ** 10", "timeout killed"),
    "sums without end": Hostile("def f():\n    return sum(range(10 ** 14))", "timeout"),
    "backtracks without end": Hostile(
        "import re\ndef f():\n    return re.match('(a+)+$', 'a' * 60 + 'b')", "timeout"
    ),
    "sleeps": Hostile("import time\ndef f():\n    time.sleep(1000)", "timeout"),
    "waits for a signal": Hostile("import signal\ndef f():\n    signal.sigwait([10])", "timeout"),
    "waits for a pipe": Hostile("import os\ndef f():\n    r, w = os.pipe()\n    os.read(r, 1)", "timeout"),
    "waits for a thread": Hostile(
        "import threading\ndef f():\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()",
        "timeout",
    ),
    "takes its time to be shown": Hostile(
        "class A:\n    def __repr__(self):\n        while True: pass\ndef f():\n    return A()", "timeout"
    ),
    "takes its time to raise": Hostile(
        "class E(Exception):\n    def __str__(self):\n        while True: pass\ndef f():\n    raise E",
        "timeout",
    ),
    "yields without end": Hostile("import itertools\ndef f():\n    return itertools.count()", "failed"),
    "yields too slowly": Hostile(
        "def f():\n    while True:\n        sum(range(10 ** 5))\n        yield 1", "failed"
    ),
    # Processes and signals.
    "forks": Hostile("import os\nwhile True: os.fork()", "error", "PermissionError"),
    "forks by number": Hostile(
        "import ctypes\ndef f():\n    return ctypes.CDLL(None).syscall(57) * ctypes.CDLL(None).syscall(58)",
        "failed passed",
    ),
    "starts a program": Hostile(
        "import os\nos.posix_spawn('/bin/sh', ['sh'], {})", "error", "PermissionError"
    ),
    "starts a shell": Hostile(
        "import subprocess\nsubprocess.run('true', shell=True)", "error", "PermissionError"
    ),
    "starts a process of multiprocessing": Hostile(
        "import multiprocessing as m\nm.get_context('fork').Process(target=print).start()",
        "error",
        "PermissionError",
    ),
    "replaces itself": Hostile(
        "import os, sys\nos.execv(sys.executable, ['python', '-c', 'pass'])", "error", "PermissionError"
    ),
    "starts threads without end": Hostile(
        "import threading\nwhile True: threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "error killed timeout",
    ),
    "leaves a busy thread": Hostile(
        "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin).start()"
        + RETURNS_ONE,
        "passed timeout",
    ),
    "leaves an endless exit handler": Hostile(
        "import atexit\n@atexit.register\ndef spin():\n    while True: pass" + RETURNS_ONE, "passed"
    ),
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
    "stops itself": Hostile(
        "import os, signal\ndef f():\n    os.kill(os.getpid(), signal.SIGSTOP)", "failed", "PermissionError"
    ),
    "signals everyone": Hostile("import os\nos.kill(-1, 9)", "error", "PermissionError"),
    "has the kernel signal its parent": Hostile(
        "import fcntl, os, signal, socket, time\na, b = socket.socketpair()\n"
        "def aim(*arguments):\n    try: fcntl.fcntl(a, *arguments)\n    except OSError: pass\n"
        "aim(fcntl.F_SETOWN, os.getppid())\naim(fcntl.F_SETSIG, signal.SIGKILL)\n"
        "aim(fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)\nb.send(b'x')\ntime.sleep(0.3)" + RETURNS_ONE,
        "passed",
    ),
    "lowers its priority": Hostile("import os\ndef f():\n    os.nice(19)", "failed", "PermissionError"),
    "raises its limits": Hostile(
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (999, 999))",
        "error",
        "ValueError",
    ),
    # Memory and stack.
    "takes all memory at once": Hostile("x = bytearray(1 << 40)", "killed", "MemoryError"),
    "takes all memory bit by bit": Hostile("x = []\nwhile True: x.append(bytearray(1 << 20))", "killed"),
    "takes all memory when called": Hostile("def f():\n    return [0] * (1 << 40)", "killed", "MemoryError"),
    "takes all memory by mmap": Hostile(
        "import mmap\nx = [mmap.mmap(-1, 1 << 26) for _ in range(99)]", "error killed", ""
    ),
    "unpacks a bomb": Hostile(
        "import zlib\ndef f():\n    d = zlib.decompressobj()\n    x = zlib.compress(bytes(1 << 26))\n    return [zlib.decompress(x) for _ in range(99)]",
        "killed timeout",
    ),
    "recurses": Hostile("def f():\n    return f()", "failed", "RecursionError"),
    "recurses without a limit": Hostile(
        "import sys\nsys.setrecursionlimit(1 << 30)\ndef f():\n    return max(map(lambda _: f(), [0]))",
        "killed",
        "died of SIGSEGV",
    ),
    "nests too deep to compile": Hostile("x = " + "(" * 9999 + ")" * 9999, "error killed"),
    "nests what it returns": Hostile(
        "def f():\n    x = []\n    for _ in range(99999): x = [x]\n    return x", "failed"
    ),
    "returns what contains itself": Hostile("def f():\n    x = []\n    x.append(x)\n    return x", "failed"),
    "returns too much": Hostile("def f():\n    return 'x' * (40 << 20)", "killed", "answered with more than"),
    "returns a huge number": Hostile("def f():\n    return 1 << (1 << 24)", "failed"),
    "returns a giant repr": Hostile(
        "class A:\n    def __repr__(self): return 'x' * (40 << 20)\ndef f():\n    return A()", "failed"
    ),
    "returns a repr that exits": Hostile(
        "class A:\n    def __repr__(self): raise SystemExit\n    __bool__ = __iter__ = __repr__\ndef f():\n    return A()",
        "failed",
    ),
    "returns colliding keys": Hostile(
        "def f():\n    return {n * (2 ** 61 - 1): n for n in range(2000)}", "failed timeout"
    ),
    # Output.
    "floods stdout": Hostile("while True: print('x' * 9999)", "killed", "printed more than"),
    "floods stderr": Hostile("import sys\nwhile True: sys.stderr.write('x' * 9999)", "timeout"),
    "floods every descriptor": Hostile(
        "import os\nfor fd in range(1, 64):\n    try:\n        while True: os.write(fd, b'x' * 9999)\n"
        "    except OSError: pass",
        "killed",
        "printed more than",
    ),
    "floods its channel": Hostile("import os\nwhile True: os.write(3, b'x' * 9999)", "killed"),
    "closes every descriptor": Hostile("import os\nos.closerange(0, 1000)" + RETURNS_ONE, "killed"),
    "closes stdout": Hostile("import sys\nsys.stdout.close()\nsys.stderr.close()" + RETURNS_ONE, "passed"),
    "deletes stdout": Hostile("import sys\ndel sys.stdout" + RETURNS_ONE, "passed"),
    "prints in every encoding": Hostile(
        "print(''.join(map(chr, range(0, 70000, 7))))" + RETURNS_ONE, "passed"
    ),
    # Input, files and network.
    "reads stdin": Hostile("input()", "error", "EOFError"),
    "opens a socket": Hostile("import socket\nsocket.socket()", "error", "PermissionError"),
    "connects": Hostile("import urllib.request as u\nu.urlopen('http://127.0.0.1')", "error", "URLError"),
    "looks a name up": Hostile("import socket\nsocket.getaddrinfo('localhost', 80, proto=6)", "error passed"),
    "opens files without end": Hostile("x = []\nwhile True: x.append(open('a', 'w'))", "error", "OSError"),
    "writes a file without end": Hostile(
        "with open('a', 'wb') as f:\n    while True: f.write(b'x' * 99999)", "error", "OSError"
    ),
    "leaves many files": Hostile(
        "for n in range(2000): open(str(n), 'w').close()" + RETURNS_ONE, "passed error"
    ),
    "leaves deep folders": Hostile(
        "import os\nfor _ in range(900):\n    os.mkdir('d')\n    os.chdir('d')" + RETURNS_ONE, "passed"
    ),
    "leaves closed folders": Hostile(
        "import os\nos.makedirs('a/b')\nopen('a/b/c', 'w').close()\nos.chmod('a/b', 0)\nos.chmod('a', 0)"
        + RETURNS_ONE,
        "passed",
    ),
    "closes its folder": Hostile("import os\nos.chmod('.', 0)" + RETURNS_ONE, "passed"),
    "leaves links": Hostile(
        "import os\nos.symlink('/', 'root')\nos.symlink('x', 'x')\nos.symlink('..', 'up')" + RETURNS_ONE,
        "passed",
    ),
    "leaves strange names": Hostile(
        "open('-rf', 'w').close()\nopen(b'\\xff\\n', 'w').close()" + RETURNS_ONE, "passed"
    ),
    "makes a pipe with a name": Hostile("import os\nos.mkfifo('a')", "error", "PermissionError"),
    # Source.
    "has a NUL byte": Hostile("x = '\0'", "error"),
    "has a syntax error": Hostile("def f(:", "error", "SyntaxError: invalid syntax (line 1: def f(:)"),
    "has a lone surrogate": Hostile("x = '\ud800'", "error", "UnicodeEncodeError"),
    "is too long": Hostile("#" * (10 << 20), "error", "the program is 10485760 bytes long"),
    "is empty": Hostile("", "error", "NameError: the program does not define 'f'"),
    "raises what cannot be printed": Hostile(
        "class E(Exception):\n    def __str__(self): raise ValueError\ndef f():\n    raise E",
        "failed",
        "E: <str raises ValueError> (line 4: raise E)",
    ),
    "runs an event loop": Hostile("import asyncio\nasyncio.run(asyncio.sleep(0))" + RETURNS_ONE, "passed"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["bubblewrap", "landlock", "limits"])
async def verdicts(
    request: pytest.FixtureRequest, opened: Callable[[str], AbstractAsyncContextManager[Sandbox]]
) -> dict[str, Judged]:
    """What became of each program; run together, because each alone takes its whole time."""
    verdicts: dict[str, Judged] = {}

    async def judge(sandbox: Sandbox, name: str) -> None:
        verdicts[name] = await sandbox.judge(
            HOSTILE[name].program, "f", "def check(f):\n    assert f() == 1\n"
        )

    async with opened(request.param) as sandbox, anyio.create_task_group() as tasks:
        for name in HOSTILE:
            tasks.start_soon(judge, sandbox, name)
    return verdicts


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_submission(verdicts: dict[str, Judged], name: str) -> None:
    """A hostile program gets the outcome it deserves, and the sandbox never fails over it."""
    hostile, verdict = HOSTILE[name], verdicts[name]

    assert verdict.outcome in hostile.outcomes.split(), verdict
    assert verdict.error.startswith(hostile.error), verdict


VALUES = {
    "repr raises": ("type('C', (), {'__repr__': lambda self: 1 / 0})()", "failed", "<C whose repr raises"),
    "repr exits": ("type('C', (), {'__repr__': lambda self: exit()})()", "failed", "<C whose repr raises"),
    "equality raises": (
        "type('C', (), {'__eq__': lambda self, other: 1 / 0})()",
        "failed",
        "<program.C object",
    ),
    "huge integer": ("10 ** 10_000", "failed", "<int whose repr raises ValueError>"),
    "lone surrogate": ("'\\ud800'", "failed", "'\\ud800'"),
    "contains itself": ("x.append(x) or x", "failed", "[["),
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
        program=f"import ctypes, os, socket, sys\ndef f():\n    return {expression}\n",
        entry_point="f",
        examples=(Example(call="f()", expected="None"),),
    )
    result = (await sandbox.execute(request)).results[0]
    return result.actual, result.error.split(":")[0]


async def test_files_are_out_of_sight(isolated: Sandbox, tmp_path: Path) -> None:
    """Neither the user's files nor the system's secrets nor processes can be opened."""
    (tmp_path / "secret").write_text("secret")
    hidden = (
        *(tmp_path / "secret", "/etc/passwd", "/etc/hostname", Path(__file__), Path.home() / ".bashrc"),
        *("/proc/1/environ", "/proc/self/mem", "/proc/self/environ", "/dev/mem", "/sys/kernel"),
    )

    for path in hidden:
        value, error = await evaluate(isolated, f"os.open({str(path)!r}, 0)")
        assert (value, error) in {("", "FileNotFoundError"), ("", "PermissionError")}


async def test_link_to_a_hidden_file(isolated: Sandbox, tmp_path: Path) -> None:
    """A link that a program makes leads nowhere that it cannot go itself."""
    (tmp_path / "secret").write_text("secret")
    secret = str(tmp_path / "secret")

    for link in (f"os.symlink({secret!r}, 'a')", f"os.link({secret!r}, 'a')"):
        assert (await evaluate(isolated, f"[{link}, open('a').read()]"))[0] == ""


async def test_only_the_temporary_folder_is_writable(isolated: Sandbox) -> None:
    """A program writes to its own folder and nowhere else."""
    library = "os.path.dirname(os.__file__)"

    assert await evaluate(isolated, "open('a', 'w').close()") == ("None", "")
    for folder in ("'/'", "'/dev'", "'/usr/lib'", library):
        assert (await evaluate(isolated, f"open({folder} + '/a', 'w')"))[1] in {"OSError", "PermissionError"}


async def test_nothing_is_left_for_the_next(sandbox: Sandbox) -> None:
    """A program finds an empty folder, whatever the last one left in it."""
    leaves = "[os.makedirs('a/b'), open('a/b/c', 'w').close(), os.symlink('/', 'd'), open('e', 'w').close()]"

    await evaluate(sandbox, leaves)

    assert (await evaluate(sandbox, "os.listdir()"))[0] == "[]"


async def test_folder_is_bounded(bubblewrap: Sandbox) -> None:
    """Under bubblewrap many small files together cross the bound as one large file does."""
    program = (
        "for n in range(40):\n    with open(str(n), 'wb') as file:\n        file.write(bytes(1 << 20))\n"
    )

    answer = await bubblewrap.grade(program, "f", "def check(f): assert f")

    assert answer.error.startswith("OSError: [Errno 28]")


async def test_installed_packages_are_out_of_sight(isolated: Sandbox) -> None:
    """The standard library can be imported and nothing else."""
    assert (await evaluate(isolated, "__import__('decimal') and None"))[0] == "None"
    for package in ("anyio", "pip", "fractal_agent", "msgspec"):
        assert (await evaluate(isolated, f"__import__({package!r})"))[1] == "ModuleNotFoundError"


async def test_nobody(bubblewrap: Sandbox) -> None:
    """Under bubblewrap a program is nobody, on a host without the real name, in a process tree of its own."""
    assert (await evaluate(bubblewrap, "(os.getuid(), os.getgid())"))[0] == "(65534, 65534)"
    assert (await evaluate(bubblewrap, "os.uname().nodename"))[0] == "'sandbox'"
    assert (await evaluate(bubblewrap, "os.getppid() < 10"))[0] == "True"
    assert socket.gethostname() != "sandbox"


@pytest.mark.parametrize(
    "call",
    [
        *(
            "unshare(0x10000000)",
            "setns(0, 0)",
            "ptrace(0, 0, 0, 0)",
            "chroot(b'/')",
            "syscall(319, b'a', 0)",
        ),
        *("syscall(425, 1, 0)", "syscall(321, 0, 0, 0)", "syscall(317, 0, 0, 0)", "mount(0, 0, 0, 0, 0)"),
        *("prctl(38, 0, 0, 0, 0)", "syscall(435, 0, 0)", "syscall(434, 1, 0)", "syscall(298, 0, 0, 0, 0, 0)"),
    ],
)
async def test_refused_system_call(sandbox: Sandbox, call: str) -> None:
    """System calls that lead out are refused at every level."""
    assert (await evaluate(sandbox, f"ctypes.CDLL(None).{call}"))[0] == "-1"
