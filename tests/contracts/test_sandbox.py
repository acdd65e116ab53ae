"""What every sandbox promises, checked on each: bubblewrap, landlock, limits and instant.

What only a sandbox that really runs programs can show is checked on the first three.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

import anyio
import msgspec
import pytest

from events.effects import ExecutionCompleted, ExecutionRequested
from events.work import Example
from fractal_agent.sandbox import InstantSandbox, Limits, Sandbox, SandboxError, TestsUnusable, open_sandbox

QUICK = Limits(
    wall_seconds=8, cpu_seconds=2, example_cpu_seconds=0.3, example_wall_seconds=1, shown_characters=200
)

TESTS_OF_SQUARE = """
def check(candidate):
    secret = 7
    assert candidate(secret) == 49, "a secret message"
"""


@asynccontextmanager
async def opened(kind: Literal["bubblewrap", "landlock", "limits", "instant"]) -> AsyncIterator[Sandbox]:
    if kind == "instant":
        yield InstantSandbox()
        return
    async with AsyncExitStack() as stack:
        try:
            sandbox = await stack.enter_async_context(open_sandbox(kind, QUICK))
        except SandboxError as error:
            if kind == "limits":
                raise
            pytest.skip(f"this machine cannot isolate programs: {error}")
        yield sandbox


@pytest.fixture(params=["bubblewrap", "landlock", "limits", "instant"])
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    async with opened(request.param) as sandbox:
        yield sandbox


@pytest.fixture(params=["bubblewrap", "landlock", "limits"])
async def real(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    async with opened(request.param) as sandbox:
        yield sandbox


def asks(program: str, *examples: tuple[str, str], entry_point: str = "f") -> ExecutionRequested:
    return ExecutionRequested(
        program=program,
        entry_point=entry_point,
        examples=tuple(Example(call=call, expected=expected) for call, expected in examples),
    )


def outcomes(answer: ExecutionCompleted) -> list[str]:
    return [result.outcome for result in answer.results]


# On every sandbox.


async def test_names_its_level_and_says_at_most_one_sentence(sandbox: Sandbox) -> None:
    """A sandbox has a level, and a notice that is empty or a single sentence."""
    assert sandbox.level in {"bubblewrap", "landlock", "limits", "instant"}
    assert not sandbox.notice or sandbox.notice.endswith(".")
    assert ". " not in sandbox.notice


async def test_right_program(sandbox: Sandbox) -> None:
    """A right program passes, with one result for each example, in their order."""
    request = asks("def f(x):\n    return x * x\n", ("f(2)", "4"), ("f(3)", "9"))

    answer = await sandbox.execute(request)

    assert answer.outcome == "passed"
    assert tuple(result.example for result in answer.results) == request.examples
    assert [result.actual for result in answer.results] == ["4", "9"]


async def test_no_examples(sandbox: Sandbox) -> None:
    """A program that loads passes when there is nothing to compare."""
    answer = await sandbox.execute(asks("def f():\n    pass\n"))

    assert answer == ExecutionCompleted(outcome="passed")


async def test_right_submission(sandbox: Sandbox) -> None:
    """A right submission passes its hidden tests, without an error."""
    answer = await sandbox.grade("def f(x):\n    return x * x\n", "f", TESTS_OF_SQUARE)

    assert (answer.outcome, answer.error) == ("passed", "")


async def test_many_at_once(sandbox: Sandbox) -> None:
    """Calls in flight together each get their own answer."""
    answers: dict[int, str] = {}

    async def ask(number: int) -> None:
        answer = await sandbox.execute(asks(f"def f():\n    return {number}\n", ("f()", str(number))))
        answers[number] = answer.results[0].actual

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(ask, number)

    assert answers == {number: str(number) for number in range(8)}


async def test_cancelled_call(sandbox: Sandbox) -> None:
    """A cancelled call ends at once, and the sandbox goes on working."""
    with anyio.move_on_after(0):
        await sandbox.execute(asks("while True:\n    pass\n"))

    assert (await sandbox.execute(asks("def f():\n    pass\n"))).outcome == "passed"


# On those that run programs.


async def test_wrong_result(real: Sandbox) -> None:
    """A failing example shows what the call returned, and the others still run."""
    answer = await real.execute(asks("def f(x):\n    return [x]\n", ("f(1)", "[2]"), ("f(2)", "[2]")))

    assert answer.outcome == "failed"
    assert outcomes(answer) == ["failed", "passed"]
    assert answer.results[0].actual == "[1]"


async def test_exception_in_example(real: Sandbox) -> None:
    """A call that raises is an error with type, message and the innermost line of the program."""
    program = "def g(x):\n    return int(x)\n\ndef f(x):\n    return g(x)\n"

    answer = await real.execute(asks(program, ("f('a')", "1")))

    assert outcomes(answer) == ["error"]
    message = "ValueError: invalid literal for int() with base 10: 'a' (line 2: return int(x))"
    assert answer.results[0].error == message


async def test_example_that_is_no_expression(real: Sandbox) -> None:
    """An example that cannot be read is its own error, not the program's."""
    answer = await real.execute(asks("def f():\n    return 1\n", ("f(", "1"), ("f()", "1")))

    assert outcomes(answer) == ["error", "passed"]


