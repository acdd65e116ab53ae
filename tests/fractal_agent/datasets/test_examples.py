"""What counts as an example, notation by notation, and what does not, however much it looks like one."""

import pytest

from events.work import Example
from fractal_agent.datasets import extract_examples


def prompt(docstring: str, signature: str = "f(x)", before: str = "") -> str:
    return f'{before}def {signature}:\n    """{docstring}\n    """\n'


def shown(docstring: str, signature: str = "f(x)", before: str = "") -> list[tuple[str, str]]:
    examples = extract_examples(prompt(docstring, signature, before), "f")
    return [(example.call, example.expected) for example in examples]


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        (">>> f(3)\n    4", "4"),
        (">>> f(3)  # three\n    4", "4"),
        (">>> f(3)\n    [1,\n     2]\n    Prose follows.", "[1, 2]"),
        (">>> f(3) == 4", "4"),
        (">>> f(3) == 4\n    True", "4"),
        (">>> f(3) [1, 2]", "[1, 2]"),
        (">>> f(3) => 4", "4"),
        (">>> assert f(3) == 4", "4"),
        ("assert f(3) == 4, 'four'", "4"),
        ("assert (f(3)) == [1,\n        2]", "[1, 2]"),
        ("f(3) == 4", "4"),
        ("f(3) = 4", "4"),
        ("f(3)==>4", "4"),
        ("f(3) => 4", "4"),
        ("f(3) ->4", "4"),
        ("f(3) --> 4", "4"),
        ("f(3) ➞ 4", "4"),
        ("f(3) → 4", "4"),
        ("f(3)\n      => 4", "4"),
        ("f(3)  # => 4", "4"),
        ("f(3)  # returns 4", "4"),
        ("f(3)  # 4", "4"),
        ("f(3): 4", "4"),
        ("f(3) returns 4", "4"),
        ("f(3) should\n    return 4.", "4"),
        ("f(3) should be equal to 4", "4"),
        ("f(3) returns the list [1, 2].", "[1, 2]"),
        ("`f(3)` returns `4`.", "4"),
        ("- f(3) == -4", "-4"),
        ("* f(3) -> 4", "4"),
        ("1. f(3) -> 4", "4"),
        ("for f(3) == 4", "4"),
        ("(that is, f(3) == 4)", "4"),
        ("If it is not empty: f(3) == 4", "4"),
        ("Input: 3\n    Output: 4", "4"),
        ("Input: x = 3\n    Output: 4  # three and one", "4"),
        ("Input: number = 3, Output: 4", "4"),
        ("Input:\n        x : 3\n    Output: 4", "4"),
        ("**Input:** f(3)\n    **Output:** 4", "4"),
        ("Sample Input 1: 3\n    Sample Output 1: 4", "4"),
        ("For x = 3 the output should be 4.", "4"),
        ("Given x = 3, the sum of all will be 9 and the result is 4", "4"),
        ("x = 3\n        -> double -> 6\n    return 4", "4"),
        ("x = 3\n    result = 2 + 2\n    => result = 4", "4"),
        ("For example, given the number 3 you should return 4.", "4"),
    ],
)
def test_notation(docstring: str, expected: str) -> None:
    """Each notation yields the one call and the one result that it shows."""
    assert shown(docstring) == [("f(3)", expected)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("6.00", "6.00"),
        ("16.", "16"),
        ("-1.5e-3", "-1.5e-3"),
        ("'it ends.'", "'it ends.'"),
        ('"a # b"', '"a # b"'),
        ("('bcd',False)", "('bcd',False)"),
        ("{'a': [1, (2,)]}", "{'a': [1, (2,)]}"),
        ("set()", "set()"),
        ('float("inf")', 'float("inf")'),
        ("10**9 + 7", "10**9 + 7"),
        ("true", "True"),
        ("null", "None"),
        ("19 - 5 - 6 = 8", "8"),
        ("4 because it is", "4"),
        ("4 (the largest)", "4"),
        ("4 - since it is", "4"),
        ("4, not 5 or so", "4"),
    ],
)
def test_value_ends(written: str, read: str) -> None:
    """The result is the whole value and nothing of the prose behind it."""
    assert shown(f"f(3) == {written}") == [("f(3)", read)]


