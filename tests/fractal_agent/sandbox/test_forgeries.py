"""Programs that do not square a number but try to be told that they do. Not one may pass."""

# ruff: noqa: E501  # A program in a table is read best on few lines.

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import anyio
import pytest
import pytest_asyncio

from fractal_agent.sandbox import Judged, Sandbox, TestsUnusable

TESTS = """
def near(one, other):
    return abs(one - other) < 1e-6

def check(candidate):
    for x in range(3, 9):
        assert candidate(x) == x * x, "not the square"
    assert near(candidate(9), 81)
    assert candidate([2, 3]) == [4, 9]
    assert candidate("a") is None
    assert candidate(10) in (100, 100.0)
    assert not candidate(11) != 121
    assert encoded(candidate(12)) == 144
"""

PROMPT = "def encoded(x):\n    return x\n\ndef f(x):\n    '''The square.'''\n"

FORGERIES = {
    "exits": "import sys\nsys.exit(0)",
    "exits when called": "import sys\ndef f(x): sys.exit(0)",
    "exits at once": "import os\nos._exit(0)",
    "exits at once when called": "import os\ndef f(x): os._exit(0)",
    "raises SystemExit of its own": "class E(SystemExit): code = 0\ndef f(x): raise E",
    "equals everything": "class A:\n    def __eq__(self, o): return True\n    def __ne__(self, o): return False\n"
    "    __hash__ = None\ndef f(x): return A()",
    "is a number to everyone": "class A:\n    def __getattr__(self, n): return lambda *a: self\n"
    "    def __sub__(self, o): return 0\n    def __abs__(self): return 0\n    def __lt__(self, o): return True\n"
    "    def __eq__(self, o): return True\n    def __index__(self): return 9\ndef f(x): return A()",
    "int that equals everything": "class A(int):\n    def __eq__(self, o): return True\n    def __ne__(self, o): return False\n"
    "    __hash__ = int.__hash__\ndef f(x): return A(1)",
    "float that is near everything": "class A(float):\n    def __sub__(self, o): return 0.0\n    def __eq__(self, o): return True\n"
    "    __rsub__ = __sub__\ndef f(x): return A(1)",
    "list that equals everything": "class A(list):\n    def __eq__(self, o): return True\ndef f(x): return A([1])",
    "str that equals everything": "class A(str):\n    def __eq__(self, o): return True\n    __hash__ = str.__hash__\n"
    "def f(x): return A('b')",
    "tuple of such": "class A(tuple):\n    def __eq__(self, o): return True\ndef f(x): return A((1,))",
    "dict that equals everything": "class A(dict):\n    def __eq__(self, o): return True\ndef f(x): return A(a=1)",
    "set that equals everything": "class A(set):\n    def __eq__(self, o): return True\ndef f(x): return A({1})",
    "claims a class": "class A:\n    __class__ = int\n    def __eq__(self, o): return True\ndef f(x): return A()",
    "metaclass that equals everything": "class M(type):\n    def __eq__(c, o): return True\n    __hash__ = type.__hash__\n"
    "class A(metaclass=M): pass\ndef f(x): return A",
    "mock.ANY": "from unittest.mock import ANY\ndef f(x): return ANY",
    "not a number": "def f(x): return float('nan')",
    "NotImplemented": "def f(x): return NotImplemented",
    "patches abs": "import builtins\nbuiltins.abs = lambda x: 0\ndef f(x): return 0",
    "patches len, all, any and isinstance": "import builtins\nfor n in ('all', 'any', 'isinstance', 'len'):\n"
    "    setattr(builtins, n, lambda *a: True)\ndef f(x): return 0",
    "patches AssertionError": "import builtins\nbuiltins.AssertionError = KeyError\ndef f(x): return 0",
    "patches __build_class__": "import builtins\nbuiltins.__build_class__ = None\ndef f(x): return 0",
    "defines check": "def check(candidate): pass\ndef f(x): return 0",
    "defines near": "def near(a, b): return True\ndef f(x): return 0",
    "defines what the prompt defines": "def encoded(x): return 144\ndef f(x): return 0",
    "defines the judge's names": "__book__ = __case__ = None\ndef f(x): return 0",
    "patches json": "import json\njson.dumps = lambda *a, **k: '[\"returned\", 9]'\njson.JSONEncoder.encode = json.dumps\n"
    "def f(x): return 0",
    "writes passed everywhere": "import os\nfor n in range(64):\n    try: os.write(n, b'passed')\n    except OSError: pass\n"
    "def f(x): return 0",
    "writes a frame": "import os\ndef f(x):\n    m = b'[\"returned\", null]'\n    os.write(3, len(m).to_bytes(4, 'big') + m)\n    return 0",
    "writes many frames": "import os\nm = b'[\"returned\", 9]'\nos.write(3, (len(m).to_bytes(4, 'big') + m) * 100)\ndef f(x): return 0",
    "writes a verdict": "import os\nm = b'[\"passed\", 1, 2, 3]'\ndef f(x):\n    os.write(3, len(m).to_bytes(4, 'big') + m)\n    return 0",
    "writes an object": 'import os\nm = b\'["returned", {"o": [0, [], {}, 1, []]}]\'\ndef f(x):\n'
    "    os.write(3, len(m).to_bytes(4, 'big') + m)",
    "writes a broken object": 'import os\nm = b\'["returned", {"s": [[1]], "d": 3}]\'\ndef f(x):\n'
    "    os.write(3, len(m).to_bytes(4, 'big') + m)",
    "writes a code name": 'import os\nm = b\'["returned", {"T": "eval"}]\'\ndef f(x):\n    os.write(3, len(m).to_bytes(4, \'big\') + m)',
    "nests its frame": "import os\nm = b'[\"returned\", ' + b'[' * 99999 + b']' * 99999 + b']'\ndef f(x):\n"
    "    os.write(3, len(m).to_bytes(4, 'big') + m)",
    "promises a huge frame": "import os\ndef f(x): os.write(3, b'\\xff\\xff\\xff\\xff[')",
    "sends a descriptor": "import array, os, socket\ndef f(x):\n    s = socket.socket(fileno=os.dup(3))\n"
    "    s.sendmsg([b'\\0\\0\\0\\2[]'], [(1, 1, array.array('i', [1]))])",
    "closes its channel": "import os\ndef f(x): os.close(3)",
    "closes its channel while loading": "import os\nos.close(3)\ndef f(x): return 0",
    "prints what is expected": "import sys\ndef f(x):\n    print(x * x)\n    sys.stderr.write('passed')",
    "walks the frames": "import sys\ndef f(x):\n    f = sys._getframe()\n    while f:\n        for k, v in list(f.f_locals.items()) + list(f.f_globals.items()):\n"
    "            if 'pass' in k or 'fail' in k: f.f_globals[k] = 0\n        f = f.f_back\n    return 0",
    "searches the heap": "import gc\ndef f(x):\n    for o in gc.get_objects():\n        if isinstance(o, dict) and 'failed' in o: o['failed'] = 0\n"
    "        if type(o).__name__ in ('Book', '_Case'): o.failed = 0\n    return 0",
    "jumps over lines": "import sys\ndef t(f, e, a):\n    try: f.f_lineno += 1\n    except ValueError: pass\n    return t\nsys.settrace(t)\n"
    "def f(x): return 0",
    "profiles": "import sys\nsys.setprofile(lambda *a: None)\ndef f(x): return 0",
    "hooks audits": "import sys\nsys.addaudithook(lambda *a: None)\ndef f(x): return 0",
    "hooks exceptions": "import sys, threading\nsys.excepthook = threading.excepthook = print\ndef f(x): raise ValueError",
    "hooks imports": "import sys\nclass F:\n    def find_spec(self, *a): raise SystemExit(0)\nsys.meta_path.insert(0, F())\ndef f(x): return 0",
    "patches a type slot": "import ctypes\nT = ctypes.c_void_p * 60\nt = T.from_address(id(int))\ng = T.from_address(id(object))\n"
    "t[25] = g[25]\ndef f(x): return 0",
    "changes small integers": "import ctypes\nctypes.c_uint32.from_address(id(9) + 24).value = 1\ndef f(x): return 0",
    "catches signals": "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, lambda *a: None)\n    except (OSError, ValueError): pass\n"
    "def f(x): return 0",
    "kills its parent": "import os\ndef f(x):\n    os.kill(os.getppid(), 9)",
    "kills its group": "import os\ndef f(x):\n    os.killpg(0, 9)",
    "kills the first process": "import os\ndef f(x):\n    os.kill(1, 9)",
    "kills by a thread's number": "import ctypes\ndef f(x):\n    return ctypes.CDLL(None).syscall(234, 1, 1, 9)",
    "traces its parent": "import ctypes, os\ndef f(x):\n    return ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)",
    "writes into its parent": "import ctypes, os\ndef f(x):\n    return ctypes.CDLL(None).process_vm_writev(os.getppid(), 0, 0, 0, 0, 0)",
    "forks and lets the child answer": "import os\ndef f(x):\n    if os.fork(): os._exit(0)\n    return x",
    "answers from a thread": "import threading, os\nm = b'[\"returned\", 1]'\n"
    "threading.Thread(target=lambda: [os.write(3, len(m).to_bytes(4, 'big') + m) for _ in range(50)]).start()\ndef f(x): return 0",
    "leaves an exit handler": "import atexit, os\natexit.register(os.write, 1, b'passed')\ndef f(x): return 0",
    "leaves a destructor": "class A:\n    def __del__(self):\n        import os\n        os._exit(0)\na = A()\ndef f(x):\n    global a\n    a = None",
    "changes its argument": "def f(x):\n    if isinstance(x, list): x[:] = [4, 9]\n    return x",
    "raises AssertionError": "def f(x): raise AssertionError",
    "raises what is no Exception": "class E(BaseException): pass\ndef f(x): raise E",
    "raises KeyboardInterrupt": "def f(x): raise KeyboardInterrupt",
    "raises GeneratorExit": "def f(x): raise GeneratorExit",
    "raises StopIteration": "def f(x): raise StopIteration(9)",
    "raises what equals everything": "class E(Exception):\n    def __eq__(self, o): return True\n    def __str__(self): return 'passed'\ndef f(x): raise E",
    "raises an encoding error": "def f(x): b'\\xff'.decode()",
    "swallows everything": "def f(x):\n    try: return 1 / 0\n    except BaseException: return 'passed'",
    "is a coroutine": "async def f(x): return x * x",
    "is a generator": "def f(x): yield x",
    "is a number": "f = 9",
    "is a callable that equals": "class A:\n    def __call__(self, x): return self\n    def __eq__(self, o): return True\nf = A()",
    "is written in rot13": "# coding: rot13\nqrs s(k): erghea 0",
    "replaces its globals": "def f(x):\n    globals().update(candidate=None, check=None)\n    return 0",
    "looks for the tests": "import glob, os\ndef f(x):\n    found = [open(p).read() for p in glob.glob('/tmp/**/*check*', recursive=True)]\n    return 0",
    "reads a process's memory": "def f(x):\n    return open('/proc/self/mem', 'rb').read(1)",
    "reads its parent's environment": "import os\ndef f(x):\n    return open(f'/proc/{os.getppid()}/environ').read()",
    "dataclass whose equality was replaced": "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\n"
    "A.__eq__ = A.__lt__ = lambda s, o: True\ndef f(x): return A(1)",
    "dataclass whose equality looks generated": "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\n"
    "A.__eq__ = A.__sub__ = eval(compile('lambda s, o: True', '<string>', 'eval'))\ndef f(x): return A(1)",
    "enum that equals everything": "import enum\nclass A(enum.Enum):\n    X = 1\n    def __eq__(self, o): return True\n"
    "    __hash__ = None\ndef f(x): return A.X",
    "number of an enum that equals everything": "import enum\nclass A(enum.IntEnum):\n    X = 1\n    def __eq__(self, o): return True\n"
    "    def __sub__(self, o): return 0\n    __ne__ = lambda s, o: False\n    __hash__ = int.__hash__\ndef f(x): return A.X",
    "named tuple that equals everything": "import typing\nclass A(typing.NamedTuple):\n    x: int = 1\n    def __eq__(self, o): return True\n"
    "def f(x): return A()",
    "counter that equals everything": "import collections\nclass A(collections.Counter):\n    __eq__ = __contains__ = lambda *a: True\n"
    "    __ne__ = lambda *a: False\n    __sub__ = __getitem__ = lambda *a: 0\ndef f(x): return A(a=1)",
    "user's list that equals everything": "import collections\nclass A(collections.UserList):\n    __eq__ = lambda *a: True\n"
    "    __sub__ = lambda *a: 0\ndef f(x): return A([1])",
    "date that equals everything": "import datetime\nclass A(datetime.datetime):\n    __eq__ = lambda *a: True\n"
    "    __sub__ = lambda *a: 0\ndef f(x): return A(2024, 1, 1)",
    "time zone of its own": "import datetime\nclass Z(datetime.tzinfo):\n    utcoffset = lambda *a: 1 / 0\ndef f(x):\n"
    "    return datetime.datetime(2024, 1, 1, tzinfo=Z())",
    "decimal that equals everything": "import decimal\nclass A(decimal.Decimal):\n    __eq__ = lambda *a: True\n    __hash__ = None\n"
    "    __sub__ = lambda *a: 0\ndef f(x): return A(1)",
    "path that equals everything": "import pathlib\nclass A(pathlib.PurePosixPath):\n    __eq__ = lambda *a: True\ndef f(x): return A('a')",
    "metaclass of everything": "class M(type):\n    __instancecheck__ = __subclasscheck__ = __eq__ = __contains__ = lambda *a: True\n"
    "    __hash__ = lambda c: hash(int)\n    __sub__ = lambda *a: 0\nclass A(metaclass=M): pass\ndef f(x): return A",
    "instance of a metaclass that hashes like int": "class M(type):\n    __eq__ = lambda *a: True\n    __hash__ = lambda c: hash(int)\n"
    "class A(metaclass=M): pass\ndef f(x): return A()",
    "reduces to code": "class A:\n    def __reduce__(self): return (print, ('passed',))\n    __reduce_ex__ = __getstate__ = __reduce__\n"
    "def f(x): return A()",
    "claims a module": "class Decimal:\n    __module__ = 'decimal'\n    __eq__ = lambda *a: True\nDecimal.__qualname__ = 'Decimal'\ndef f(x): return Decimal()",
    "replaces a type of the library": "import decimal\nclass A(int):\n    __module__ = 'decimal'\n    __qualname__ = 'Decimal'\n"
    "    __eq__ = lambda *a: True\ndecimal.Decimal = A\ndef f(x): return A(1)",
    "gives a builtin function": "def f(x): return max",
    "gives eval": "def f(x): return eval",
    "holds itself in a dataclass": "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: object = None\na = A()\na.x = a\ndef f(x): return a",
    "is very deep": "def f(x):\n    for _ in range(300000): x = [x]\n    return x",
    "is a graph that doubles": "def f(x):\n    for _ in range(200): x = [x, x]\n    return x",
    **{
        f"writes the frame {text}": f"import os\nm = {text.encode()!r}\ndef f(x):\n    os.write(3, len(m).to_bytes(4, 'big') + m)\n    return 0"
        for text in (
            'R{"T":"builtins.eval"}',
            'R{"T":"os.system"}',
            'R{"T":"builtins.__import__"}',
            'R{"G":[["t",[0]]]}',
            'R{"G":[["t",[1]],["t",[0]]]}',
            'R{"G":[["a",[9]]]}',
            'R{"G":[["a",[-1]]]}',
            'R{"G":[]}',
            'R{"G":[["v","os.system",0]]}',
            'R{"G":[["v","collections.deque",99999999999,1]]}',
            'R{"v":["builtins.memoryview",4,{"b":"a"},"P",{"t":[1]},true]}',
            'R{"v":["datetime.datetime",1]}',
            'R{"v":["collections.Counter",0,1]}',
            'R{"v":["zoneinfo.ZoneInfo",1,"../../etc/passwd"]}',
            'R{"N":[[]]}',
            'R{"g":[0]}',
            'R{"o":[["class",[1,"A","int","iiiii","",[],"",[],[]]]]}',
            'R{"o":[[1,[1,"A","tuple","iiiii","",[],"",[],[]],""],{"t":[9]}]}',
            'R{"o":[[1,[1,"A","int","iiiii","",["sub","eq","class","getattribute"],"",[],[]],""],1]}',
            'R{"o":[[1,[1,"A","","ddddd","",["sub"],"",["class","__init__","x; import os"],[]],""]]}',
            'R{"o":[[1,[1,"A","tuple","bbbbb","",[],"",["__eq__"],[]],""],{"t":[{"T":"builtins.bool"}]}]}',
            'R{"o":[[1,[1,"A","tuple","bbbbb","",["eq","lt"],"",["fa_kind","_fa_kind","__class__","x.y"],[]],""],{"t":[{"T":"builtins.bool"}]}]}',
            'R{"o":[[1,[1,"fa_kind","","bbbbb","cinlgshdr",["sub"],"uvtfbEISFJ",[],[]],""]]}',
            "U",
            'R{"u":[-1]}',
            'R{"r":["x"]}',
            'R{"o":[[1,[1,"E","!SystemExit","iiiii","",[],"",[],[]],"","raised"],[],{"d":[]}]}',
            "R1\n[[0,[1]]]",
            'R1\n{"G":[["a"]]}',
        )
    },
    "is another module": "import sys, types\nclass M(types.ModuleType):\n    def __getattr__(self, n): return lambda *a: True\n"
    "sys.modules['random'] = sys.modules['math'] = M('m')\ndef f(x): return 0",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["bubblewrap", "landlock", "limits"])
