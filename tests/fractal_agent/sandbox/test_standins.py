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
    "counter": ("from collections import Counter\ndef f(s):\n    return Counter(s)", "c = f('aab')\nassert c['z'] == 0 and c.most_common(1) == [('a', 2)] and c + c == f('aabaab')"),
    "counter changed in place": ("def f(c):\n    c['a'] += 1", "from collections import Counter\nc = Counter('a')\nf(c)\nassert c == Counter('aa') and c['b'] == 0"),
    "factory of the program": ("from collections import defaultdict\ndef f():\n    return defaultdict(lambda: [7])", "d = f()\nassert d['a'] == [7] and d == {'a': [7]}"),
    "list of a user changed in place": ("def f(xs):\n    xs.append(1)\n    return xs", "from collections import UserList\nxs = UserList()\nassert f(xs) is xs and xs == [1]"),
    "file in memory": ("def f(file):\n    file.write('b')\n    return file.getvalue()", "import io\nfile = io.StringIO()\nassert f(file) == 'b' == file.getvalue()"),
    "deep": ("def f(x):\n    return [x]", "x = 1\nfor _ in range(3000):\n    x = [x]\ny = f(x)\nassert y[0] is x"),
    "deep and made anew": ("def f(n):\n    x = 1\n    for _ in range(n):\n        x = [x]\n    return x", "x = 1\nfor _ in range(900):\n    x = [x]\nassert f(900) == x"),
    "very deep": ("def f(n):\n    x = 1\n    for _ in range(n):\n        x = [x]\n    return x", "x = f(100_000)\nfor _ in range(100_000):\n    x = x[0]\nassert x == 1"),
    "holds itself": ("def f(x):\n    x.append(x)\n    return x", "x = []\nassert f(x) is x and x[0] is x"),
    "made to hold itself": ("def f():\n    x = {}\n    x['x'] = [x]\n    return x", "x = f()\nassert x['x'][0] is x"),
    "one row twice": ("def f(n):\n    return [[0] * n] * n", "g = f(2)\nassert g == [[0, 0], [0, 0]]"),
    "no number, but the same": ("def f(xs):\n    return list(xs)", "import math\nx = [math.nan, float('nan')]\nassert f(x) == x and f(x) != [float('nan')]"),
    "the library's nan": ("import math\ndef f():\n    return [math.nan]", "import math\nassert f() == [math.nan] and f() == f()"),
    "tuple given back": ("def f(x):\n    return x", "t = (1, [2])\nassert f(t) is t and f(frozenset([1, 2])) == {1, 2}"),
    "aware time": ("import datetime as d\ndef f(h):\n    return d.datetime(2024, 1, 1, h, tzinfo=d.timezone.utc)", "import datetime as d\nassert f(1) == d.datetime(2024, 1, 1, 2, tzinfo=d.timezone(d.timedelta(hours=1))) and f(1).tzinfo is d.timezone.utc"),
    "time zone": ("from zoneinfo import ZoneInfo\nfrom datetime import datetime\ndef f(name):\n    return datetime(2024, 7, 1, tzinfo=ZoneInfo(name))", "from zoneinfo import ZoneInfo\nassert f('Asia/Tokyo').tzinfo is ZoneInfo('Asia/Tokyo') and f('Europe/Paris').utcoffset().seconds == 7200"),
    "time zone of its own": ("import datetime as d\nclass Z(d.tzinfo):\n    def utcoffset(self, _): return d.timedelta(hours=1)\n    dst = utcoffset\n    def tzname(self, _): return 'Z'\ndef f():\n    return d.datetime(2024, 1, 1, 1, tzinfo=Z())", "import datetime as d\nassert f() == d.datetime(2024, 1, 1, tzinfo=d.timezone.utc)"),
    "half a character": ("def f(s):\n    return s[::-1]", "assert f('\\ude00\\ud83d') == '\\ud83d\\ude00' and len(f('\\ude00\\ud83d')) == 2 and f('😀') == '😀'"),
    "dataclass": ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: object = None\n    def move(self): self.x += 1\ndef f(x):\n    return P(x, P(1))", "p = f(1)\nassert p == P(1, P(1)) and p != P(2) and [p] == [P(1, P(1))]\np.move()\nassert p == P(2, P(1)) and p.x == 2"),
    "field set by the tests": ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\ndef f():\n    return P(1)", "p = f()\np.x = 5\nassert p == P(5) and vars(p) == {'x': 5}"),
    "dataclass taken apart": ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: list\ndef f():\n    return P(1, [P(2, [])])", "import dataclasses\nassert dataclasses.asdict(f()) == {'x': 1, 'y': [{'x': 2, 'y': []}]}\nassert dataclasses.replace(f(), y=3) == P(1, 3)"),
    "ordered dataclass": ("from dataclasses import dataclass\n@dataclass(order=True, frozen=True)\nclass P:\n    x: int\ndef f():\n    return [P(2), P(1)]", "assert sorted(f()) == [P(1), P(2)] and max(f()) == P(2) and {P(1)} < set(f()) and f()[0] > P(1)"),
    "named tuple": ("from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    count: int = 7\n    def twice(self): return self.x * 2\ndef f(x):\n    return P(x)", "p = f(3)\nassert p == (3, 7) == P(3) and p.x == 3 and p.count == 7 and p.twice() == 6 and p._asdict() == {'x': 3, 'count': 7} and isinstance(p, P)\na, b = p\nassert a == 3 and type(p) is P and p._replace(x=1) == (1, 7)"),
    "named tuple of the tests": ("def f(p):\n    return p.x + p.y, p", "from collections import namedtuple\nP = namedtuple('P', 'x y')\np = P(1, 2)\nassert f(p) == (3, (1, 2))"),
    "enum": ("import enum\nclass C(enum.Enum):\n    RED = 1\n    BLUE = 2\ndef f(x):\n    return C(x)", "import enum\nassert f(1) is C.RED and f(1) == C['RED'] and [c.name for c in C] == ['RED', 'BLUE'] and len(C) == 2 and f(2) in C and isinstance(f(1), enum.Enum) and {C.RED: 1}[f(1)] == 1"),
    "numbers of an enum": ("import enum\nclass L(enum.IntEnum):\n    LOW = 1\n    HIGH = 2\nclass B(enum.Flag):\n    R = 1\n    W = 2\nclass S(enum.StrEnum):\n    A = 'a'\ndef f(x):\n    return L(x)", "assert f(1) == 1 and f(1) is L.LOW and f(1) < L.HIGH and f(2).name == 'HIGH' and max(L) is L.HIGH\nassert B.R | B.W == B(3) and B.R in B(3) and not B(0)\nassert S.A == 'a' and f'{S.A}' == 'a' and str(f(1)) == '1'"),
    "instances": ("class A: pass\nclass B(A): pass\ndef f():\n    return B()", "assert isinstance(f(), A) and isinstance(f(), B) and type(f()) is B and not isinstance(1, A) and issubclass(B, A) and not isinstance(A(), B)"),
    "operators": ("class V:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return V(self.x + o.x)\n    def __neg__(self): return V(-self.x)\ndef f(x):\n    return V(x)", "assert (f(1) + V(2)).x == 3 and (-f(1)).x == -1\nv = f(1)\nv += V(1)\nassert v.x == 2 and sum([V(2)], V(1)).x == 3"),
    "list of its own": ("class S(list):\n    def push(self, x):\n        self.append(x)\n        return self", "s = S()\ns.push(1).push(2)\nassert s == [1, 2] and len(s) == 2 and s == S([1, 2]) and [1, 2] == s and s[0] == 1"),
    "exception as a value": ("def f():\n    return ValueError('x', 1)", "e = f()\nassert isinstance(e, ValueError) and e.args == ('x', 1) and type(e) is ValueError"),
    "function of the library": ("def f(g, *xs):\n    return g(*xs)", "import operator, functools, collections\nassert f(operator.add, 1, 2) == 3 and f(str.upper, 'a') == 'A' and f(collections.Counter, 'a') == {'a': 1} and f(functools.reduce, operator.mul, [2, 3]) == 6"),
    "pattern": ("def f(p, s):\n    return p.match(s).group()", "import re\nassert f(re.compile('a+', re.I), 'Aab') == 'Aa'"),
    "call in an argument": ("def f(x):\n    return [y for y in x]", "assert f(map(f, [[1], [2]])) == [[1], [2]]"),
    "decimal context of the tests": ("from decimal import Decimal\ndef f(x):\n    return Decimal(1) / x", "import decimal\nwith decimal.localcontext() as c:\n    c.prec = 3\n    assert str(f(3)) == '0.333'\nassert str(f(decimal.Decimal(3))) == '0.' + '3' * 28\ndecimal.getcontext().prec = 4\nassert str(f(3)) == '0.3333'"),
    "decimal context of others is gone": ("from decimal import Decimal\ndef f(x):\n    return Decimal(1) / x", "import decimal\nassert str(f(3)) == '0.' + '3' * 28 and decimal.getcontext().prec == 28"),
    "asked at every depth": ("def f(x):\n    return [x]", "def g(n):\n    assert f(n) == [n]\n    return g(n + 1)\ntry:\n    g(0)\nexcept RecursionError:\n    pass\nassert f(5) == [5] and f('a') == ['a']"),
    "context": ("class A:\n    def __enter__(self): self.x = 1; return self\n    def __exit__(self, kind, error, at): self.x = error and error.args; return True\ndef f():\n    return A()", "a = f()\nwith a as b:\n    assert b is a and a.x == 1\nassert a.x is None\nwith a:\n    raise ValueError(7)\nassert a.x == (7,)"),
    "dict of its own": ("import collections\nclass D(collections.UserDict):\n    def twice(self, k): return self[k] * 2\nclass C(collections.Counter):\n    def put(self, x): self[x] += 1\ndef f():\n    return D(a=1)", "d = D(a=1)\nassert d.twice('a') == 2 and d == {'a': 1} == f() and len(d) == 1\nc = C()\nc.put('x')\nassert c == {'x': 1} and c['y'] == 0"),
    "is a generator": ("def f():\n    yield 1", "import types\nassert isinstance(f(), types.GeneratorType)"),
    "copied": ("class A:\n    def __init__(self): self.x = [1]\ndef f():\n    return A()", "import copy\na = f()\nb = copy.deepcopy(a)\na.x = 2\nassert b.x == [1] and b is not a"),
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
    "equal, but not the same": ("def f(x):\n    return list(x)", "x = [1]\nassert f(x) is x"),
    "another dataclass": ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n@dataclass\nclass Q:\n    x: int\ndef f():\n    return Q(1)", "assert f() == P(1)"),
    "other fields": ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\ndef f():\n    return P(2)", "assert f() == P(1)"),
    "no equality at all": ("class P:\n    def __init__(self, x): self.x = x\ndef f():\n    return P(1)", "assert f() == P(1)"),
    "another member": ("import enum\nclass C(enum.Enum):\n    A = 1\n    B = 2\ndef f():\n    return C.B", "assert f() == C.A"),
    "known before it cannot be judged": ("class P:\n    def __eq__(self, o): return True\ndef f():\n    return 2", "assert f() == 1\nassert P() == P()"),
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
    "looks into it": ("assert f.__doc__", "ask for __doc__"),
    "looks for its source": ("import inspect\nassert inspect.getsource(f)", "look into the program's source"),
    "opens what is elsewhere": ("assert f(1) == 1\nopen('/etc/hosts')", "open '/etc/hosts'"),
    "no assertion": ("f(1)", "no assertion"),
    "interrupts": ("assert f(1) == 1\nraise KeyboardInterrupt", "KeyboardInterrupt"),
    "leaves": ("import sys\nassert f(1) == 1\nsys.exit(0)", "SystemExit"),
    "needs what is not installed": ("import nowhere\nassert f(1) == 1", "not installed"),
}