@pytest.mark.parametrize(
    "docstring",
    [
        "f(1) + f(2) == 3",
        "2 * f(3) == 8",
        "[f(1), f(2)] == [1, 2]",
        "foo(f(3)) == 4",
        "self.f(3) == 4",
        "gf(3) == 4",
        "f(y) == 4",
        "f(list) == 4",
        "f() == 4",
        "f(1, 2) == 4",
        "f([1, ..., 9]) == 4",
        "f(3) == [1, 2, ...]",
        "f(3) == 1.414...",
        "f(3) -> 1, 2",
        "f(3) == 1,000",
        "f(3) = 3!",
        "f(3) = 2^10",
        "f(3) == 5 cm",
        "f(3) == 50%",
        "f(3) -> 2021-10-15",
        "f(3) == 4 or 5",
        "f(3) == 4?",
        "f(3) == f(4)",
        "f(3) == abc",
        'f(3) == ""abc"',
        "f(3) == “4”",
        "f(3) -> int",
        "f(3) != 4",
        "f(3) >= 4",
        "f(3) does not return 4",
        "Not f(3) == 4",
        "wrong: f(3) == 4",
        "if f(3) == 4 then stop",
        "f(3) returns True if",
        "f(3) is 1 of them",
        ">>> f(3)",
        ">>> f(3)\n    abc",
        ">>> print(f(3))\n    4",
        ">>> x = 3\n    >>> f(x)\n    4",
        ">>> f(3)\n    Traceback (most recent call last):\n    ValueError: 3",
        "Input: abc\n    Output: 4",
        "Input: 3",
        "If x = 3 return 4",
        "For x = 3. The output should be 4",
        "For example, given the list [1, 2] of 2 you should return 4.",
        "Example:\n    gcd(2) == 4",
    ],
)
def test_no_example(docstring: str) -> None:
    """What does not show one call and its exact result beyond doubt yields nothing."""
    assert shown(docstring) == []


@pytest.mark.parametrize(
    ("docstring", "calls"),
    [
        ("Input: a = 1, b = [2]\n    Output: 4", ["f(1, [2])"]),
        ("Input: b = 1, a = 2\n    Output: 4", ["f(2, 1)"]),
        ("Input: 1, 2\n    Output: 4", ["f(1, 2)"]),
        ("Input:\n      a : [1]\n      size_b : 2\n    Output: 4", ["f([1], 2)"]),
        ('For a = "x", b = "y"  the result should be 4', ['f("x", "y")']),
        ("for a = 1 and b = 2 it returns 4", ["f(1, 2)"]),
        ("a['+']\n    c = 2\n    result = 4", ["f(['+'], 2)"]),
        ('For example, given "x" and the list [1] you should return 4.', ['f("x", [1])']),
        ("Input: (1, 2)\n    Output: 4", []),
        ("Input: 1 2\n    Output: 4", []),
        ("Input: a = 1\n    Output: 4", []),
        ("Input: c = 1, d = 2\n    Output: 4", []),
        ("Input: b = 1, d = 2\n    Output: 4", []),
    ],
)
def test_arguments_without_call(docstring: str, calls: list[str]) -> None:
    """Arguments become a call only when it is certain which parameter each is for."""
    assert shown(docstring, "f(a, b)") == [(call, "4") for call in calls]


def test_parameters_with_defaults_may_be_left_out() -> None:
    """A default stands in for an argument that an example does not give."""
    assert shown("Input: a = 1\n    Output: 4\n    f(2) == 5", "f(a, b=2)") == [("f(1)", "4"), ("f(2)", "5")]


def test_order_and_repetition() -> None:
    """Examples come in the prompt's order, whatever their notation, and each once."""
    docstring = "f(1) -> 2\n    Input: 2\n    Output: 3\n    >>> f(1)\n    2\n\n    f(3) = 4, f(4) = 5; so."

    assert shown(docstring) == [("f(1)", "2"), ("f(2)", "3"), ("f(3)", "4"), ("f(4)", "5")]


def test_wrapped_call_is_kept() -> None:
    """A call of a builtin or of the prompt's own functions around the entry point belongs to the example."""
    helper = "import math\ndef g(y):\n    return y\n"
    docstring = ">>> round(f(g(3)), 2)\n    -0.5\n    math.floor(f(4)) == 2"

    assert shown(docstring, before=helper) == [("round(f(g(3)), 2)", "-0.5"), ("math.floor(f(4))", "2")]


