"""Reading programs out of answers: whatever a model writes around, before, after or into its function."""

import textwrap
import time
from collections.abc import Callable
from typing import Any

import pytest

from agents.replies import code_of
from events import ProblemPosed

PROMPT = '''from typing import List


def total(numbers: List[int]) -> int:
    """Add the numbers.
    >>> total([1, 2])
    3
    """
'''
PROBLEM = ProblemPosed(task_id="Test/0", prompt=PROMPT, entry_point="total")
PREFILL = f"```python\n{PROMPT.strip()}\n"
BODY = """\
    result = 0
    for number in numbers:
        result += number
    return result
"""
FUNCTION = f"def total(numbers):\n{BODY}"
HELPED = ProblemPosed(
    task_id="Test/1",
    prompt="import math\n\n\ndef half(x):\n    return math.floor(x / 2)\n\n\n"
    'def quarter(x):\n    """A quarter of x."""\n',
    entry_point="quarter",
)


def fenced(code: str, info: str = "python", fence: str = "```") -> str:
    return f"{fence}{info}\n{code}\n{fence}\n"


def loaded(text: str, problem: ProblemPosed = PROBLEM) -> Callable[..., Any]:  # Any: what was asked for
    """The function of the module that is read from the text, after the module ran."""
    names: dict[str, Any] = {"__name__": "module"}  # Any: what a module holds
    exec(compile(code_of(text, problem), "module", "exec"), names)
    function: Callable[..., Any] = names[problem.entry_point]  # Any: as above
    return function


CONTINUED = {
    "as it should be": BODY,
    "closed fence": BODY + "```",
    "prose after the fence": BODY + "```\n\nThis function's loop adds the numbers (all of them.",
    "prose without a fence": BODY + "\nThis function's loop adds the numbers (all of them.",
    "second block with a call": BODY + "```\nExample:\n```python\nprint(total([1]) / 0)\n```",
    "second block with a stub": BODY + "```\nNow you:\n```python\ndef total(numbers):\n    pass\n```",
    "prints": BODY + "\n\nprint(total([1]) / 0)\n",
    "asserts": BODY + "\nassert total([1]) == 2\nassert False, 'never'\n",
    "result of a call": BODY + "\nresult = total('no')\nprint(result)\n",
    "input": BODY
    + "\nn = int(input())\nnumbers = [int(x) for x in input().split()]\nprint(total(numbers))\n",
    "main block": BODY + "\n\nif __name__ == '__main__':\n    print(1 / 0)\n",
    "loop of tests": BODY + "\nfor case in [None]:\n    print(total(case))\n",
    "own tests": BODY + "\n\ndef test_total():\n    assert total([1]) == 2\n\ntest_total()\n",
    "own check": BODY + "\n\ndef check(candidate):\n    assert candidate([1]) == 2\n\ncheck(total)\n",
    "unittest": BODY + "\n\nimport unittest\n\nclass TestTotal(unittest.TestCase):\n    def test(self):\n"
    "        self.assertEqual(total([1]), 2)\n\nunittest.main()\n",
    "pytest that is not there": BODY + "\n\nimport no_such_pytest\n\n@no_such_pytest.mark.slow\n"
    "def test_total():\n    pass\n",
    "import that is not there": BODY + "\n\nfrom solution import total\nimport your_module\n",
    "cut after the function": BODY + "\n\n# Tests\nprint(total([1, 2",
    "cut in a second function": BODY + "\n\ndef other(x):\n    for y in",
    "cut in a docstring after it": BODY + '\n\ndef other(x):\n    """Adds the',
    "first line at the margin": BODY.lstrip(),
    "body at the margin": textwrap.dedent(BODY),
    "body at the margin, then prints": textwrap.dedent(BODY) + "\nprint(total([1]) / 0)\n",
    "three blanks": BODY.replace("        ", "      ").replace("    r", "   r").replace("    f", "   f"),
    "two blanks": BODY.replace("    ", "  "),
    "tabs": BODY.replace("    ", "\t"),
    "tabs and blanks": BODY.replace("        ", "\t\t"),
    "eight blanks": textwrap.indent(BODY, "    "),
    "first line deeper": " " + BODY,
    "first line less deep": BODY[1:],
    "comment at the margin": "# Start\n" + BODY,
    "restated function": FUNCTION,
    "restated function with a fence": fenced(FUNCTION),
    "restated with its docstring": PROMPT + BODY,
    "restated inside": textwrap.indent(FUNCTION, "    "),
    "docstring again": '    """Add the numbers."""\n' + BODY,
    "prose before the function": "Here is the function:\n\n" + fenced(FUNCTION),
    "remark within, at the margin": BODY.replace("    for", "Now we add them up one by one.\n    for"),
    "remark within": BODY.replace("    for", "    Now we add them up one by one.\n    for"),
    "remark at the end": BODY + "    This adds all of the numbers.\n",
    "entities": BODY.replace(
        "    return", "    if result &gt; 0 and result &lt; 0:\n        pass\n    return"
    ),
    "typographic quotes": BODY.replace("    return", "    name = “a”\n    return"),
    "no-break spaces": BODY.replace("    ", "\u00a0\u00a0\u00a0\u00a0"),
    "zero bytes": BODY.replace("result", "re\0sult"),
    "carriage returns": BODY.replace("\n", "\r\n"),
    "typing name nobody imported": BODY.replace("    result = 0", "    result: Optional[int] = cast_it()")
    + "\n\ndef cast_it() -> Optional[int]:\n    return 0\n",
    "module nobody imported": "    return functools.reduce(operator.add, numbers, math.floor(0))\n",
    "members nobody imported": "    return sum(Counter(numbers).elements())\n",
    "helper after it": "    return add_all(numbers)\n\n\ndef add_all(xs):\n    return sum(xs)\n",
    "helper called test": "    return test_sum(numbers)\n\n\ndef test_sum(xs):\n    return sum(xs)\n",
    "table filled by a loop": "    return sum(TABLE[n] for n in numbers)\n\nTABLE = {}\n"
    "for n in range(9):\n    TABLE[n] = n\n",
    "table filled by a call": "    return sum(TABLE[n] for n in numbers)\n\n\n"
    "def fill():\n    return list(range(9))\n\n\nTABLE = fill()\n",
    "memory on the function": "    total.calls += 1\n    return sum(numbers)\n\ntotal.calls = 0\n",
    "decorated by hand": BODY + "\n\ndef same(f):\n    return f\n\n\ntotal = same(total)\n",
}
"""What follows the prompt where the engine lets the model go on from it."""

