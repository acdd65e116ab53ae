"""Tests of a class: what they may ask of its instances, and what no answer may decide."""

# ruff: noqa: E501, ISC004  # A program in a table is read best on few lines.

import pytest

from fractal_agent.sandbox import Judged, Sandbox, TestsUnusable

STACK = """
class Stack:
    made = 0

    def __init__(self, *items):
        self.items = list(items)
        Stack.made += 1

    def push(self, item):
        self.items.append(item)
        return self

    def pop(self):
        if not self.items:
            raise IndexError("empty")
        return self.items.pop()

    @property
    def top(self):
        return self.items[-1]

    @top.setter
    def top(self, item):
        if item is None:
            raise ValueError("nothing")
        self.items[-1] = item

    @classmethod
    def of(cls, items):
        return cls(*items)

    @staticmethod
    def name():
        return "stack"

    def copy(self):
        return Stack(*self.items)

    def __len__(self):
        return len(self.items)

    def __repr__(self):
        return f"Stack({self.items})"

    def __eq__(self, other):
        return isinstance(other, Stack) and self.items == other.items

    def __hash__(self):
        return hash(tuple(self.items))

    def __lt__(self, other):
        return len(self) < len(other)

    def __add__(self, other):
        return Stack(*self.items, *(other.items if isinstance(other, Stack) else [other]))

    def __iadd__(self, other):
        self.items += other.items
        return self

    def __neg__(self):
        return Stack(*reversed(self.items))

    def __contains__(self, item):
        return item in self.items

    def __getitem__(self, place):
        return self.items[place]

    def __setitem__(self, place, item):
        self.items[place] = item

    def __delitem__(self, place):
        del self.items[place]

    def __iter__(self):
        return iter(self.items)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.items.clear()
        return kind is KeyError

    def __call__(self, add):
        return sum(self.items) + add

    def __bool__(self):
        return bool(self.items)

    def __int__(self):
        return len(self.items)
"""

RIGHT = {
    "state": "s = candidate(); s.push(1); assert s.pop() == 1; assert len(s) == 0",
    "fluent": "s = candidate(); assert s.push(1).push(2) is s; assert s.pop() == 2",
    "exceptions": "try:\n        candidate().pop()\n        assert False\n    except IndexError as e:\n        assert str(e) == 'empty'",
    "text": "s = candidate(1); s.push(2); assert repr(s) == 'Stack([1, 2])' == str(s) == f'{s}'",
    "equal": "assert candidate(1) == candidate(1); assert candidate(1) != candidate(2); assert not candidate(1) == candidate(2)",
    "unequal to a plain value": "assert candidate(1) != [1]; assert not candidate() == 0",
    "sum": "assert candidate(1) + candidate(2) == candidate(1, 2); assert candidate(1) + candidate(2) != candidate(1)",
    "sum with a plain value": "assert candidate(1) + 2 == candidate(1, 2)",
    "in place": "s = candidate(1); t = s; s += candidate(2); assert s is t and len(s) == 2",
    "unary": "assert -candidate(1, 2) == candidate(2, 1); assert int(candidate(5)) == 1",
    "order": "a, b = candidate(1), candidate(1, 2); assert a < b; assert not b < a; assert b > a; assert sorted([b, a]) == [a, b]; assert max(a, b) is b",
    "hash": "assert len({candidate(1), candidate(1), candidate(2)}) == 2; assert {candidate(1): 3}[candidate(1)] == 3",
    "contains": "s = candidate(1); assert 1 in s; assert 2 not in s",
    "items": "s = candidate(1, 2); s[0] = 5; assert s[0] == 5; del s[0]; assert list(s) == [2]; assert [x for x in s] == [2]",
    "with": "with candidate(1) as s:\n        assert len(s) == 1\n    assert len(s) == 0",
    "with an exception": "with candidate(1) as s:\n        raise KeyError('a')\n    assert len(s) == 0",
    "property": "s = candidate(1); assert s.top == 1; s.top = 7; assert s.pop() == 7",
    "property refuses": "s = candidate(1)\n    try:\n        s.top = None\n        assert False\n    except ValueError:\n        pass\n    assert s.top == 1",
    "attribute": "s = candidate(1); s.items = [4]; assert s.pop() == 4; s.more = 3; assert s.more == 3; del s.more; assert not hasattr(s, 'more')",
    "class attribute": "before = candidate.made; candidate(); assert candidate.made == before + 1; candidate.made = 0; candidate(); assert candidate.made == 1",
    "class method": "s = candidate.of([1, 2]); assert len(s) == 2; assert s == candidate(1, 2); assert s + candidate(3) == candidate(1, 2, 3)",
    "static method": "assert candidate.name() == 'stack' == candidate(1).name()",
    "isinstance": "s = candidate(); assert isinstance(s, candidate); assert not isinstance(3, candidate); assert isinstance(s, (int, candidate)); assert isinstance(s, object); assert not isinstance(s, list)",
    "type": "s = candidate(); assert type(s) is candidate; assert s.__class__ is candidate; assert type(s).__name__ == 'Stack' == s.__class__.__name__; assert isinstance(candidate, type); assert type(3) is int",
    "call": "assert candidate(1, 2)(3) == 6; assert callable(candidate(1))",
    "truth": "assert candidate(1); assert not candidate()",
    "copy": "s = candidate(1); t = s.copy(); assert s is not t; assert s == t; t.push(2); assert s != t",
    "copy of the library": "import copy; s = candidate(1); t = copy.deepcopy(s); t.push(2); assert len(s) == 1 and len(t) == 2",
    "two at once": "a, b = candidate(), candidate(); a.push(1); assert len(b) == 0",
    "private attribute": "s = candidate(1); s._x = 2; assert s._x == 2",
    "attributes": "s = candidate(1); assert vars(s) == {'items': [1]}; assert 'push' in dir(s) and 'push' in dir(candidate)",
    "by name": "s = Stack(1); assert s.pop() == 1",
}