async def test_endless_example(real: Sandbox) -> None:
    """An endless example times out alone, whether it computes or sleeps."""
    program = """
import time
def f(x):
    while x == 1:
        pass
    if x == 2:
        time.sleep(60)
    return x
"""
    answer = await real.execute(asks(program, ("f(1)", "1"), ("f(2)", "2"), ("f(3)", "3")))

    assert answer.outcome == "failed"
    assert outcomes(answer) == ["timeout", "timeout", "passed"]


async def test_death_during_an_example(real: Sandbox) -> None:
    """A program that dies keeps the results it had, and the example it died in says how."""
    program = "import os\ndef f(x):\n    return x if x < 2 else os._exit(3)\n"

    answer = await real.execute(asks(program, ("f(1)", "1"), ("f(2)", "2"), ("f(3)", "3")))

    assert answer.outcome == "killed"
    assert answer.error == "exited with status 3 before there was a verdict"
    assert outcomes(answer) == ["passed", "error"]
    assert answer.results[1].error == answer.error


async def test_program_that_cannot_be_loaded(real: Sandbox) -> None:
    """A syntax error is an error of the whole program that names the line, with no results."""
    answer = await real.execute(asks("def f():\n    return (1\n", ("f()", "1")))

    assert (answer.outcome, answer.results) == ("error", ())
    assert answer.error == "SyntaxError: '(' was never closed (line 2: return (1)"


async def test_missing_entry_point(real: Sandbox) -> None:
    """A program without its entry point cannot be loaded, and is told its name."""
    answer = await real.execute(asks("def g():\n    pass\n", ("f()", "None")))

    assert answer.outcome == "error"
    assert answer.error == "NameError: the program does not define 'f'"


async def test_main_guard(real: Sandbox) -> None:
    """The program is a module, not a script: its main block does not run."""
    program = "def f():\n    return __name__\nif __name__ == '__main__':\n    raise SystemExit\n"

    answer = await real.execute(asks(program, ("f() == '__main__'", "False")))

    assert answer.outcome == "passed"


async def test_dataclass(real: Sandbox) -> None:
    """A program may define dataclasses, which look up their own module, and an example may call them."""
    program = (
        "import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\n"
        "def f(x):\n    return P(x).x if x == 1 else x.x\n"
    )

    answer = await real.execute(asks(program, ("f(1)", "1"), ("f(P(2))", "2")))

    assert answer.outcome == "passed"


