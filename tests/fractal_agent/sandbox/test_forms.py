"""The forms in which people write tests, and files that tests and program share."""

# ruff: noqa: E501, ISC004  # A program in a table is read best on few lines.

import pytest

from fractal_agent.sandbox import Sandbox

PROGRAM = "def f(x):\n    return x + 1\n"

FORMS = {
    "bare": ("assert f(1) == 2\nassert f(2) == 3", 2),
    "functions": ("def test_a():\n    assert f(1) == 2\ndef test_b():\n    assert f(2) == 3", 2),
    "called functions": ("def test_a():\n    assert f(1) == 2\ntest_a()", 1),
    "functions of a class": ("class TestF:\n    def test_a(self):\n        assert f(1) == 2", 1),
    "test case": (
        "import unittest\nclass T(unittest.TestCase):\n    def setUp(self):\n        self.x = 1\n"
        "    def test_a(self):\n        self.assertEqual(f(self.x), 2)\n        self.assertTrue(f(0))\n"
        "if __name__ == '__main__':\n    unittest.main()",
        2,
    ),
    "raises": ("import pytest\ndef test_a():\n    with pytest.raises(TypeError):\n        f('a')", 0),
    "import of the program": ("from solution import f as g\nassert g(1) == 2", 1),
    "parameters": (
        "import pytest\n@pytest.mark.parametrize('a, b', [(1, 2), (2, 3)])\ndef test_a(a, b):\n    assert f(a) == b",
        2,
    ),
    "one parameter": (
        "import pytest\n@pytest.mark.parametrize('a', [1, pytest.param(2)])\ndef test_a(a):\n    assert f(a) == a + 1",
        2,
    ),
    "long integer": (f"assert f({'9' * 5000}) == {'1' + '0' * 5000}", 1),
}


@pytest.mark.parametrize("name", FORMS)
async def test_form(bubblewrap: Sandbox, name: str) -> None:
    """Each form is run, and its assertions are counted."""
    tests, passed = FORMS[name]

    right = await bubblewrap.judge(PROGRAM, "f", tests)
    wrong = await bubblewrap.judge("def f(x):\n    return None\n", "f", tests)

    assert (right.outcome, right.passed) == ("passed", passed), right
    assert wrong.outcome == "failed", wrong


async def test_one_test_fails_and_the_next_is_run(bubblewrap: Sandbox) -> None:
    """A test that fails leaves the others to be run, as a test runner does."""
    tests = (
        "import unittest\nclass T(unittest.TestCase):\n"
        "    def test_a(self):\n        self.assertEqual(f(1), 9)\n"
        "    def test_b(self):\n        self.assertEqual(f(1), 2)\n"
        "    def test_c(self):\n        self.skipTest('later')\n"
    )

    judged = await bubblewrap.judge(PROGRAM, "f", tests)

    assert (judged.outcome, judged.passed, judged.failed) == ("failed", 1, 1)


async def test_tests_that_draw_draw_the_same(bubblewrap: Sandbox) -> None:
    """Two programs get the same inputs from tests that draw them."""
    tests = "import random\nassert f(random.random()) == -1"

    first = await bubblewrap.judge(PROGRAM, "f", tests)
    second = await bubblewrap.judge(PROGRAM + "# another\n", "f", tests)

    assert first.failures[0].example == second.failures[0].example


FILES = {
    "written by the tests": (
        "def f(name):\n    return open(name).read()\n",
        "with open('a.txt', 'w') as file:\n    file.write('hi')\nassert f('a.txt') == 'hi'",
    ),
    "added to by the tests": (
        "def f(name):\n    return open(name).read()\n",
        "for part in 'ab':\n    with open('a.txt', 'a') as file:\n        print(part, file=file)\nassert f('a.txt') == 'a\\nb\\n'",
    ),
    "bytes": (
        "def f(name):\n    return open(name, 'rb').read()\n",
        "file = open('a', 'wb')\nfile.write(b'\\xff')\nfile.close()\nassert f('a') == b'\\xff'",
    ),
    "written by the program": (
        "def f(name):\n    with open(name, 'w') as file:\n        file.write('hi')\n",
        "f('o.txt')\nassert open('o.txt').read() == 'hi'\nassert open('o.txt', 'rb').read() == b'hi'",
    ),
    "given": (
        "def f(name):\n    return open(name).read()\n",
        "__files__ = {'in/a.txt': 'hi'}\nassert f('in/a.txt') == 'hi'",
    ),
    "not there": (
        "def f(name):\n    return name\n",
        "try:\n    open(f('none'))\n    assert False\nexcept FileNotFoundError:\n    assert f(1) == 1",
    ),
    "by csv": (
        "def f(name):\n    return len(open(name).readlines())\n",
        "import csv\nwith open('a.csv', 'w', newline='') as file:\n    csv.writer(file).writerows([[1, 2], [3, 4]])\nassert f('a.csv') == 2",
    ),
    "by json": (
        "import json\ndef f(name):\n    return json.load(open(name))\n",
        "import json\nwith open('a.json', 'w') as file:\n    json.dump({'a': 1}, file)\nassert f('a.json') == {'a': 1}",
    ),
}


@pytest.mark.parametrize("name", FILES)
async def test_files(sandbox: Sandbox, name: str) -> None:
    """A name without a folder in front is a file in the program's own folder, for both sides."""
    program, tests = FILES[name]

    judged = await sandbox.judge(program, "f", tests)

    assert judged.outcome == "passed", judged
