"""Programs that read and print, against inputs and outputs, in the real sandbox."""

# ruff: noqa: E501  # A program in a table is read best on few lines.

import pytest

from events.effects import ExecutionRequested
from events.work import Example
from fractal_agent.sandbox import Judged, Sandbox, TestsUnusable
from fractal_agent.sandbox.inside.pairs import agrees

TESTS = "__pairs__ = [('1 2\\n', '3\\n'), ('5 6', '11')]\n"

READING = {
    "input": "a, b = map(int, input().split())\nprint(a + b)",
    "input with a question": "import sys\na, b = map(int, input().split())\nsys.stdout.write(str(a + b))",
    "read": "import sys\nprint(sum(map(int, sys.stdin.read().split())))",
    "buffer": "import sys\nprint(sum(map(int, sys.stdin.buffer.read().split())))",
    "lines": "import sys\nfor line in sys.stdin:\n    print(sum(map(int, line.split())))",
    "readline": "import sys\nread = sys.stdin.readline\nprint(sum(map(int, read().split())))",
    "open(0)": "print(sum(map(int, open(0).read().split())))",
    "the descriptor's size": "import os\nprint(sum(map(int, os.read(0, os.fstat(0).st_size).split())))",
    "main": "def main():\n    print(sum(map(int, input().split())))\nif __name__ == '__main__':\n    main()",
    "flush": "print(sum(map(int, input().split())), flush=True)",
    "buffered": "import sys\nsys.stdout.buffer.write(b'%d' % sum(map(int, input().split())))",
    "exit": "import sys\nprint(sum(map(int, input().split())))\nsys.exit()",
    "exit with zero": "print(sum(map(int, input().split())))\nexit(0)",
    "exit at once": "import os\nprint(sum(map(int, input().split())))\nos._exit(0)",
    "at exit": "import atexit\natexit.register(lambda: print(sum(map(int, input().split()))))",
    "replaces stdout": "import sys, io\nout = sys.stdout\nsys.stdout = io.StringIO()\n"
    "print(sum(map(int, input().split())))\nout.write(sys.stdout.getvalue())",
    "thread": "import sys, threading\nsys.setrecursionlimit(10**6)\nthreading.stack_size(2**26)\n"
    "def deep(n):\n    return 0 if n == 0 else 1 + deep(n - 1)\n"
    "def main():\n    deep(20000)\n    print(sum(map(int, input().split())))\n"
    "threading.Thread(target=main).start()",
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int\n    b: int\n"
    "p = P(*map(int, input().split()))\nprint(p.a + p.b)",
    "windows ends": "import sys\nsys.stdout.write(f'{sum(map(int, input().split()))}\\r\\n')",
}


@pytest.mark.parametrize("name", READING)
async def test_ways_to_read_and_print(bubblewrap: Sandbox, name: str) -> None:
    """A right program passes, however it reads its input and prints."""
    judged = await bubblewrap.judge(READING[name], "main", TESTS)

    assert (judged.outcome, judged.passed) == ("passed", 2), judged


WRONG = {
    "prints what is right for one": ("print(3)", "failed", "the output is wrong for pair 2 of 2"),
    "raises": ("print(1 // 0)", "failed", "ZeroDivisionError"),
    "reads too much": ("input(); input()", "failed", "EOFError"),
    "leaves with one": ("print(sum(map(int, input().split())))\nexit(1)", "failed", "SystemExit: 1"),
    "leaves at once with one": ("import os\nos._exit(1)", "killed", "exited with status 1"),
    "loops": ("while True: pass", "timeout", ""),
    "floods": ("while True: print('x' * 999)", "killed", "printed more than"),
    "is no Python": ("def f(:", "error", "SyntaxError"),
    "prints nothing": ("input()", "failed", "pair 1 of 2"),
    "never ends a thread": ("import threading\nthreading.Event().wait()", "timeout", ""),
}


@pytest.mark.parametrize("name", WRONG)
async def test_wrong_program(sandbox: Sandbox, name: str) -> None:
    """What a wrong program does is its outcome, and nothing of it is the sandbox's error."""
    program, outcome, error = WRONG[name]

    judged = await sandbox.judge(program, "main", TESTS)

    assert judged.outcome == outcome
    assert error in judged.error


async def test_failure_says_what_was_printed(sandbox: Sandbox) -> None:
    """A failure has the input, the expected output and the actual one."""
    judged = await sandbox.judge("print(3)", "main", TESTS)

    (failure,) = judged.failures
    assert (failure.example.call, failure.example.expected, failure.actual) == ("5 6", "11", "3\n")


async def test_grade_quotes_no_pair(sandbox: Sandbox) -> None:
    """A grade names no input and no output, not even where the program raises with one."""
    tests = "__pairs__ = [('secret\\n', 'hidden')]"

    for program in ("raise ValueError(input())", "print(input())", "import sys\nsys.exit(input())"):
        graded = await sandbox.grade(program, "main", tests)

        assert graded.outcome == "failed"
        assert "secret" not in str(graded)
        assert "hidden" not in str(graded)


async def test_each_input_gets_a_fresh_process(sandbox: Sandbox) -> None:
    """Nothing that a run leaves, in memory or on disk, is there in the next."""
    program = "import os\nprint(len(os.listdir('.')))\nopen(input(), 'w').write('x')"

    judged = await sandbox.judge(program, "main", "__pairs__ = [('a', '0'), ('b', '0')]")

    assert judged.outcome == "passed"