@pytest.mark.parametrize("name", RIGHT)
async def test_right_class(bubblewrap: Sandbox, name: str) -> None:
    """What holds of a right class in one process holds here."""
    tests = f"def check(candidate):\n    {RIGHT[name]}\n"
    names: dict[str, object] = {}
    exec(STACK + tests, names)  # the reference: one process
    names["check"](names["Stack"])  # type: ignore[operator]  # as above

    judged = await bubblewrap.judge(STACK, "Stack", tests)

    assert judged.outcome == "passed", judged


WRONG = {
    "state": "s = candidate(); s.push(1); assert s.pop() == 2",
    "equal": "assert candidate(1) == candidate(2)",
    "sum": "assert candidate(1) + candidate(2) == candidate(2, 1)",
    "order": "assert candidate(1, 2) < candidate(1)",
    "contains": "assert 2 in candidate(1)",
    "text": "assert repr(candidate(1)) == 'Stack(1)'",
    "isinstance": "assert isinstance(candidate(), int)",
    "no such method": "candidate().peek()",
    "plain": "assert candidate(1) == [1]",
}


@pytest.mark.parametrize("name", WRONG)
async def test_wrong_class(bubblewrap: Sandbox, name: str) -> None:
    """What does not hold fails, and says what was found."""
    judged = await bubblewrap.judge(STACK, "Stack", f"def check(candidate):\n    {WRONG[name]}\n")

    assert judged.outcome == "failed"
    assert judged.failures


EXTENDING = {
    "an ordered dict": (
        "from collections import OrderedDict\nclass C(OrderedDict):\n    def __init__(self, n):\n        super().__init__()\n"
        "        self.n = n\n    def put(self, k, v):\n        self[k] = v\n        if len(self) > self.n:\n            self.popitem(last=False)\n"
        "    def get(self, k):\n        return dict.get(self, k, -1)",
        "c = candidate(2); c.put(1, 1); c.put(2, 2); c.put(3, 3); assert c.get(1) == -1; assert c.get(3) == 3; assert isinstance(c, dict); assert list(c) == [2, 3]",
    ),
    "a list": (
        "class C(list):\n    def total(self):\n        return sum(self)",
        "c = candidate([1, 2]); c.append(3); assert c.total() == 6; assert c == [1, 2, 3]; assert c + [4] == [1, 2, 3, 4]; assert c[1:] == [2, 3]",
    ),
    "a float": (
        "class C(float):\n    def fahrenheit(self):\n        return self * 9 / 5 + 32",
        "c = candidate(100); assert c.fahrenheit() == 212; assert c == 100; assert c > 50; assert abs(c - 99) == 1",
    ),
    "slots": (
        "class C:\n    __slots__ = ('x',)\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, o):\n        return self.x == o.x\n"
        "    def twice(self):\n        return C(2 * self.x)",
        "assert candidate(2).twice() == candidate(4); assert not candidate(2).twice() == candidate(5)",
    ),
    "another class of its own": (
        "class A:\n    def speak(self):\n        return 'a'\nclass C(A):\n    pass",
        "assert candidate().speak() == 'a'; assert isinstance(candidate(), A); assert issubclass(candidate, A); assert not issubclass(A, candidate)",
    ),
    "an enumeration": (
        "from enum import Enum\nclass C(Enum):\n    RED = 1\n    BLUE = 2",
        "assert candidate.RED.value == 1; assert candidate(2) is candidate.BLUE; assert candidate.RED != candidate.BLUE; assert candidate['RED'] is candidate.RED; assert len(list(candidate)) == 2",
    ),
}


