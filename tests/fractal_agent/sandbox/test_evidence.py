"""What is known of a failing program: each assertion with call, expected and actual, however tests are written."""

# ruff: noqa: E501  # A program in a table is read best on few lines.

from collections.abc import AsyncIterator

import pytest

from fractal_agent.sandbox import Judged, Limits, Sandbox, Step, open_sandbox

DOUBLES = "def f(x):\n    print('called')\n    return x * 2\n"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with open_sandbox(concurrency=1, unsafe=True) as sandbox:
        yield sandbox


async def judged(sandbox: Sandbox, tests: str, program: str = DOUBLES, *, trace: bool = False) -> Judged:
    return await sandbox.judge(program, "f", tests, trace=trace)


def told(verdict: Judged) -> list[tuple[str, str, str]]:
    return [(one.example.call, one.example.expected, one.actual or one.error) for one in verdict.failures]


FORMS = {
    "equality": ("assert f(1) == 3", [("f(1)", "3", "2")]),
    "equality turned round": ("assert 3 == f(1)", [("f(1)", "3", "2")]),
    "identity": ("assert f(1) is None", [("f(1)", "None", "2")]),
    "truth": ("assert f(0)", [("f(0)", "True", "0")]),
    "untruth": ("assert not f(1)", [("f(1)", "False", "2")]),
    "condition of another call": ("import math\nassert math.isclose(f(1), 3.0)", [("f(1)", "math.isclose(f(1), 3.0)", "2")]),
    "names in a condition": ("want = [0, 3.5]\nfor i in range(2):\n    assert abs(f(i) - want[i]) < 0.1", [("f(1)", "abs(f(i) - want[i]) < 0.1 where i = 1, want = [0, 3.5]", "2")]),
    "other exceptions handled": ("try:\n    assert f(1) == 3\n    assert f(2) == 5\nexcept TypeError:\n    pass", [("f(1)", "3", "2"), ("f(2)", "5", "4")]),
    "a block of its own": ("import contextlib\nwith contextlib.suppress(TypeError):\n    assert f(1) == 3", [("f(1)", "3", "2")]),
    "tolerance": ("assert abs(f(1) - 3.0) < 1e-6", [("f(1)", "abs(f(1) - 3.0) < 1e-06", "2")]),
    "inequality": ("assert f(1) > 2", [("f(1)", "f(1) > 2", "2")]),
    "chain": ("assert f(1) == f(2) == 2", [("f(2)", "f(1) == f(2) == 2", "4")]),
    "keyword": ("assert f(x='a') == 'a'", [("f(x='a')", "'a'", "'aa'")]),
    "message": ("assert f(1) == 3, f'no {1 / 1}'", [("f(1)", "3", "2")]),
    "message that raises": ("assert f(1) == 3, 1 / 0", [("f(1)", "3", "2")]),
    "variable": ("out = f(1)\nassert out == 3\nassert out == 2", [("f(1)", "3", "2")]),
    "several": ("assert f(1) == 3\nassert f(2) == 4\nassert f(3) == 9", [("f(1)", "3", "2"), ("f(3)", "9", "6")]),
    "loop": ("for i in range(3):\n    assert f(i) == i * i", [("f(1)", "1", "2")]),
    "helper": (
        "def same(a, b):\n    assert a == b\nsame(f(1), 3)\nsame(f(2), 4)\nsame(f(3), 9)",
        [("f(1)", "3", "2"), ("f(3)", "9", "6")],
    ),
    "check": ("def check(candidate):\n    assert candidate(1) == 3", [("f(1)", "3", "2")]),
    "exception in an assertion": (
        "assert f(None) == 1\nassert f(1) == 3",
        [("f(None)", "f(None) == 1", "TypeError: unsupported operand type(s) for *: 'NoneType' and 'int' (line 3: return x * 2)"),
         ("f(1)", "3", "2")],
    ),
    "exception in a statement": ("f(None)\nassert f(1) == 3", [
        ("f(None)", "", "TypeError: unsupported operand type(s) for *: 'NoneType' and 'int' (line 3: return x * 2)"),
        ("f(1)", "3", "2")],
    ),
    "exception of the tests": ("assert f(1)[0] == 3\nassert f(1) == 3", [("f(1)", "f(1)[0] == 3", "2"), ("f(1)", "3", "2")]),
    "expected exception": (
        "try:\n    f(None)\n    assert False\nexcept TypeError: pass\nassert f(1) == 3", [("f(1)", "3", "2")],
    ),
    "assertion that is handled": (
        "try:\n    assert f(1) == 3\nexcept AssertionError:\n    assert f(1) == 4", [("f(1)", "4", "2")],
    ),
    "assertion handled by a helper's caller": (
        "def same(a):\n    assert a == 3\ntry:\n    same(f(1))\nexcept AssertionError:\n    assert f(2) == 5",
        [("f(2)", "5", "4")],
    ),
    "with": ("import contextlib\nwith contextlib.suppress(AssertionError):\n    assert f(1) == 3\nassert f(2) == 3", [("f(2)", "3", "4")]),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
async def test_form(sandbox: Sandbox, form: str) -> None:
    """Each form of assertion fails with the call, what was expected of it and what came."""
    tests, expected = FORMS[form]

    verdict = await judged(sandbox, tests)

    assert (verdict.outcome, told(verdict)) == ("failed", expected)
    assert verdict.failed == len(expected)


async def test_counts_beyond_what_is_kept(sandbox: Sandbox) -> None:
    """Of very many failures all are counted and the first are kept."""
    verdict = await judged(sandbox, "for i in range(1, 501):\n    assert f(i) == i\nassert f(0) == 0")

    assert (verdict.passed, verdict.failed, len(verdict.failures)) == (1, 500, 20)


async def test_call_in_which_the_program_ends(sandbox: Sandbox) -> None:
    """The call in which a program ends is named, and what held before it is counted."""
    program = "import os\ndef f(x):\n    return x if x else os._exit(7)\n"

    verdict = await judged(sandbox, "assert f(1) == 1\nassert f(0) == 0", program)

    assert (verdict.outcome, verdict.passed) == ("killed", 1)
    assert told(verdict) == [("f(0)", "", "exited with status 7 before there was a verdict")]


async def test_call_that_does_not_end() -> None:
    """The call that used up the time is named."""
    limits = Limits(cpu_seconds=1, wall_seconds=5)
    async with open_sandbox(limits=limits, concurrency=1, unsafe=True) as sandbox:
        verdict = await judged(
            sandbox, "assert f(1)\nassert f(0)", "def f(x):\n    while not x: pass\n    return x\n"
        )

    assert (verdict.outcome, verdict.passed, verdict.failed) == ("timeout", 1, 1)
    assert [(one.example.call, one.outcome) for one in verdict.failures] == [("f(0)", "timeout")]


async def test_arguments_that_are_changed(sandbox: Sandbox) -> None:
    """What a program does to its arguments is seen by the tests, inside containers too."""
    program = "def f(xs, seen, deep):\n    xs.sort()\n    seen |= {9}\n    deep['a'][0].append(1)\n"
    tests = """
xs, seen, inner = [3, 1, 2], {1}, []
deep = {'a': [inner]}
f(xs, seen, deep)
assert xs == [1, 2, 3]
assert seen == {1, 9}
assert deep == {'a': [[1]]} and inner == [1]
"""
    assert (await judged(sandbox, tests, program)).outcome == "passed"


async def test_values_that_cross(sandbox: Sandbox) -> None:
    """Every builtin value arrives as it went."""
    tests = """
for value in [None, True, 1, -1 << 70, 1 << 40000, 0.1, float('inf'), 1j, 'ü\\ud800', b'\\xff', bytearray(b'a'), (1, [2]), {1: (2,)},
              {(1, 2): {3}}, {1, 2}, frozenset({1}), range(1, 9, 2), int, [[]], {'t': 1}]:
    assert f(value) == value
    assert type(f(value)) is type(value)
assert str(f(-0.0)) == '-0.0'
assert f(float('nan')) != f(float('nan'))
"""
    verdict = await judged(sandbox, tests, "def f(x):\n    return x\n")

    assert told(verdict) == []
    assert verdict.passed == 42


async def test_iterators_and_objects(sandbox: Sandbox) -> None:
    """The judge can go through what a program yields, and hand an object of the program's back to it."""
    program = "class P:\n    x = 7\ndef f(n):\n    return n.x if isinstance(n, P) else P() if n == 0 else (i for i in range(n))\n"
    tests = "assert list(f(3)) == [0, 1, 2]\nassert f(f(0)) == 7\nassert f(0) != f(0)\nassert f(0)"

    assert (await judged(sandbox, tests, program)).outcome == "passed"


async def test_printed_text(sandbox: Sandbox) -> None:
    """What the program prints is part of the evidence."""
    assert (await judged(sandbox, "assert f(1) == 2")).stdout == "called\n"


async def test_trace(sandbox: Sandbox) -> None:
    """On request the first failing call is followed, line by line, with the variables that changed."""
    program = "def f(x):\n    y = x + 1\n    return y\n"

    verdict = await judged(sandbox, "assert f(1) == 2\nassert f(5) == 5", program, trace=True)

    assert verdict.trace == (
        Step(line=2, source="y = x + 1", changed={"x": "5"}),
        Step(line=3, source="return y", changed={"y": "6"}),
        Step(line=3, source="return y", changed={}),
    )


async def test_same_draws(sandbox: Sandbox) -> None:
    """Tests that draw their inputs draw the same for every program."""
    tests = "import random\nfor _ in range(5):\n    assert f(random.random()) == 2"

    assert (await judged(sandbox, tests)).failures == (await judged(sandbox, tests)).failures


async def test_expected_value_is_no_call(sandbox: Sandbox) -> None:
    """A program has no part in what an example expects: only builtin types are called there."""
    from events.effects import ExecutionRequested
    from events.work import Example

    request = ExecutionRequested(
        program="def f(x=0):\n    return 1\nint = f\n",
        entry_point="f",
        examples=(Example(call="f()", expected="f()"), Example(call="f()", expected="int(1)")),
    )

    answer = await sandbox.execute(request)

    assert [result.outcome for result in answer.results] == ["error", "passed"]
