"""The tests see a program as if it ran beside them: its functions, objects, exceptions and changes."""

# ruff: noqa: E501  # A program in a table is read best on few lines.

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from events import Example, ExecutionRequested
from fractal_agent.sandbox import Limits, Sandbox, TestsUnusable, open_sandbox


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with open_sandbox(
        limits=Limits(wall_seconds=4, cpu_seconds=2), concurrency=1, unsafe=True
    ) as sandbox:
        yield sandbox


STACK = """
class Empty(ValueError): pass
class Stack:
    size = 3
    def __init__(self, items=()): self.items = list(items)
    def push(self, item): self.items.append(item); return self
    def pop(self):
        if not self.items: raise Empty("nothing", 7)
        return self.items.pop()
    def __len__(self): return len(self.items)
    def __iter__(self): return iter(self.items)
    def __getitem__(self, place): return self.items[place]
"""

RIGHT = {
    "closure": ("def f(x):\n    return lambda y: x + y", "assert f(1)(2) == 3"),
    "generator": ("def f(n):\n    yield from range(n)", "assert list(f(20000)) == list(range(20000))"),
    "next": ("def f():\n    yield 1\n    yield 2", "g = f()\nassert next(g) == 1 and next(g) == 2 and next(g, 0) == 0"),
    "endless generator": (
        "def f():\n    n = 1\n    while True:\n        yield n\n        n *= 2",
        "import itertools\nassert list(itertools.islice(f(), 5)) == [1, 2, 4, 8, 16]",
    ),
    "object": (STACK, "s = Stack([1])\ns.push(2)\nassert len(s) == 2 and s.pop() == 2 and list(s) == [1] and s[0] == 1"),
    "attribute": (STACK, "assert Stack().size == 3"),
    "own exception": (STACK, "try:\n    Stack().pop()\n    assert False\nexcept Empty as e:\n    assert e.args == ('nothing', 7)"),
    "base of own exception": (STACK, "try:\n    Stack().pop()\n    assert False\nexcept ValueError:\n    pass"),
    "exception's type": (
        "def f():\n    raise ValueError('negative')",
        "try:\n    f()\nexcept Exception as e:\n    assert type(e) is ValueError and str(e) == 'negative'",
    ),
    "key error": ("def f():\n    return {}['a']", "try:\n    f()\nexcept KeyError as e:\n    assert e.args == ('a',)"),
    "only exceptions expected": (
        "def f(x):\n    raise ValueError", "try:\n    f(-1)\n    assert False\nexcept ValueError:\n    pass"
    ),
    "function given back": ("def g(x):\n    return x + 1\ndef f(h):\n    return h(1)", "assert f(g) == 2"),
    "changed keyword": ("def f(*, xs):\n    xs.append(1)", "a = []\nf(xs=a)\nassert a == [1]"),
    "tuples sorted in place": ("def f(xs):\n    xs.sort()\n    return xs", "a = [(2, []), (1, [])]\nassert f(a) == [(1, []), (2, [])] == a"),
    "inside a tuple": ("def f(t):\n    t[0].append(1)", "a = []\nf((a, 2))\nassert a == [1]"),
    "argument given back": ("def f(xs):\n    return xs", "a = [1]\nf(a).append(2)\nassert a == [1, 2]"),
    "name of a module": ("def copy(x):\n    return x", "assert copy(1) == 1"),
    "module of the tests": ("import math\nmath.pi = 3\ndef f():\n    return 3.14159", "assert abs(f() - math.pi) < 1e-3"),
    "decimal": ("from decimal import Decimal\ndef f():\n    return Decimal('1.1')", "import decimal\nassert f() == decimal.Decimal('1.1')"),
    "fraction": ("from fractions import Fraction\ndef f(x):\n    return x / 2", "from fractions import Fraction\nassert f(Fraction(1, 2)) == Fraction(1, 4)"),
    "date": ("import datetime\ndef f(d):\n    return d + datetime.timedelta(1)", "import datetime\nassert f(datetime.date(2024, 2, 28)) == datetime.date(2024, 2, 29)"),
    "deque": ("from collections import deque\ndef f(q):\n    q.append(3)\n    return q", "from collections import deque\nq = deque([1])\nassert f(q) == deque([1, 3]) == q"),
    "ordered": ("from collections import OrderedDict\ndef f():\n    return OrderedDict(a=1, b=2)", "from collections import OrderedDict\nassert f() == OrderedDict(a=1, b=2)"),
    "import that fails where it is expected": (
        "def f():\n    import nowhere", "try:\n    f()\n    assert False\nexcept ImportError:\n    pass"
    ),
    "assertion in the expected side's helper": (
        "def f(x):\n    return x", "def g(x):\n    assert f(x) == x\n    return x\nassert f(1) == g(1)"
    ),
    "lists sorted in place": ("def f(xs):\n    xs.sort()", "xs = [[3], [1], [2]]\nexp = sorted(xs)\nf(xs)\nassert xs == exp and xs[0] is exp[0]"),
    "lists taken out": ("def f(q):\n    return q.pop(0)", "a, b = [1], [2]\nq = [a, b]\nassert f(q) is a and q == [b] and a == [1]"),
    "one list given twice": ("def f(a, b):\n    a.append(1)\n    return b", "a = []\nassert f(a, a) == [1] and a == [1]"),
    "rows that are one": ("def f(g):\n    g[0].append(1)\n    return g[1]", "g = [[0]] * 2\nassert f(g) == [0, 1]"),
    "changed before it raises": ("def f(xs):\n    xs.append(1)\n    raise ValueError", "a = []\ntry:\n    f(a)\nexcept ValueError:\n    pass\nassert a == [1]"),
    "the same object": (STACK, "s = Stack()\nassert s.push(1) is s and len(s) == 1"),
    "truth of now": (STACK, "s = Stack()\nassert not s\ns.push(1)\nassert s"),
    "text": ("class A:\n    def __str__(self): return 'an A'\ndef f():\n    return A()", "assert str(f()) == 'an A' and f'{f()}' == 'an A'"),
    "base of own exceptions": ("class Base(Exception): pass\nclass Child(Base): pass\ndef f():\n    raise Child", "try:\n    f()\n    assert False\nexcept Base:\n    pass"),
    "attribute of an exception": ("class E(Exception):\n    def __init__(self, code): self.code = code\ndef f():\n    raise E(7)", "try:\n    f()\nexcept E as e:\n    assert e.code == 7"),
    "members of a class": ("import enum\nclass C(enum.Enum):\n    RED = 1\n    @staticmethod\n    def two(): return 2\ndef f():\n    return C.RED", "assert C.RED.value == 1 and C.two() == 2 and f() is C.RED"),
    "builtin function": ("def f(g, x):\n    return g(x)", "assert f(len, 'ab') == 2 and f(int, '3') == 3"),
    "iterator": ("def f(xs):\n    return sum(xs)", "assert f(iter([1, 2])) == 3 and f(map(abs, [-1])) == 1"),
    "own exception as an argument": ("class Node(Exception): pass\ndef f(n):\n    return n.args", "assert f(Node(1)) == (1,)"),
    "key that is given back": ("class M:\n    def __getitem__(self, key): return key\ndef f():\n    return M()", "assert f()[1, 2] == (1, 2)"),
    "names of parameters": ("def f(self, name):\n    return self + name", "assert f(self=1, name=2) == 3"),
    "keys of a dict": ("def f():\n    return {1: 2}.keys()", "assert f() == {1} and list(f()) == [1]"),
    "date and time": ("import datetime\ndef f():\n    return datetime.datetime(2024, 1, 2, 3)", "import datetime\nassert f() == datetime.datetime(2024, 1, 2, 3)"),
    "large fraction": ("from fractions import Fraction\ndef f():\n    return Fraction(1, 10 ** 5000)", "from fractions import Fraction\nassert f() == Fraction(1, 10 ** 5000)"),
    "can be called": ("def f():\n    return lambda: 1", "assert callable(f()) and not hasattr(f(), '__len__')"),
    "nothing to loop over": ("def f():\n    return []", "for x in f():\n    assert x > 0"),
}  # fmt: skip