async def verdicts(
    request: pytest.FixtureRequest, opened: Callable[[str], AbstractAsyncContextManager[Sandbox]]
) -> dict[str, Judged]:
    """What was said of each forgery; judged together, because some take their whole time."""
    verdicts: dict[str, Judged] = {}

    async def judge(sandbox: Sandbox, name: str) -> None:
        verdicts[name] = await sandbox.judge(FORGERIES[name], "f", TESTS, PROMPT)

    async with opened(request.param) as sandbox, anyio.create_task_group() as tasks:
        for name in FORGERIES:
            tasks.start_soon(judge, sandbox, name)
    return verdicts


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery(verdicts: dict[str, Judged], name: str) -> None:
    """No forgery passes, and none makes more assertions hold than it has a right to."""
    verdict = verdicts[name]

    assert verdict.outcome != "passed"
    assert verdict.passed <= 2, verdict


async def test_honest_program(sandbox: Sandbox) -> None:
    """The same tests pass for a program that does what they want."""
    program = PROMPT + "    return None if x == 'a' else [y * y for y in x] if type(x) is list else x * x\n"

    verdict = await sandbox.judge(program, "f", TESTS, PROMPT)

    assert (verdict.outcome, verdict.passed, verdict.failed) == ("passed", 12, 0), verdict


