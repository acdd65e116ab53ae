"""A class as the entry point, with state over several calls."""

import pytest

from fractal_agent.sandbox import Sandbox

PROGRAM = '''
class Stack:
    """A stack."""
    kind = "stack"

    def __init__(self, *items):
        self.items = list(items)

    def push(self, item):
        self.items.append(item)

    def pop(self):
        return self.items.pop()

    def __len__(self):
        return len(self.items)

    def __contains__(self, item):
        return item in self.items

    def __iter__(self):
        return iter(self.items)

    @property
    def top(self):
        return self.items[-1]

    @classmethod
    def of(cls, items):
        return cls(*items)

    @staticmethod
    def twice(number):
        return 2 * number
'''

HOLD = {
    "state": "s = candidate(); s.push(1); s.push(2); assert s.pop() == 2; assert len(s) == 1",
    "property": "s = candidate(1, 2); assert s.top == 2",
    "membership": "assert 1 in candidate(1) and 2 not in candidate(1)",
    "iteration": "assert list(candidate(1, 2)) == [1, 2]",
    "class method": "assert list(candidate.of([3])) == [3]",
    "static method": "assert candidate.twice(4) == 8",
    "class attribute": "assert candidate.kind == 'stack' and len(candidate()) == 0",
    "instance of": "assert isinstance(candidate(), candidate)",
    "truth": "assert candidate(1) and not candidate()",
}


@pytest.mark.parametrize("name", HOLD)
async def test_right_class(bubblewrap: Sandbox, name: str) -> None:
    """What holds of the class in one process holds here."""
    tests = f"def check(candidate):\n    {HOLD[name]}\n"

    assert (await bubblewrap.judge(PROGRAM, "Stack", tests)).outcome == "passed"


async def test_exception_of_a_method(bubblewrap: Sandbox) -> None:
    """What a method raises can be caught by its type."""
    tests = (
        "def check(candidate):\n    try:\n        candidate().pop()\n    except IndexError:\n        pass\n"
        "    else:\n        assert False\n    assert len(candidate()) == 0\n"
    )

    assert (await bubblewrap.judge(PROGRAM, "Stack", tests)).outcome == "passed"


async def test_wrong_class(sandbox: Sandbox) -> None:
    """A class that keeps no state fails, and so does one whose answers equal everything."""
    tests = "def check(candidate):\n    s = candidate(); s.push(1); assert s.pop() == 1; assert len(s) == 0\n"
    forgetful = PROGRAM.replace("self.items.append(item)", "pass")
    equal = PROGRAM.replace("return self.items.pop()", "return type('E', (), {'__eq__': lambda *_: True})()")

    assert (await sandbox.judge(forgetful, "Stack", tests)).outcome == "failed"
    assert await _outcome(sandbox, equal, tests) != "passed"


async def _outcome(sandbox: Sandbox, program: str, tests: str) -> str:
    from fractal_agent.sandbox import TestsUnusable

    try:
        return (await sandbox.judge(program, "Stack", tests)).outcome
    except TestsUnusable:
        return "unusable"