@pytest.mark.parametrize("name", EXTENDING)
async def test_class_that_extends_another(bubblewrap: Sandbox, name: str) -> None:
    """A class that extends a builtin, or another of the program, keeps its methods and its state."""
    program, tests = EXTENDING[name]

    judged = await bubblewrap.judge(program, "C", f"def check(candidate):\n    {tests}\n")

    assert judged.outcome == "passed", judged


VECTOR = "def check(candidate):\n    v = candidate(3, 4)\n    "

FORGERIES = {
    "method that equals": ("def length(self): return Always()", "assert v.length() == 5"),
    "method that is near": ("def length(self): return Always()", "assert abs(v.length() - 5.0) < 1e-9"),
    "method that returns itself": (
        "def length(self): return self\n    def __sub__(self, o): return 0.0\n    def __eq__(self, o): return True",
        "assert abs(v.length() - 5.0) < 1e-9",
    ),
    "itself in a list": (
        "def parts(self): return [self]\n    def __sub__(self, o): return 0.0",
        "assert abs(v.parts()[0] - 3) < 1e-9",
    ),
    "itself by iteration": (
        "def __iter__(self): return iter([self])\n    def __sub__(self, o): return 0.0",
        "assert abs(next(iter(v)) - 3) < 1",
    ),
    "itself as a property": (
        "@property\n    def x(self): return self\n    def __eq__(self, o): return True",
        "assert v.x == 3",
    ),
    "difference of vectors": (
        "def __sub__(self, o): return self if isinstance(o, V) else 0.0",
        "assert abs((v - candidate(0, 0)) - 5.0) < 1e-9",
    ),
    "method that is less": ("def length(self): return Always()", "assert v.length() < 6 and v.length() > 4"),
    "sum that equals": ("def __add__(self, o): return Always()", "assert v + v == candidate(6, 8)"),
    "sum that equals by itself": (
        "def __add__(self, o): return V(0, 0)\n    def __eq__(self, o): return True",
        "assert v + v == candidate(6, 8)",
    ),
    "lying length": (
        "def length(self): return Always()",
        "assert len(str(v.length())) == 3 and v.length() == 5",
    ),
    "static method": ("@staticmethod\n    def unit(): return Always()", "assert candidate.unit() == 1"),
    "class method": (
        "@classmethod\n    def unit(cls): return cls(0, 0)\n    def __sub__(self, o): return 0",
        "assert abs(candidate.unit() - 1) < 1",
    ),
    "class attribute": ("size = None", "candidate.size = None\n    assert candidate.size == 2"),
    "assert almost equal": (
        "def length(self): return Always()",
        "import unittest\n    unittest.TestCase().assertAlmostEqual(v.length(), 5.0)",
    ),
    "metaclass": ("def length(self): return Always", "assert v.length() == 5"),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_forgery(sandbox: Sandbox, name: str) -> None:
    """No class passes by what its objects say of themselves where a value is expected."""
    body, tests = FORGERIES[name]
    always = "".join(
        f"    def __{each}__(self, *o): return {value}\n"
        for each, value in {
            **dict.fromkeys(["eq", "lt", "gt", "le", "ge", "contains", "bool"], "True"),
            **dict.fromkeys(["sub", "rsub", "abs", "add", "radd", "int", "len"], "0"),
            "float": "0.0",
            "ne": "False",
        }.items()
    )
    program = f"class Always:\n{always}\nclass V:\n    def __init__(self, x, y): pass\n    {body}\n"

    try:
        judged: Judged = await sandbox.judge(program, "V", VECTOR + tests)
    except TestsUnusable:
        return

    assert judged.outcome != "passed", judged


UNSOUND = {
    "equal though unlike": "assert candidate(1, 2) + candidate(0, 0) == candidate(2, 4)",
    "a plain value beside what was returned": "assert candidate(1, 2).same() == 0.5",
}


@pytest.mark.parametrize("name", UNSOUND)
async def test_what_cannot_be_judged_is_no_failure(bubblewrap: Sandbox, name: str) -> None:
    """Where the answer of the program would be the verdict, the tests are unusable, and the program not wrong."""
    program = (
        "class Ratio:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n"
        "    def __add__(self, o):\n        return Ratio(self.a + o.a, self.b + o.b)\n"
        "    def same(self):\n        return Ratio(self.a, self.b)\n"
        "    def __eq__(self, o):\n        return self.a / self.b == (o.a / o.b if isinstance(o, Ratio) else o)\n"
    )

    with pytest.raises(TestsUnusable):
        await bubblewrap.judge(program, "Ratio", f"def check(candidate):\n    {UNSOUND[name]}\n")


async def test_function_that_returns_objects_is_judged_as_before(bubblewrap: Sandbox) -> None:
    """Of a function, an object with operators of its own is not a value: it fails."""
    program = "class A:\n    def __sub__(self, o): return 0\n    def __lt__(self, o): return True\ndef f(x): return A()"

    judged = await bubblewrap.judge(program, "f", "assert abs(f(1) - 5) < 1")

    assert judged.outcome == "failed"