_OWN = "class P:\n    def __init__(self, x): self.x = x\n    def __eq__(self, o): return self.x == o.x\n    def __lt__(self, o): return self.x < o.x\n    __hash__ = lambda self: self.x\n    def __mul__(self, o): return P(self.x * o)\ndef f(x):\n    return P(x)"
UNDECIDED = {
    "its own equality": (_OWN, "assert f(1) == P(1)", "P.__eq__"),
    "its own equality inside": (_OWN, "assert [f(1)] == [P(1)]", "P.__eq__"),
    "its own equality with a value": (_OWN, "assert P(1) and f(1) == 1", "P.__eq__"),
    "its own equality in a set": (_OWN, "assert {f(1)} == {P(1)}", "P.__eq__"),
    "its own order": (_OWN, "assert f(1) < P(2)", "P.__lt__"),
    "its own order by sorted": (_OWN, "assert sorted([f(2), P(1)])", "P.__lt__"),
    "its own product": (_OWN, "assert (P(2) * 3).x == 6", "P.__mul__"),
    "swallowed": (_OWN, "try:\n    assert f(1) == P(1)\nexcept:\n    pass", "P.__eq__"),
    "equality set later": ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nP.__eq__ = lambda s, o: True\ndef f(x):\n    return P(x)", "assert f(1) == P(2)", "P.__eq__"),
    "one object or two": ("import functools\n@functools.cache\ndef f(x):\n    return (x, [x])", "assert f(1) is f(1)", "one tuple"),
    "number too large": ("def f(x):\n    return 1 << (1 << 24)", "assert f(1) == 1 << (1 << 24)", "too large"),
    "argument too large": ("def f(x):\n    return x", "assert f(1 << (1 << 24))", "too large"),
    "instance by metaclass": ("class M(type):\n    def __instancecheck__(c, x): return True\nclass P(metaclass=M): pass\ndef f(x):\n    return x", "assert isinstance(f(1), P)", "metaclass"),
    "class of the tests": ("def f(x):\n    return x", "class L(list): pass\nassert f(L()) == []", "they give the program a L"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNDECIDED)
@pytest.mark.asyncio(loop_scope="module")
async def test_undecided(sandbox: Sandbox, name: str) -> None:
    """Where only the program's own code could decide, there is no verdict, and the error names what is missing."""
    program, tests, why = UNDECIDED[name]

    with pytest.raises(TestsUnusable, match=why):
        await sandbox.judge(program, "f", tests)


@pytest.mark.asyncio(loop_scope="module")
async def test_example_that_cannot_be_judged(sandbox: Sandbox) -> None:
    """An example that cannot be judged counts for the program and says so; the ones after it are run."""
    program = _OWN + "\ndef g(x):\n    return f(1) == x"
    examples = (
        Example(call="f(1) == P(1)", expected="True"),
        Example(call="f(1).x", expected="1"),
        Example(call="f(lambda: 1)", expected="1"),
    )

    answer = await sandbox.execute(ExecutionRequested(program=program, entry_point="f", examples=examples))

    assert answer.outcome == "passed"
    assert [result.outcome for result in answer.results] == ["passed"] * 3
    assert [result.error.startswith("cannot be judged: ") for result in answer.results] == [True, False, True]


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.asyncio(loop_scope="module")
async def test_right_program(sandbox: Sandbox, name: str) -> None:
    """A right program passes, whatever the tests do with what it returns and raises."""
    program, tests = RIGHT[name]
    entry_point = (
        "Stack"
        if program is STACK
        else "S"
        if program.startswith("class S(")
        else program.rpartition("def ")[2].partition("(")[0]
    )

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