WRONG = {
    "stops an iteration": ("def f(x):\n    raise StopIteration", "assert all(map(f, [1, 2]))"),
    "ends a comparison of pairs": ("def f(x):\n    raise StopIteration", "for x, y in zip([1], map(f, [1])):\n    assert x == y\nassert f"),
    "leaves where tests catch all": ("import os\ndef f():\n    os._exit(0)", "try:\n    assert f() == 1\nexcept:\n    pass"),
    "exits where tests catch all": ("def f():\n    raise SystemExit", "try:\n    assert f() == 1\nexcept:\n    pass"),
    "order": ("from collections import OrderedDict\ndef f():\n    return OrderedDict(b=2, a=1)", "from collections import OrderedDict\nassert f() == OrderedDict(a=1, b=2)"),
    "needs what is not installed": ("def f(x):\n    import numpy\n    return x", "r = f(1)\nassert r == 1"),
    "changes what tests hold inside": ("def f(xs):\n    xs[:] = [[0] for _ in xs]", "xs = [[3], [1]]\nexp = sorted(xs)\nf(xs)\nassert xs == exp"),
    "changes what a dict holds": ("def f(d):\n    d['a'] = [0]", "v = [1]\nd = {'a': v}\nf(d)\nassert d['a'] == v"),
    "seems callable": ("class A: pass\ndef f():\n    return A()", "assert callable(f())"),
    "seems an iterator": ("class A: pass\ndef f():\n    return A()", "from collections.abc import Iterator\nassert isinstance(f(), Iterator)"),
    "seems of a type": ("class P: pass\ndef f():\n    return iter(())", "assert type(f()) is type(P())"),
    "number too long for a message": ("def f():\n    return 10 ** 5000", "r = f()\nif r != 1:\n    raise AssertionError(r)"),
    "raised again by the tests": ("def f():\n    import nowhere", "try:\n    r = f()\nexcept Exception as e:\n    raise type(e)('call failed: ' + str(e))\nassert r"),
    "number that is none": ("from decimal import Decimal\ndef f():\n    return Decimal('sNaN')", "assert f() == 1"),
    "its own equality": ("class A:\n    def __eq__(self, other): return True\ndef f():\n    return A()", "assert f() == 1"),
    "equal inside": ("class A:\n    def __eq__(self, other): return True\ndef f():\n    return [A()]", "assert f() == [1]"),
    "its own order": ("class A:\n    def __lt__(self, other): return True\ndef f():\n    return A()", "assert f() < 1"),
    "yields for ever": ("def f():\n    while True:\n        yield 1", "assert list(f()) == [1]"),
    "length": ("class A:\n    def __len__(self): return 'x'\ndef f():\n    return A()", "assert len(f()) == 1"),
    "iterator that is none": ("class A:\n    def __iter__(self): return 5\ndef f():\n    return A()", "assert list(f()) == [1]"),
    "deep argument given back": (
        "def f(x=None):\n    x = []\n    for _ in range(98):\n        x = [x]\n    return x", "assert f([[[f()]]]) == 1"
    ),
    "exception with a name of the tests": (
        "class Told(Exception): pass\ndef f():\n    raise Told('x')", "assert f() == 1"
    ),
}  # fmt: skip