async def test_rounded_floats(real: Sandbox) -> None:
    """Floats may differ by a millionth, also inside containers, and by no more."""
    program = "def f(x):\n    return x\n"
    examples = (
        ("f(1 / 3)", "0.33333333"),
        ("f([(1 / 3,), {'a': 2 / 3}])", "[(0.33333333,), {'a': 0.66666667}]"),
        ("f(1 / 3)", "0.333"),
    )

    answer = await real.execute(asks(program, *examples))

    assert outcomes(answer) == ["passed", "passed", "failed"]


async def test_printed_text(real: Sandbox) -> None:
    """What the program prints is kept, cut to the bound, and cannot break the answer."""
    answer = await real.execute(asks("def f():\n    print('one\\ud800' + 'x' * 1000)\n", ("f()", "None")))

    assert answer.outcome == "passed"
    assert answer.stdout.startswith("one\\ud800xxx")
    assert len(answer.stdout) == QUICK.shown_characters


async def test_long_values(real: Sandbox) -> None:
    """A long value is cut to the bound."""
    answer = await real.execute(asks("def f():\n    return 'x' * 100_000\n", ("f()", "''")))

    assert len(answer.results[0].actual) == QUICK.shown_characters


async def test_order_of_sets(real: Sandbox) -> None:
    """The same program gives the same order of a set of strings each time."""
    request = asks("def f():\n    return list({'a', 'b', 'c', 'd', 'e', 'f'})\n", ("f()", "0"))

    assert await real.execute(request) == await real.execute(request)


async def test_answer_can_be_logged(real: Sandbox) -> None:
    """An answer full of lone surrogates still encodes as JSON."""
    program = "def f(x):\n    if x:\n        raise ValueError('\\ud800')\n    return '\\ud800'\n"

    answer = await real.execute(asks(program, ("f(0)", "0"), ("f(1)", "0")))

    assert msgspec.json.decode(msgspec.json.encode(answer), type=ExecutionCompleted) == answer


async def test_empty_environment(real: Sandbox) -> None:
    """A program sees no environment variable and no argument but its own name."""
    program = "import os, sys\ndef f():\n    return dict(os.environ), len(sys.argv)\n"

    answer = await real.execute(asks(program, ("f()", "({}, 1)")))

    assert answer.outcome == "passed"


async def test_hidden_tests_are_not_quoted(real: Sandbox) -> None:
    """A failed hidden test is told by its type alone."""
    answer = await real.grade("def f(x):\n    return x\n", "f", TESTS_OF_SQUARE)

    assert (answer.outcome, answer.error) == ("failed", "AssertionError")


async def test_exception_of_the_tests_is_not_quoted(real: Sandbox) -> None:
    """An exception that the tests raise themselves is told by its type alone."""
    answer = await real.grade("def f():\n    pass\n", "f", "def check(candidate):\n    candidate(1234)\n")

    assert (answer.outcome, answer.error) == ("failed", "TypeError")


async def test_exception_of_the_submission(real: Sandbox) -> None:
    """What the program says under hidden tests may quote them, so only type and line are told."""
    answer = await real.grade("def f(x):\n    return {}[x]\n", "f", TESTS_OF_SQUARE)

    assert (answer.outcome, answer.error) == ("failed", "KeyError (line 2: return {}[x])")


async def test_names_of_the_tests(real: Sandbox) -> None:
    """Tests may use the program's names and define any, without changing the program."""
    program = "def check(x):\n    return x + 1\ndef f(x):\n    return check(x)\n"
    tests = "g = f\ndef check(candidate):\n    assert candidate(1) == g(1) == 2\n"

    assert (await real.grade(program, "f", tests)).outcome == "passed"


@pytest.mark.parametrize(
    "tests",
    [
        "def check(",
        "pass",
        "def check(f): pass",
        "def check(f):\n    for x in []: assert f() == x",
        "import no_such_module\nassert f() == 1",
        "assert f(object()) == 1",
    ],
)
async def test_broken_tests(real: Sandbox, tests: str) -> None:
    """Tests that cannot judge any program are an error of the world, neither a pass nor a wrong program."""
    with pytest.raises(TestsUnusable, match="running the tests"):
        await real.grade("def f():\n    pass\n", "f", tests)