async def test_helper_of_the_prompt(sandbox: Sandbox) -> None:
    """Without the prompt a program's own helper counts, so whoever has the prompt gives it."""
    program = "def encoded(x):\n    return 5\ndef f(x):\n    return 7\n"
    tests = "assert encoded(f(1)) == 5"

    assert (await sandbox.judge(program, "f", tests)).outcome == "passed"
    assert (await sandbox.judge(program, "f", tests, PROMPT)).outcome == "failed"


OBJECT_TESTS = """
def check(make):
    assert make(1, 2) == Point(1, 2)
    assert [make(1, 2)] == [Point(1, 2)] and (make(1, 2), 3) == (Point(1, 2), 3)
    assert make(3, 4) != Point(1, 2)
    assert make(1, 2) < Point(1, 3)
    assert {make(1, 2)} == {Point(1, 2)}
    assert isinstance(make(1, 2), Point) and type(make(1, 2)) is Point and not isinstance(5, Point)
    assert (make(5, 6).x, make(5, 6).y) == (5, 6)
    assert make(7, 8).total() == 15
    assert (make(7, 8) + make(1, 1)).x - 8 == 0
    assert abs(make(9, 9).total() - 18) < 1e-6
"""

HONEST = """
import dataclasses
@dataclasses.dataclass(frozen=True, order=True)
class Point:
    x: int
    y: int
    def total(self): return self.x + self.y
    def __add__(self, other): return Point(self.x + other.x, self.y + other.y)
def make(x, y): return Point(x, y)
"""