async def test_visible_pairs(sandbox: Sandbox) -> None:
    """Examples of a program have one result each, in their order; one that is stopped does not end the others."""
    request = ExecutionRequested(
        program="n = int(input())\nwhile n == 2: pass\nprint(n)",
        entry_point="main",
        kind="program",
        examples=tuple(Example(call=f"{n}\n", expected="1") for n in (1, 2, 3)),
    )

    answer = await sandbox.execute(request)

    assert answer.outcome == "failed"
    assert [result.outcome for result in answer.results] == ["passed", "timeout", "failed"]
    assert answer.results[2].actual == "3\n"


async def test_program_without_visible_pairs(sandbox: Sandbox) -> None:
    """Without examples a program passes when it can be loaded."""
    request = ExecutionRequested(program="print(input())", entry_point="main", kind="program")
    broken = ExecutionRequested(program="print(", entry_point="main", kind="program")

    assert (await sandbox.execute(request)).outcome == "passed"
    assert (await sandbox.execute(broken)).outcome == "error"


async def test_files(sandbox: Sandbox) -> None:
    """A program finds the files of its problem, text and bytes, at each of its inputs."""
    tests = (
        "__files__ = {'in/a.txt': 'yes', 'b.bin': 'data:;base64,/w=='}\n"
        "__pairs__ = [('in/a.txt', 'yes'), ('in/a.txt', 'yes')]"
    )
    program = "assert open('b.bin', 'rb').read() == b'\\xff'\nprint(open(input()).read())"

    assert (await sandbox.judge(program, "main", tests)).outcome == "passed"


@pytest.mark.parametrize("tests", ["__pairs__ = []", "__pairs__ = [(1, 2)]", "__pairs__ = [open('x')]"])
async def test_pairs_that_are_none(bubblewrap: Sandbox, tests: str) -> None:
    """Pairs that are not text and text cannot be used."""
    with pytest.raises(TestsUnusable):
        await bubblewrap.judge("print(1)", "main", tests)


@pytest.mark.parametrize(
    ("printed", "expected", "compare", "right"),
    [
        ("3\n", "3", "", True),
        ("1  2 \n\n3", "1 2\n3\n", "", True),
        ("1 2 3", "1 2", "", False),
        ("3.0", "3", "", False),
        ("", "", "", True),
        ("a", "A", "", False),
        ("3\n", "3", "exact", True),
        ("3\r\n4", "3\n4\n", "exact", True),
        ("3 \n", "3\n", "exact", False),
        ("3\n\n", "3", "exact", False),
        ("0.3333333", "0.33333331", "1e-06", True),
        ("0.3334", "0.3333", "1e-06", False),
        ("1e3 yes", "1000.0 yes", "0.001", True),
        ("1000000.1", "1000000", "1e-06", True),
        ("yes", "no", "1e-06", False),
        ("nan", "1", "1.0", False),
        ("1_0", "10", "0.1", False),
        ("1 2", "1", "0.5", False),
    ],
)
def test_comparison(printed: str, expected: str, compare: str, right: bool) -> None:
    """Token by token, character by character but for the last line end, or number by number."""
    assert agrees(printed, expected, compare) is right


FORGERIES = {
    "exits": "import sys\nsys.exit(0)",
    "exits at once": "import os\nos._exit(0)",
    "says that it returned": "import os\nm = b'Rnull'\nos.write(3, len(m).to_bytes(4, 'big') + m)\nwhile 1: pass",
    "says it in any way": "import os\nfor m in (b'Rnull', b'L[]', b'X[]', b'Rtrue') * 9:\n"
    "    os.write(3, len(m).to_bytes(4, 'big') + m)",
    "closes its channel": "import os\nos.close(3)",
    "searches the heap": "import gc\nfor o in gc.get_objects():\n    if isinstance(o, (list, tuple, dict)):\n        print(o)",
    "walks the frames": "import sys\nf = sys._getframe()\nwhile f:\n    print(f.f_locals)\n    f = f.f_back",
    "prints its memory": "import sys\nprint(open('/proc/self/mem', 'rb').read(9))",
    "reads the channel": "import os, fcntl\nfcntl.fcntl(3, 4, 2048)\ntry:\n    print(os.read(3, 9999))\n"
    "except OSError:\n    pass",
    "waits for more": "import os\nprint(os.read(3, 9999))",
    "is a string that equals": "class A(str):\n    def __eq__(self, o): return True\nprint(A(5))",
    "looks for files": "import os\nfor d, _, n in os.walk('.'):\n    print(d, n)\n    for x in n: print(open(d + '/' + x).read())",
    "leaves a file for the next": "import os\nprint(open('x').read() if os.path.exists('x') else 0)\nopen('x', 'w').write('9')",
    "prints the input": "print(input())",
    "prints all numbers": "print(*range(9999))",
    "patches str": "import builtins\nbuiltins.str = builtins.print = lambda *a, **k: None\nimport os\nos.write(1, b'0')",
    "writes to every descriptor": "import os\nfor n in range(64):\n    try: os.write(n, b'passed')\n    except OSError: pass",
    "raises what equals": "class E(Exception):\n    def __eq__(self, o): return True\nraise E",
    "raises SystemExit of its own": "class E(SystemExit):\n    code = 0\nraise E",
    "kills its parent": "import os\nos.kill(os.getppid(), 9)",
    "traces": "import sys\nsys.settrace(lambda *a: None)\nprint(0)",
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_forgery(sandbox: Sandbox, name: str) -> None:
    """No program passes that does not print the output, whatever it does to its process."""
    tests = "__pairs__ = [('3\\n', '9471\\n'), ('4\\n', '16283\\n')]"

    judged: Judged = await sandbox.judge(FORGERIES[name], "main", tests)

    assert judged.outcome != "passed"
    assert judged.passed == 0
    assert ("9471" not in judged.stdout and "16283" not in judged.stdout) or name == "prints all numbers"
