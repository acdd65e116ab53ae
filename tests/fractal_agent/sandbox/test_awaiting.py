"""Async functions: awaited by the tests, or by the program where the tests call them plainly."""

# ruff: noqa: E501  # A program in a table is read best on few lines.

import pytest

from events.effects import ExecutionRequested
from events.work import Example
from fractal_agent.sandbox import Sandbox, TestsUnusable

PROGRAM = """
import asyncio

async def f(x):
    await asyncio.sleep(0.001)
    if x < 0:
        raise ValueError("negative")
    return x + 1

async def count(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i

class Door:
    async def __aenter__(self):
        return 5

    async def __aexit__(self, *error):
        return False

box = asyncio.Queue()

async def put(x):
    await box.put(x)

async def take():
    return await box.get()

async def never():
    await asyncio.sleep(100)
"""

TESTS = {
    "check that awaits": "async def check(candidate):\n    assert await candidate(1) == 2\n    assert await candidate(x=2) == 3",
    "run": "import asyncio\ndef check(candidate):\n    assert asyncio.run(candidate(1)) == 2",
    "top level": "assert await f(1) == 2",
    "test function": "import asyncio\nasync def test_f():\n    assert await f(1) == 2",
    "test case": "import unittest\nclass T(unittest.IsolatedAsyncioTestCase):\n    async def test_f(self):\n        self.assertEqual(await f(1), 2)",
    "gather": "import asyncio\nasync def check(candidate):\n    assert await asyncio.gather(*map(candidate, range(3))) == [1, 2, 3]",
    "task": "import asyncio\nasync def check(candidate):\n    task = asyncio.create_task(candidate(1))\n    assert await task == 2",
    "exception": "async def check(candidate):\n    try:\n        await candidate(-1)\n        assert False\n    except ValueError as error:\n        assert str(error) == 'negative'",
}


BEYOND = {
    "generator": "async def check(candidate):\n    assert [x async for x in count(3)] == [0, 1, 2] and await candidate(0) == 1",
    "loop": "async def check(candidate):\n    seen = []\n    async for x in count(2):\n        seen.append(x)\n    assert seen == [0, 1] and await candidate(0)",
    "context manager": "async def check(candidate):\n    async with Door() as five:\n        assert five == 5 and await candidate(0)",
    "in time": "import asyncio\nasync def check(candidate):\n    assert await asyncio.wait_for(candidate(1), 5) == 2",
    "out of time": "import asyncio\nasync def check(candidate):\n    try:\n        await asyncio.wait_for(never(), 0.05)\n    except TimeoutError:\n        assert await candidate(1) == 2\n    else:\n        assert False",
}


@pytest.mark.parametrize("name", BEYOND)
async def test_what_cannot_be_asked(bubblewrap: Sandbox, name: str) -> None:
    """Async iteration, async contexts and limits on a wait are no verdict: the tests cannot judge."""
    with pytest.raises(TestsUnusable):
        await bubblewrap.judge(PROGRAM, "f", BEYOND[name])


@pytest.mark.parametrize("name", TESTS)
async def test_tests_that_await(bubblewrap: Sandbox, name: str) -> None:
    """What the tests await is the value that the program's coroutine gives."""
    judged = await bubblewrap.judge(PROGRAM, "f", TESTS[name])

    assert judged.outcome == "passed", judged


async def test_plain_call_of_what_the_prompt_makes_async(bubblewrap: Sandbox) -> None:
    """Tests that call an async function plainly get its value, if the prompt asks for an async function."""
    tests = "def check(candidate):\n    assert candidate(1) == 2"

    async_prompt = await bubblewrap.judge(PROGRAM, "f", tests, "async def f(x):\n    '''One more.'''\n")
    plain_prompt = await bubblewrap.judge(PROGRAM, "f", tests, "def f(x):\n    '''One more.'''\n")

    assert async_prompt.outcome == "passed"
    assert plain_prompt.outcome == "failed"


@pytest.mark.parametrize(
    "program",
    [
        "def f(x): return x + 1",
        "class A:\n    def __eq__(self, o): return True\nasync def f(x): return A()",
        "class A:\n    def __await__(self):\n        yield\n        return A()\n    def __eq__(self, o): return True\ndef f(x): return A()",
        "import asyncio\nasyncio.wait = asyncio.ensure_future = None\nasync def f(x): return x",
        "async def f(x): return f(x)",
        "async def f(x):\n    while True: pass",
        "import os\nasync def f(x): os._exit(0)",
        "async def f(x): raise SystemExit(0)",
        "async def f(x): raise StopAsyncIteration",
        "async def f(x):\n    import asyncio\n    raise asyncio.CancelledError",
    ],
)
async def test_wrong_async_program(sandbox: Sandbox, program: str) -> None:
    """A function that is not async where it is awaited, and one that forges, do not pass."""
    judged = await sandbox.judge(
        program, "f", "async def check(candidate):\n    assert await candidate(3) == 4"
    )

    assert judged.outcome != "passed"


async def test_examples(sandbox: Sandbox) -> None:
    """Examples may await the function, or run it."""
    calls = ["await f(1)", "asyncio.run(f(1))", "[await f(0), 2][1]"]
    request = ExecutionRequested(
        program=PROGRAM,
        entry_point="f",
        examples=tuple(Example(call=call, expected="2") for call in calls),
    )

    answer = await sandbox.execute(request)

    assert [result.outcome for result in answer.results] == ["passed"] * 3, answer