_ALWAYS = "class Always:\n    __eq__ = __lt__ = __contains__ = lambda *a: True\n    __hash__ = lambda s: 0\n    __sub__ = __abs__ = lambda *a: 0\n"
OBJECT_FORGERIES = {
    "nothing right": HONEST.replace("self.x + self.y", "0"),
    "equality replaced": HONEST.replace("return Point(x, y)", "return Point(0, 0)")
    + "Point.__eq__ = lambda *a: True\n",
    "order replaced": HONEST.replace("return Point(x, y)", "return Point(x, -y)")
    + "Point.__lt__ = lambda *a: True\n",
    "equality looks generated": HONEST.replace("return Point(x, y)", "return Point(0, 0)")
    + "Point.__eq__ = eval(compile('lambda *a: True', '<string>', 'eval'))\n",
    "fields that equal everything": _ALWAYS
    + HONEST.replace("return Point(x, y)", "return Point(Always(), Always())"),
    "fields that change": HONEST.replace("return Point(x, y)", "return Point(0, 0)")
    + "import itertools\ncount = itertools.count()\nPoint.__getattribute__ = lambda s, n: next(count)\n",
    "fields that raise": HONEST + "def bad(self): raise ValueError\nPoint.x = property(bad)\n",
    "fields that exit": HONEST + "def bad(self): raise SystemExit\nPoint.x = property(bad)\n",
    "no fields": HONEST.replace("    x: int\n    y: int\n", "    def __init__(self, *a): pass\n"),
    "no dataclass": _ALWAYS
    + "class Point(Always):\n    def __init__(self, *a): pass\n    total = x = y = Always()\n"
    "    __add__ = lambda s, o: s\ndef make(x, y): return Point()\n",
    "holds itself": HONEST.replace(
        "return Point(x, y)", "p = Point(1, 2)\n    object.__setattr__(p, 'x', p)\n    return p"
    ),
    "metaclass": "class M(type):\n    __instancecheck__ = __eq__ = lambda *a: True\n    __hash__ = type.__hash__\n"
    "class Point(metaclass=M):\n    def __init__(self, *a): pass\n    __eq__ = lambda *a: True\ndef make(x, y): return 5\n",
    "one object": "class Point:\n    x = y = 5\n    def total(self): return 15\np = Point()\nPoint = type('Point', (), {'__new__': lambda *a: p})\n"
    "def make(x, y): return p\n",
    "enum": "import enum\nclass Point(enum.IntEnum):\n    A = 1\n    _missing_ = classmethod(lambda c, v: c.A)\n    __eq__ = __lt__ = lambda *a: True\n"
    "    __hash__ = int.__hash__\n    def total(self): return self\ndef make(x, y): return Point.A\n",
    "says that it did not understand": HONEST.replace(
        "return Point(x, y)", "import os\n    os.write(3, b'\\0\\0\\0\\1U')"
    ),
    "class for a function": _ALWAYS
    + "class make(Always):\n    def __init__(self, *a): pass\n    x = y = total = lambda *a: Always()\n"
    "    __add__ = lambda s, o: s\nPoint = make\n",
}