UNUSABLE = {
    "not called": ("def help():\n    assert f(1) == 1", "nothing calls the program"),
    "asserts something else": ("assert True", "nothing calls the program"),
    "patches": ("from unittest.mock import patch\nassert f(1) == 1", "patch what the program uses, .*line 1"),
    "captures": ("import sys\nsys.stdout = None\nassert f(1) == 1", "replace sys.stdout"),
    "captures otherwise": ("from contextlib import redirect_stdout\nassert f(1)", "capture what is printed"),
    "answers questions": ("import builtins\nbuiltins.input = f\nassert f(1)", "replace builtins.input"),
    "fixture": ("def test_a(capsys):\n    assert f(1) == 1", "need the fixture capsys"),
    "fixture of their own": ("def test_a(table):\n    assert f(1) == 1", "need the fixture table"),
    "lambda": ("assert f(lambda x: x) == 1", "give the program a function"),
    "own class": ("class A: pass\nassert f(A()) == 1", "give the program a A"),
    "derives": ("class A(f): pass\nassert A() == 1", "derive a class from the program's f"),
    "makes files": ("import tempfile\nassert f(1) == 1", "make files, which the program cannot see"),
    "looks at files": ("import os\nassert os.path.exists(f(1))", "use files by exists"),
    "takes apart": ("from dataclasses import asdict\nassert asdict(f(1))", "look into the program's objects"),
    "takes apart otherwise": (
        "import dataclasses\nassert dataclasses.astuple(f(1))",
        "the program's objects",
    ),
    "looks into it": ("assert f.__doc__", "ask for __doc__"),
    "looks for its source": ("import inspect\nassert inspect.getsource(f)", "look into the program's source"),
    "opens what is elsewhere": ("assert f(1) == 1\nopen('/etc/hosts')", "open '/etc/hosts'"),
    "no assertion": ("f(1)", "no assertion"),
    "interrupts": ("assert f(1) == 1\nraise KeyboardInterrupt", "KeyboardInterrupt"),
    "leaves": ("import sys\nassert f(1) == 1\nsys.exit(0)", "SystemExit"),
    "needs what is not installed": ("import nowhere\nassert f(1) == 1", "not installed"),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.asyncio(loop_scope="module")
async def test_right_program(sandbox: Sandbox, name: str) -> None:
    """A right program passes, whatever the tests do with what it returns and raises."""
    program, tests = RIGHT[name]
    entry_point = "Stack" if program is STACK else program.rpartition("def ")[2].partition("(")[0]

    verdict = await sandbox.judge(program, entry_point, tests)

    assert (verdict.outcome, verdict.failures, verdict.error) == ("passed", (), "")


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.asyncio(loop_scope="module")
async def test_wrong_program(sandbox: Sandbox, name: str) -> None:
    """A wrong program does not pass, and is not taken for broken tests either."""
    program, tests = WRONG[name]

    verdict = await sandbox.judge(program, "f", tests)

    assert verdict.outcome in {"failed", "killed", "timeout"}


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.asyncio(loop_scope="module")
async def test_unusable_tests(sandbox: Sandbox, name: str) -> None:
    """Tests that cannot judge any program are an error that says why, and never a verdict."""
    tests, why = UNUSABLE[name]

    with pytest.raises(TestsUnusable, match=why):
        await sandbox.judge("def f(x):\n    return x", "f", tests)


@pytest.mark.asyncio(loop_scope="module")
async def test_prompt_that_does_not_compile(sandbox: Sandbox) -> None:
    """A prompt whose definitions are needed and do not compile is an error of the data set."""
    prompt = "def helper(x):\n    return x\nreturn 1\n"

    with pytest.raises(TestsUnusable, match="cannot be compiled"):
        await sandbox.judge("def f(x):\n    return x", "f", "assert f(helper(1)) == 1", prompt)


LEAKS = {
    "class made of an argument": "def f(x):\n    raise type('args ' + repr(x), (Exception,), {})('m')",
    "message like a line": "def f(x):\n    raise ValueError(f' (line 1: args {x})')",
    "status": "import os\ndef f(x):\n    os._exit(x)",
}


@pytest.mark.parametrize("name", LEAKS)
@pytest.mark.asyncio(loop_scope="module")
async def test_grade_quotes_no_argument(sandbox: Sandbox, name: str) -> None:
    """However a program shouts an argument of hidden tests, a graded answer does not repeat it."""
    graded = await sandbox.grade(LEAKS[name], "f", "assert f(41) == 1")

    assert graded.outcome in {"failed", "killed"}
    assert "41" not in graded.error


@pytest.mark.asyncio(loop_scope="module")
async def test_example_that_cannot_be_compared(sandbox: Sandbox) -> None:
    """A value that cannot even be compared is a failed example, and the sandbox serves on."""
    program = "from decimal import Decimal\ndef f(x):\n    return Decimal('sNaN') if x else 10 ** 5000"
    examples = (Example(call="f(1)", expected="1"), Example(call="{1: 2}[f(0)]", expected="1"))

    answer = await sandbox.execute(ExecutionRequested(program=program, entry_point="f", examples=examples))

    assert [result.outcome for result in answer.results] == ["error", "error"]


@pytest.mark.asyncio(loop_scope="module")
async def test_failure_of_pytest(sandbox: Sandbox) -> None:
    """What `pytest.raises` and `pytest.fail` raise is a failed assertion."""
    tests = "import pytest\nwith pytest.raises(ValueError):\n    f(1)"

    verdict = await sandbox.judge("def f(x):\n    return x", "f", tests)

    assert (verdict.outcome, verdict.failures[0].error) == ("failed", "DID NOT RAISE ValueError")


@pytest.mark.asyncio(loop_scope="module")
async def test_error_of_the_tests(sandbox: Sandbox) -> None:
    """What the tests raise themselves is told with their line, beside what the program returned."""
    verdict = await sandbox.judge("def f(x):\n    return x", "f", "x = f(1)\nassert x == nowhere")

    assert verdict.failures[0].actual == "1"
    assert verdict.failures[0].error == "NameError: name 'nowhere' is not defined (line 2 of the tests)"


@pytest.mark.parametrize(
    "step", ['[{"x":"0xf' + "f" * 5000 + '"},"a",[]]', '{"v":["collections.deque",[1,"a",[]],null]}']
)
@pytest.mark.asyncio(loop_scope="module")
async def test_forged_trace(sandbox: Sandbox, step: str) -> None:
    """A trace that a program forges is left out: it costs neither the verdict nor the sandbox."""
    frame = f"T[{step}]".encode()
    forged = len(frame).to_bytes(4, "big") + frame
    program = (
        f"import os, sys\ndef f(x):\n    if sys.gettrace():\n        os.write(3, {forged!r})\n    return 2"
    )

    verdict = await sandbox.judge(program, "f", "assert f(1) == 1", trace=True)

    assert (verdict.outcome, verdict.trace) == ("failed", ())