FREE = {
    "one block": "Sure! Here's the code:\n\n" + fenced(FUNCTION) + "\nIt adds (as asked.",
    "py": fenced(FUNCTION, "py"),
    "Python": fenced(FUNCTION, "Python"),
    "no info": fenced(FUNCTION, ""),
    "tildes": fenced(FUNCTION, "python", "~~~"),
    "four backticks": fenced(FUNCTION, "python", "````"),
    "unclosed": "```python\n" + FUNCTION,
    "closed on its last line": f"```python\n{FUNCTION.rstrip()}```",
    "opened on its first line": "```python def total(numbers): return sum(numbers)```",
    "nested": "```markdown\n# Answer\n" + fenced(FUNCTION) + "```\n",
    "indented in a list": "1. Write it:\n" + textwrap.indent(fenced(FUNCTION), "   ") + "2. Run it.\n",
    "bare": FUNCTION,
    "bare in prose": f"Here's how it's done:\n\n{FUNCTION}\nThat's it (I think.",
    "fence in its docstring": fenced(
        FUNCTION.replace(":\n", ':\n    """Use:\n    ```\n    total([1])\n    ```\n    """\n', 1)
    ),
    "fence at the margin in its docstring": fenced(
        FUNCTION.replace(":\n", ':\n    """Use:\n```python\ntotal([1])\n```\n    """\n', 1)
    ),
    "calls first, then the function": "Use it:\n" + fenced("total([1])") + "\nCode:\n" + fenced(FUNCTION),
    "stub, then the function": fenced("def total(numbers):\n    pass") + fenced(FUNCTION),
    "function, then a stub": fenced(FUNCTION) + fenced("def total(numbers):\n    raise NotImplementedError"),
    "step, then the function": fenced("def total(numbers):\n    result = 0") + fenced(FUNCTION),
    "function, then a cut one": fenced(FUNCTION)
    + "```python\ndef total(numbers):\n    if not numbers:\n        ret",
    "wrong, then right in one block": fenced("def total(numbers):\n    return 7\n\n\n" + FUNCTION),
    "helper in another block": fenced("def add(a, b):\n    return a + b")
    + fenced("def total(numbers):\n    x = 0\n    for y in numbers:\n        x = add(x, y)\n    return x"),
    "import in another block": fenced("import numbers as no\nfrom math import fsum")
    + fenced("def total(numbers):\n    return int(fsum(numbers))"),
    "shell first": fenced("pip install nothing", "bash") + fenced(FUNCTION),
    "class": fenced(
        "class Solution:\n    def total(self, numbers):\n        return self.add(numbers)\n\n"
        "    def add(self, numbers):\n        return sum(numbers)\n\n\n"
        "solution = Solution()\nprint(solution.total(3))"
    ),
    "class that wants something": fenced(
        "class Solution:\n    def __init__(self, name):\n        self.name = name\n\n"
        "    def total(self, numbers):\n        return sum(numbers)\n"
    ),
    "static method": fenced(
        "class S:\n    @staticmethod\n    def total(numbers):\n        return sum(numbers)\n"
    ),
    "method without self": fenced("class S:\n    def total(numbers):\n        return sum(numbers)\n"),
    "instance under the same name": fenced(
        "class Total:\n    def total(self, numbers):\n        return sum(numbers)\n\n\ntotal = Total()\n"
    ),
    "lambda": fenced("total = lambda numbers: sum(numbers)"),
    "renamed": fenced("def sum_numbers(numbers):\n    return sum(numbers)\n\n\nprint(sum_numbers([1]))"),
    "other case": fenced("def help(x):\n    return x\n\n\ndef Total(numbers):\n    return sum(numbers)\n"),
    "body only": fenced("    return sum(numbers)"),
    "body only, at the margin": fenced(textwrap.dedent(BODY)),
    "body only, in prose": "Just write this:\n\n    return sum(numbers)\n\nand you are done.",
    "doctest prompts": fenced(
        ">>> def total(numbers):\n...     return sum(numbers)\n...\n>>> total([1, 2])\n3"
    ),
    "line numbers": fenced("1  def total(numbers):\n2      x = sum(numbers)\n3\n10     return x"),
    "line numbers with points": "1. def total(numbers):\n2.     return sum(numbers)\n",
    "quoted": "> def total(numbers):\n>     return sum(numbers)\n",
    "inside a main block": fenced(
        "if __name__ == '__main__':\n    def total(numbers):\n        return sum(numbers)\n"
    ),
    "two statements on a line": fenced("x = 1; print(x / 0)\n" + FUNCTION + "\ny = 2; total(3)"),
    "future import": fenced(
        "from __future__ import annotations\n\n\n" + FUNCTION.replace(")", ": Unknown)", 1)
    ),
    "unknown names beside it": fenced("def other(node: TreeNode):\n    pass\n\n\n" + FUNCTION),
    "decorated": fenced("@lru_cache(maxsize=None)\ndef add(a, b):\n    return a + b\n\n\n")
    + fenced("def total(numbers):\n    return functools.reduce(add, numbers)"),
    "class it uses": fenced(
        "@dataclass\nclass Sum:\n    value: int = 0\n\n\n"
        "def total(numbers):\n    return Sum(sum(numbers)).value"
    ),
    "windows lines": fenced(FUNCTION).replace("\n", "\r\n"),
    "long answer before": "Think. " * 3000 + "\n" + fenced(FUNCTION),
}
"""What a model answers when it is only asked."""