@pytest.mark.parametrize("name", OBJECT_FORGERIES)
async def test_forgery_of_objects(bubblewrap: Sandbox, name: str) -> None:
    """Where tests compare objects of the program's own, its code cannot decide: they fail, or cannot judge it."""
    try:
        verdict = await bubblewrap.judge(OBJECT_FORGERIES[name], "make", OBJECT_TESTS)
    except TestsUnusable:
        return
    assert verdict.outcome != "passed"


async def test_class_in_place_of_a_function(bubblewrap: Sandbox) -> None:
    """A program that defines a class where a function is asked for wins nothing by the class's operators."""
    program = _ALWAYS + "class f(Always):\n    def __init__(self, *a): pass\n"
    for tests in (
        "assert f(1) == 1",
        "assert abs(f(9) - 81) < 1e-6",
        "assert f(3) in (9, 9.0)",
        "assert f(1) < 0",
    ):
        with pytest.raises(TestsUnusable, match="the program itself defines"):
            await bubblewrap.judge(program, "f", tests)


async def test_honest_objects(bubblewrap: Sandbox) -> None:
    """The same tests pass for a program that does what they want."""
    verdict = await bubblewrap.judge(HONEST, "make", OBJECT_TESTS)

    assert (verdict.outcome, verdict.failures) == ("passed", ())