def test_call_over_several_lines() -> None:
    """A call or result that is broken over lines comes back on one."""
    assert shown("f([\n      [1, 2],\n      [3]\n    ]) == [1,\n    2]") == [("f([ [1, 2], [3] ])", "[1, 2]")]


def test_silent_doctest() -> None:
    """A doctest without output shows None, but only where the prompt speaks of None and nothing follows."""
    assert shown("None if empty.\n    >>> f([])\n\n    >>> f([1])\n    1") == [
        ("f([])", "None"),
        ("f([1])", "1"),
    ]
    assert shown("None if empty.\n    >>> f([])\n\n    4") == []


def test_unquoted_words() -> None:
    """Words without quotes are strings where the prompt says that the parameter is one, at a line's start."""
    assert shown("A string x.\n    f(abc) => True") == [("f('abc')", "True")]
    assert shown("f(abc) => True", "f(x: str)") == [("f('abc')", "True")]
    assert shown("A string x.\n    f(x) => True, so that f(abc) => True") == []


def test_misnamed_call() -> None:
    """Without a single example by the right name, a kindred name below the heading stands for it."""
    docstring = "Example:\n    assert sort_list([2, 1]) => [1, 2]\n    "

    def examples(text: str) -> tuple[Example, ...]:
        return extract_examples(prompt(text, "sorted_list(x)"), "sorted_list")

    assert examples(docstring) == (Example(call="sorted_list([2, 1])", expected="[1, 2]"),)
    assert examples(docstring + "sorted_list([]) == []") == (Example(call="sorted_list([])", expected="[]"),)


def test_sequence_of_the_same_name() -> None:
    """Terms of a sequence count when they look like results of the function, and only then."""
    recurrence = "f(n) = f(n-1) + 1\n    f(0) = 1\n    "

    assert shown(recurrence + "f(3) == 4", "f(n)") == [("f(0)", "1"), ("f(3)", "4")]
    assert shown(recurrence + "f(3) == [1, 2, 3, 4]", "f(n)") == [("f(3)", "[1, 2, 3, 4]")]


@pytest.mark.parametrize("written", [r"f('a\nb') == 'c'", r"f('a\\nb') == 'c'"])
def test_escapes(written: str) -> None:
    """A line break that is spelled out stays spelled out, whether or not the author escaped the backslash."""
    assert shown(written) == [(r"f('a\nb')", "'c'")]


def test_docstring_below_an_import() -> None:
    """The docstring is found even where a statement stands above it."""
    source = 'def f(x):\n    import math\n    """f(1) == 2"""\n'

    assert extract_examples(source, "f") == (Example(call="f(1)", expected="2"),)


def test_only_the_docstring_is_read() -> None:
    """Comments, code and the docstrings of other functions show nothing."""
    source = '# f(1) == 2\ndef g(x):\n    """f(3) == 4"""\n\ndef f(x):\n    """Nothing."""\n    # f(5) == 6\n'

    assert extract_examples(source, "f") == ()


@pytest.mark.parametrize(
    "source", ["", "not python", "def f(x):", "def f(x):\n", "def g(x):\n    '''g(1) == 2'''\n"]
)
def test_prompt_without_the_function_or_its_docstring(source: str) -> None:
    """A prompt that lacks the function, its docstring or Python altogether yields no example and no error."""
    assert extract_examples(source, "f") == ()


@pytest.mark.parametrize(
    ("assertion", "example"),
    [
        ("assert f(3)", ("bool(f(3))", "True")),
        ("assert not f(3)", ("bool(f(3))", "False")),
        ("assert f (3) == 4", ("f (3)", "4")),
        ("assert set(f(3)) == set((1, 2))", ("set(f(3))", "set((1, 2))")),
        (
            "assert math.isclose(f(3), 0.5, rel_tol=0.001)",
            ('__import__("math").isclose(f(3), 0.5, rel_tol=0.001)', "True"),
        ),
    ],
)
def test_assertion(assertion: str, example: tuple[str, str]) -> None:
    """An assertion asks for no more than it says: truth for truth, nearness where it allows that."""
    assert shown(assertion) == [example]


@pytest.mark.parametrize(
    "text", ["assert f(3) == sys.maxsize", "assert f(3) < 4", "assert f(y)", "assertive f(3)"]
)
def test_assertion_that_cannot_be_run(text: str) -> None:
    """An assertion that needs other names, or compares otherwise, shows no example."""
    assert shown(text) == []