@pytest.mark.parametrize("continuation", CONTINUED.values(), ids=CONTINUED)
def test_continued_prompt_is_a_program(continuation: str) -> None:
    """What the model writes after the prompt becomes a module that loads and adds the numbers."""
    assert loaded(PREFILL + continuation)([1, 2, 3]) == 6


@pytest.mark.parametrize("answer", FREE.values(), ids=FREE)
def test_free_answer_is_a_program(answer: str) -> None:
    """An answer of any shape becomes a module that loads and adds the numbers."""
    assert loaded(answer)([1, 2, 3]) == 6


@pytest.mark.parametrize("text", [*(PREFILL + each for each in CONTINUED.values()), *FREE.values()])
def test_reading_twice_is_reading_once(text: str) -> None:
    """A module that was read from an answer is read from itself unchanged."""
    code = code_of(text, PROBLEM)

    assert code_of(code, PROBLEM) == code


TORN = {
    "in an expression": (BODY + "    more = [1, (2,", "return result"),
    "after a colon": ("    result = 0\n    for number in numbers:\n", "result = 0"),
    "in nested blocks": ("    result = 0\n    for number in numbers:\n        if number:", "result = 0"),
    "in a string": ("    result = 0\n    name = 'num", "result = 0"),
    "in a long string": ('    result = 0\n    name = """numbers\n', "result = 0"),
}
"""Continuations that were cut off, each with the last line that can be used."""


@pytest.mark.parametrize(("continuation", "last"), TORN.values(), ids=TORN)
def test_cut_function_keeps_what_can_be_read(continuation: str, last: str) -> None:
    """Of a function that was cut off the statements before the cut stay, and the module loads."""
    loaded(PREFILL + continuation)

    assert code_of(PREFILL + continuation, PROBLEM).rstrip().splitlines()[-1].strip() == last


def test_function_cut_in_its_docstring_is_defined() -> None:
    """A function of which only the signature and half a docstring came back is there, and does nothing."""
    assert loaded('```python\ndef total(numbers):\n    """Add the num')([1]) is None


def test_clean_answer_is_not_touched() -> None:
    """A right module comes back as it was written, its comments and odd spacing included."""
    begin = f"# Sums.\nfrom typing import List\nLIMIT = 3   # most\n\n\n{FUNCTION}"
    module = f"{begin}\n\n\ndef other( x ):  # odd\n    return LIMIT\n"

    assert code_of(module, PROBLEM) == module


def test_dropping_leaves_the_rest_as_it_is() -> None:
    """Around a dropped call, the text of what stays is the answer's own, comments included."""
    answer = f"# Sums.\nimport math\n\n\n{FUNCTION}    # done\n\nprint(total([1]))\n\n\nMOST = 10  # enough\n"

    code = code_of(answer, PROBLEM)

    assert f"# Sums.\nimport math\n\n\n{FUNCTION}" in code
    assert "MOST = 10  # enough" in code
    assert "print" not in code


@pytest.mark.parametrize(
    "answer",
    [
        PREFILL.replace(PROMPT.strip(), HELPED.prompt.strip()) + "    return half(half(x))\n",
        fenced('def quarter(x):\n    """A quarter."""\n    return half(half(x))'),
        fenced("def half(x):\n    pass\n\n\ndef quarter(x):\n    return half(half(x))"),
        fenced("    return half(half(x))"),
        fenced("import math\n\n\ndef quarter(x):\n    return half(half(x)) + math.floor(0)"),
    ],
    ids=["continued", "left out", "restated as a stub", "body only", "import restated"],
)
def test_what_the_prompt_defines_is_there(answer: str) -> None:
    """The prompt's helper function works in the module, whatever the answer made of it."""
    assert loaded(answer, HELPED)(9) == 2


def test_helper_that_the_answer_rewrote_is_the_answers() -> None:
    """A helper that the answer writes anew, whole, replaces the prompt's."""
    answer = fenced("def half(x):\n    return x - 1\n\n\ndef quarter(x):\n    return half(half(x))")

    assert loaded(answer, HELPED)(9) == 7


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I cannot do this.",
        fenced("def other(a, b):\n    return a"),
        fenced("def one(x):\n    return x\n\n\ndef two(x):\n    return x"),
        fenced("total = 3"),
    ],
    ids=["empty", "prose", "other parameters", "two others", "a number"],
)
def test_function_that_is_not_there_is_not_made_up(answer: str) -> None:
    """No definition in the answer, none in the module, which loads all the same."""
    with pytest.raises(KeyError, match="total"):
        loaded(answer)


def test_async_function_stays_one() -> None:
    """An `async def` is found and kept."""
    assert "async def total(numbers):" in code_of(fenced("async def total(numbers):\n    return 1"), PROBLEM)


def test_decorators_stay() -> None:
    """A decorator stays above its function, and its import is found."""
    code = code_of(fenced("@functools.cache\ndef total(numbers):\n    return sum(numbers)"), PROBLEM)

    assert "import functools" in code
    assert "@functools.cache\ndef total" in code


HOSTILE = {
    "prose": "Here's some prose (with words.\n" * 3200,
    "open brackets": "x = (\n" * 16000,
    "cut functions": "def g(\n" * 14000,
    "functions": "def g(x):\n    return x\n\n" * 4000,
    "stubs": PREFILL + "def total(numbers):\n    x = 1\n\n" * 3000,
    "fences": "```\n" * 25000,
    "blocks": "```python\nx = 1\n" * 6000,
    "quotes": '"""\\"""\n' * 12000,
    "escapes": "'\\'" * 33000,
    "brackets": "(" * 100_000,
    "minuses": "x = " + "-" * 90_000 + "1",
    "dots": "x = a" + ".b" * 45_000,
    "deep": "def total(numbers):\n" + "".join(" " * n + "if n:\n" for n in range(1, 400)),
    "lines that cannot be read": PREFILL + "    x = 1 +\n" * 9000,
    "loop in the body": PREFILL + "    x = 1\n" * 9000,
    "loop at the margin": PREFILL + "x = 1\n" * 14000,
    "words": "Word word " * 10_000,
    "one line": "y = 1;" * 16000,
    "decorators": "@a\n" * 33000,
    "blanks": " " * 100_000,
    "blank lines": "\n" * 100_000,
}
"""A hundred thousand characters that a careless parser takes minutes for, or does not survive."""


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_long_answers_are_read_in_no_time(text: str) -> None:
    """No long text takes more than five seconds of processor time, or fails; most take a tenth of one."""
    before = time.process_time()

    code = code_of(text, PROBLEM)

    assert time.process_time() - before < 5
    compile(code, "module", "exec")


def test_end_of_a_long_answer_is_read() -> None:
    """The function is found after a hundred thousand characters of thought."""
    assert loaded("Let me think about it.\n" * 5000 + fenced(FUNCTION))([1, 2, 3]) == 6
