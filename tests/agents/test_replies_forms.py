"""The function in any form: whatever binds its name, and whatever stands around or between its characters."""

import textwrap
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.replies import code_of
from events import ProblemPosed

PROMPT = 'def add(a, b):\n    """Add.\n    >>> add(1, 2)\n    3\n    """\n'
PROBLEM = ProblemPosed(task_id="T/0", prompt=PROMPT, entry_point="add")
PREFILL = f"```python\n{PROMPT.strip()}\n"


def loaded(code: str, name: str = "add") -> Any:  # Any: what the module binds
    """What the module binds to the name."""
    names: dict[str, Any] = {"__name__": "module"}  # Any: what a module holds
    exec(compile(code, "module", "exec"), names)
    return names[name]


BOUND = {
    "camel fn": "def addNumbers(a, b):\n    return a + b",
    "near fn": "def add_numbers(a, b):\n    return a + b\n\nprint(add_numbers(1,2))",
    "solution": "def solution(a, b):\n    return a+b",
    "solve opt": "def solve(a, b, memo=None):\n    return a+b",
    "varargs": "def sum_all(*xs):\n    return sum(xs)",
    "pascal": "def Add(a,b):\n    return a+b",
    "under": "def _add(a, b): return a + b",
    "helper+main": "def helper(x):\n    return x\n\ndef add_two(a, b):\n    return helper(a)+helper(b)",
    "helper same sig": "def combine(x, y):\n    return x+y\n\ndef compute(a, b):\n    return combine(a, b)",
    "solution helper": "class Solution:\n    def helper(self, x):\n        return x\n    def addNumbers(self, a, b):\n        return self.helper(a) + b",
    "class static": "class Calc:\n    @staticmethod\n    def add_numbers(a, b):\n        return a + b",
    "classmethod": "class Calc:\n    @classmethod\n    def add(cls, a, b):\n        return a + b",
    "class pascal method": "class Solution:\n    def Add(self, a: int, b: int) -> int:\n        return a + b",
    "class call": "class Add:\n    def __call__(self, a, b):\n        return a+b",
    "init": "class S:\n    def __init__(self, x):\n        self.x=x\n    def addTwo(self, a, b):\n        return a+b",
    "import": "from operator import add",
    "import as": "from operator import add as add",
    "import other as": "from operator import __add__ as add",
    "op attr": "import operator as op\nadd = op.add",
    "numpy": "from operator import add\nimport operator",
    "annotated lambda": "from typing import Callable\nadd: Callable[[int, int], int] = lambda a, b: a + b",
    "instance": "class A:\n    def __call__(self, a, b): return a+b\nadd = A()",
    "instance of a subclass": "class B:\n    def __call__(self, a, b): return a+b\nclass A(B): pass\nadd = A()",
    "partial": "import functools\ndef f(z, a, b): return a+b+z\nadd = functools.partial(f, 0)",
    "subscript": 'TABLE = {"add": lambda a, b: a + b}\nadd = TABLE["add"]',
    "subscript fn": 'def _impl(a,b): return a+b\nOPS = {"add": _impl}\nadd = OPS["add"]',
    "get": 'OPS = {"add": lambda a,b: a+b}\nadd = OPS.get("add")',
    "if true": "if True:\n    def add(a, b):\n        return a + b",
    "try": "try:\n    from fastmath_nope import add\nexcept ImportError:\n    def add(a, b):\n        return a + b",
    "if else": "import sys\nif sys.version_info >= (3, 0):\n    def add(a, b):\n        return a + b\nelse:\n    def add(a, b):\n        return b + a",
    "cached": "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef add(a, b):\n    return a + b",
    "own decorator": "def deco(f):\n    def inner(*a): return f(*a)\n    return inner\n\n@deco\ndef add(a, b):\n    return a + b",
    "single dispatch": "from functools import singledispatch\n@singledispatch\ndef add(a, b):\n    raise NotImplementedError\n@add.register(int)\ndef add_int(a, b):\n    return a + b\n@add.register(str)\ndef _(a, b):\n    return a+b",
    "registered by a call": "from functools import singledispatch\n@singledispatch\ndef add(a, b):\n    raise TypeError\nadd.register(int, lambda a, b: a + b)",
    "registered by two calls": "import functools\n@functools.singledispatch\ndef add(a, b): ...\n\ndef ai(a,b): return a+b\nadd.register(int)(ai)",
    "walrus": "(add := lambda a, b: a + b)",
    "walrus in a condition": "if (add := lambda a, b: a + b):\n    pass",
    "tuple": "add, sub = (lambda a, b: a + b), (lambda a, b: a - b)",
    "tuple fn": "def mk():\n    return (lambda a, b: a+b), 3\nadd, n = mk()",
    "chain": "plus = add = lambda a, b: a + b",
    "starred targets": "add, *rest = [lambda a,b: a+b, 1, 2]",
    "factory": "def make_adder():\n    def inner(a, b):\n        return a + b\n    return inner\n\nadd = make_adder()",
    "factory args": "def make(op):\n    return lambda a, b: op(a, b)\nimport operator\nadd = make(operator.add)",
    "factory deep": "def make():\n    def outer():\n        return lambda a, b: a+b\n    return outer()\nadd = make()",
    "reduce": "from functools import reduce\nadd = lambda *xs: reduce(lambda p, q: p+q, xs)",
    "global": "def install():\n    global add\n    def add(a, b):\n        return a + b\n\ninstall()",
    "overload": "from typing import overload\n@overload\ndef add(a: int, b: int) -> int: ...\n@overload\ndef add(a: str, b: str) -> str: ...\ndef add(a, b):\n    return a + b",
    "ternary": "import operator\nadd = operator.add if True else None",
    "getattr": "import operator\nadd = getattr(operator, 'add')",
    "vars": "import operator\nadd = vars(operator)['add']",
    "static attr": "class M:\n    @staticmethod\n    def plus(a, b): return a+b\nadd = M.plus",
    "inst meth": "class M:\n    def plus(self, a, b): return a+b\nadd = M().plus",
    "classattr call": "class M:\n    def __init__(self): self.f = lambda a,b: a+b\nadd = M().f",
    "alias": "def plus(a, b): return a + b\nadd = plus",
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int\n    b: int\n    def s(self): return self.a+self.b\n\ndef add(a, b): return P(a,b).s()",
    "future": "from __future__ import annotations\ndef add(a: X, b: Y) -> Z:\n    return a + b",
    "match": "def add(a, b):\n    match a:\n        case 1:\n            return a + b\n        case _:\n            return b + a",
    "nested gen": "def add(a, b):\n    def gen():\n        yield a\n        yield b\n    return sum(gen())",
    "recursion": "def add(a, b):\n    return a if b == 0 else add(a + 1, b - 1)",
    "with": "import contextlib\nwith contextlib.suppress(Exception):\n    def add(a, b):\n        return a + b",
    "while": "while True:\n    def add(a, b): return a+b\n    break",
    "for": "for _ in range(1):\n    def add(a, b): return a+b",
    "if main": "if __name__ == '__main__':\n    def add(a, b):\n        return a + b\n    print(add(1,2))",
    "in main": "def main():\n    def add(a, b):\n        return a + b\n    print(add(1, 2))\nmain()",
    "type alias": "type Num = int\n\ndef add(a: Num, b: Num) -> Num:\n    return a + b",
    "wrapped deco call": "def memo(f):\n    return f\ndef add(a,b):\n    return a+b\nadd = memo(add)",
    "cached_lambda": "from functools import cache\nadd = cache(lambda a, b: a + b)",
    "lambda given to a function": "def twice(f): return f\nadd = twice(lambda a, b: a+b)",
}
"""Answers that bind the name to the function, or hold it under another."""

SPELLED = {
    "endoftext": "def add(a, b):\n    return a + b<|endoftext|>",
    "closing s": "def add(a, b):\n    return a + b</s>",
    "opening s": "<s>def add(a, b):\n    return a + b",
    "both sides of the talk": "def add(a, b):\n    return a + b<|im_end|>\n<|im_start|>user\nnow subtract<|im_end|>\n<|im_start|>assistant\ndef add(a, b):\n    return a - b",
    "whole turn": "<|im_start|>assistant\ndef add(a, b):\n    return a + b<|im_end|>",
    "next header": "def add(a, b):\n    return a + b<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nhi",
    "closing INST": "def add(a, b):\n    return a + b[/INST]",
    "opening INST": "[INST]def add(a, b):\n    return a + b",
    "end of sentence": "def add(a, b):\n    return a + b<\uff5cend\u2581of\u2581sentence\uff5c>",
    "fim": "def add(a, b):<|fim_middle|>\n    return a + b<|fim_pad|><|file_separator|>",
    "end of turn": "def add(a, b):\n    return a + b<end_of_turn>\n<eos>",
    "fim around": "<|fim_prefix|>def add(a, b):\n    return a + b<|fim_suffix|><|fim_middle|>",
    "mark in a comment": "def add(a, b):\n    return a + b  # sum<|im_end|>",
    "mark within": "def add(a, b):\n    total = a<|endoftext|>\n    if b:\n        total += b\n    return total",
    "many marks": "<|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|>def add(a, b):\n    return a + b<|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|>",
    "marks at fences": "```python<|x|>\ndef add(a, b):\n    return a + b\n```<|im_end|>",
    "bom": "\ufeff```python\n\ufeffdef add(a, b):\n    return a + b\n\ufeff```",
    "zero width": "def\u200b add(a,\u200b b):\n    ret\u200burn a + b",
    "zero width as margin": "def add(a, b):\n\u200b\u200b\u200b\u200breturn a + b",
    "joiner as blank": "def\u2060add(a, b):\n    return\u2060a + b",
    "joiner as blank and margin": "def\u2060add(a, b):\n\u2060\u2060return\u2060a + b",
    "line separators": "def add(a, b):\u2028    return a + b",
    "paragraph separators": "def add(a, b):\u2029    total = a\u2029    if b:\u2029        total += b\u2029    return total",
    "next lines": "def add(a, b):\x85    total = a\x85    if b:\x85        total += b\x85    return total",
    "form feeds": "def add(a, b):\x0c    return a + b",
    "form feeds around": "\x0cdef add(a, b):\n    return a + b\x0c",
    "vertical tabs": "def add(a, b):\x0b    total = a\x0b    if b:\x0b        total += b\x0b    return total",
    "carriage returns": "def add(a, b):\r    total = a\r    if b:\r        total += b\r    return total",
    "windows lines": "def add(a, b):\r\n    total = a\r\n    if b:\r\n        total += b\r\n    return total",
    "doubled carriage returns": "def add(a, b):\r\r\n    total = a\r\r\n    if b:\r\r\n        total += b\r\r\n    return total",
    "soft hyphen": "def add(a, b):\n    to\xadtal = a\n    if b:\n        to\xadtal += b\n    return to\xadtal",
    "variation selector": "def add(a, b):\n    total\ufe0f = a\n    if b:\n        total\ufe0f += b\n    return total\ufe0f",
    "smart": "def add(a, b):\n    x = \u201cit's\u201d\n    return a + b",
    "smart single": "def add(a, b):\n    d = {\u2018k\u2019: a}\n    return d[\u2018k\u2019] + b",
    "smart inside": "def add(a, b):\n\xa0\xa0\xa0\xa0x = \"\u201cq\u201d \xa0\"\n\xa0\xa0\xa0\xa0assert x == '\u201cq\u201d \xa0'\n\xa0\xa0\xa0\xa0return a + b",
    "fullwidth": "def add\uff08a\uff0c b\uff09\uff1a\n    return a \uff0b b",
    "full-width colon": "def add(a, b)\uff1a\n    x = [a\uff0c b]\n    return sum(x)",
    "full-width in a string": "def add\uff08a\uff0c b\uff09\uff1a\n    assert '\uff0c' != ','\n    return a + b",
    "html": "def add(a, b):\n    if a &lt; b and &#x27;x&#x27; &gt; &quot;a&quot;:\n        return a + b\n    return b + a",
    "html2": "def add(a, b):\n    x = a &lt; b\n    return a + b",
    "htmlamp": "def add(a, b):\n    return (a &amp; b) * 2 + (a ^ b)",
    "pre": '<pre><code class="language-python">def add(a, b):\n    total = a\n    if b &gt; 0:\n        total += b\n    return total</code></pre>',
    "code": "<code>def add(a, b):\n    return a + b</code>",
    "prose code": "Here: <code>def add(a, b):\n    return a + b</code> done.",
    "span": '<span class="k">def</span> <span class="nf">add</span>(a, b):<br/>    return a + b',
    "answer tag": "<answer>\ndef add(a, b):\n    return a + b\n</answer>",
    "answer tag2": "<answer>```python\ndef add(a, b):\n    return a + b\n```</answer>",
    "PYTHON": "[PYTHON]\ndef add(a, b):\n    return a + b\n[/PYTHON]",
    "PYTHON1": "[PYTHON]def add(a, b):\n    return a + b[/PYTHON]",
    "latex": "\\begin{lstlisting}[language=Python]\ndef add(a, b):\n    return a + b\n\\end{lstlisting}",
    "json": '{"code": "def add(a, b):\\n    return a + b"}',
    "json fence": '```json\n{\n "code": "def add(a, b):\\n    total = a\\n    if b:\\n        total += b\\n    return total",\n "x": 1\n}\n```',
    "json broken": '{"code": "def add(a, b):\n    return a + b"}',
    "json md": '{"answer": "```python\\ndef add(a, b):\\n    return a + b\\n```"}',
    "json list": '[{"type": "text", "text": "def add(a, b):\\n    return a + b"}]',
    "json nested": '{"arguments": "{\\"code\\": \\"def add(a, b):\\\\n    return a + b\\"}"}',
    "notebook file": '{"cells": [{"cell_type": "code", "source": ["def add(a, b):\\n", "    total = a\\n", "    if b:\\n", "        total += b\\n", "    return total\\n"]}]}',
    "prose json": 'Sure:\n{"code": "def add(a, b):\\n    return a + b"}\nDone.',
    "repr": "'def add(a, b):\\n    return a + b'",
    "escaped": "def add(a, b):\\n    return a + b",
    "triple": "'''python\ndef add(a, b):\n    return a + b\n'''",
    "tripleq": '"""\ndef add(a, b):\n    return a + b\n"""',
    "var str": "code = '''\ndef add(a, b):\n    return a + b\n'''\nexec(code)",
    "inline": "Use `add = lambda a, b: a + b` here.",
    "inline2": "Use `def add(a, b): return a + b`.",
    "repl": ">>> def add(a, b):\n...     return a + b\n... \n>>> add(1, 2)\n3",
    "prompts without a blank": ">>>def add(a, b):\n...    return a + b",
    "notebook prompts": "In [1]: def add(a, b):\n   ...:     return a + b\n   ...: \n\nIn [2]: add(1, 2)\nOut[2]: 3",
    "numbered with bars": "1 | def add(a, b):\n2 |     return a + b",
    "numbered with colons": " 1: def add(a, b):\n 2:     return a + b",
    "numbered with tabs": "1\tdef add(a, b):\n2\t    return a + b",
    "numbered with zeros": "01 def add(a, b):\n02     return a + b",
    "numbered in brackets": "[1] def add(a, b):\n[2]     return a + b",
    "ln fence": "```python\n1 | def add(a, b):\n2 |     total = a\n3 |     total += b\n4 |     return total\n```",
    "diff": "+def add(a, b):\n+    return a + b",
    "diff2": "--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n def add(a, b):\n-    return a - b\n+    return a + b\n",
    "diff3": "```diff\n@@ -0,0 +1,2 @@\n+def add(a, b):\n+    return a + b\n```",
    "quote": "> def add(a, b):\n>     return a + b",
    "quote fence": "> ```python\n> def add(a, b):\n>     return a + b\n> ```",
    "quote2": "> > def add(a, b):\n> >     return a + b",
    "table": "| def add(a, b):\n|     return a + b",
    "magic": "%%time\ndef add(a, b):\n    return a + b",
    "pip": "!pip install x\ndef add(a, b):\n    return a + b",
    "py3": "```python3\ndef add(a, b):\n    return a + b\n```",
    "PY": "```Python 3\ndef add(a, b):\n    return a + b\n```",
    "tilde": "~~~\ndef add(a, b):\n    return a + b\n~~~",
    "four": "````python\ndef add(a, b):\n    return a + b\n````",
    "attr": "```{python}\ndef add(a, b):\n    return a + b\n```",
    "attr2": '```python title="a.py"\ndef add(a, b):\n    return a + b\n```',
    "attr3": "``` python {.numberLines}\ndef add(a, b):\n    return a + b\n```",
    "never": "text\n```python\ndef add(a, b):\n    return a + b",
    "two ticks": "``\ndef add(a, b):\n    return a + b\n``",
    "one tick": "`def add(a, b):\n    return a + b`",
    "literal block": "Use::\n\n    def add(a, b):\n        return a + b\n",
    "code block directive": ".. code-block:: python\n\n   def add(a, b):\n       return a + b\n",
    "yaml": "code: |\n  def add(a, b):\n    return a + b\n",
    "list": "1. Do:\n\n   ```python\n   def add(a, b):\n       return a + b\n   ```\n",
    "list2": "- def add(a, b):\n      return a + b",
    "async?": "def add(a, b): return a + b; print('x')",
    "sentencepiece blanks": "def add(a, b):\n\u2581\u2581\u2581\u2581total = a\n\u2581\u2581\u2581\u2581if b:\n\u2581\u2581\u2581\u2581\u2581\u2581\u2581\u2581total += b\n\u2581\u2581\u2581\u2581return total",
    "byte-level blanks": "def\u0120add(a,\u0120b):\u010a\u0120\u0120\u0120\u0120total\u0120=\u0120a\u010a\u0120\u0120\u0120\u0120if\u0120b:\u010a\u0120\u0120\u0120\u0120\u0120\u0120\u0120\u0120total\u0120+=\u0120b\u010a\u0120\u0120\u0120\u0120return\u0120total",
    "byte tokens": "def add(a, b):<0x0A>    return a + b",
    "think": "<think>\ndef add(a, b):\n    return a - b\n</think>\ndef add(a, b):\n    return a + b",
    "pep695": "def add[T](a: T, b: T) -> T:\n    return a + b",
    "typealias2": "import math\n\ntype Num = int | float\n\ndef add(a: Num, b: Num) -> Num:\n    return a + b",
    "thought after the prompt": '```python\ndef add(a, b):\n    """Add.\n    >>> add(1, 2)\n    3\n    """\n<think>return a - b</think>\n    return a + b',
    "prefill+full": '```python\ndef add(a, b):\n    """Add.\n    >>> add(1, 2)\n    3\n    """\nSure:\n```python\ndef add(a, b):\n    return a + b\n```',
    "ogham spaces": "def add(a, b):\n\u1680\u1680\u1680\u1680total = a\n\u1680\u1680\u1680\u1680if b:\n\u1680\u1680\u1680\u1680\u1680\u1680\u1680\u1680total += b\n\u1680\u1680\u1680\u1680return total",
    "em spaces": "def add(a, b):\n\u2003\u2003total = a\n\u2003\u2003if b:\n\u2003\u2003\u2003\u2003total += b\n\u2003\u2003return total",
    "tabs and blanks mixed": "def add(a, b):\n\ttotal = a\n        total += b\n\treturn total",
    "tabs and no-break spaces": "def add(a, b):\n\t\xa0total = a\n\t\xa0return total + b",
}
"""Answers with marks, characters and wrappings that are no Python."""


@pytest.mark.parametrize("answer", BOUND.values(), ids=BOUND)
def test_whatever_binds_the_name_is_the_function(answer: str) -> None:
    """Imports, assignments of any form, branches, factories, classes and near names give the function."""
    assert loaded(code_of(answer, PROBLEM))(1, 2) == 3


@pytest.mark.parametrize("answer", SPELLED.values(), ids=SPELLED)
def test_function_is_found_behind_foreign_characters(answer: str) -> None:
    """Chat marks, foreign spaces, entities, listings, pages and JSON do not hide the function."""
    assert loaded(code_of(answer, PROBLEM))(1, 2) == 3


@pytest.mark.parametrize("answer", [*BOUND.values(), *SPELLED.values()])
def test_read_again_it_is_the_same(answer: str) -> None:
    """The module that was read is read from itself unchanged."""
    code = code_of(answer, PROBLEM)

    assert code_of(code, PROBLEM) == code


@pytest.mark.parametrize(
    "answer",
    [
        "from solution import add",
        "import add",
        "add = 3",
        "add: int = 3",
        "add = sum([1, 2])",
        "add = [1, 2][0]",
        "for add in range(3):\n    pass",
        "if True:\n    add = 3",
        "def one(a, b):\n    return a\n\n\ndef two(a, b):\n    return b",
        "def other(a):\n    return a",
        "class Solution:\n    def one(self, a, b):\n        return a\n\n    def two(self, a, b):\n        return b",
        "def test_add(a, b):\n    return a",
        "<think>\ndef add(a, b):\n    return a",
        "# def add(a, b):\n#     return a",
    ],
)
def test_function_that_is_not_there_is_not_made_up(answer: str) -> None:
    """Numbers, unknown modules, tests, thoughts and two functions to choose from bind nothing."""
    with pytest.raises(KeyError, match="add"):
        loaded(code_of(answer, PROBLEM))


SOUND = {
    "overloads": "from typing import overload\n\n\n@overload\ndef add(a: int, b: int) -> int: ...\n\n\n"
    "def add(a, b):\n    return a + b\n",
    "registrations": "from functools import singledispatch\n\n\n@singledispatch\ndef add(a, b):\n"
    "    raise NotImplementedError\n\n\n@add.register\ndef _(a: int, b):\n    return a + b\n",
    "tables": 'def plus(a, b):\n    return a + b\n\n\nTABLE = {"add": plus}\nadd = TABLE["add"]\n',
    "marks in strings": 'MARK = "<|im_end|>"\n\n\ndef add(a, b):\n    assert MARK != "</s>"\n    return a + b\n',
    "spaces in strings": 'def add(a, b):\n    assert "\\xa0" == "\xa0"\n    return a + b\n',
    "entities in strings": 'def add(a, b):\n    assert len("&lt;") == 4\n    return a + b\n',
    "thoughts in strings": 'def add(a, b):\n    assert "<think>" < "x</think>"  # <think>\n    return a + b\n',
    "conditions": "import sys\n\nif sys.maxsize:\n    def add(a, b):\n        return a + b\n"
    "else:\n    def add(a, b):\n        return b + a\n",
}


@pytest.mark.parametrize("program", SOUND.values(), ids=SOUND)
def test_sound_program_is_not_touched(program: str) -> None:
    """A program that loads comes back as it was written, whatever its strings hold."""
    assert code_of(program, PROBLEM) == program
    assert code_of(f"```python\n{program}```", PROBLEM) == program


def test_strings_survive_what_is_mended_around_them() -> None:
    """Where foreign characters are mended, what stands in strings and comments stays."""
    kept = "    assert \"&lt;<|x|>\uff0c\u201cq\u201d\" != '\xa0'  # \u201cas is\u201d"
    answer = f"def add\uff08a, b\uff09:\n{kept}\n\u3000\u3000\u3000\u3000return a + b<|endoftext|>"

    code = code_of(answer, PROBLEM)

    assert kept in code
    assert loaded(code)(1, 2) == 3


STACK = """\
class Stack:
    \"\"\"A stack.\"\"\"

    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

    def pop(self):
        return self.items.pop()
"""
STACKED = ProblemPosed(
    task_id="T/1",
    prompt='class Stack:\n    """A stack."""\n\n    def push(self, item):\n        """Put it."""\n',
    entry_point="Stack",
)


@pytest.mark.parametrize(
    "answer",
    [
        STACK,
        f"Here:\n```python\n{STACK}```\n```python\nclass Stack:\n    pass\n```",
        f"{STACK}\nstack = Stack()\nprint(stack.pop())\n",
        STACK.replace("Stack", "MyStack"),
        STACK.replace("    ", "\u3000\u3000"),
        STACK.rstrip() + "<|im_end|>",
        f"```python\n{STACKED.prompt.strip()}\n{STACK}",
    ],
    ids=["bare", "fence, then a stub", "used", "renamed", "foreign spaces", "mark", "restated"],
)
def test_class_that_is_asked_for_is_whole(answer: str) -> None:
    """An entry point that names a class gives the class with all of its methods."""
    stack = loaded(code_of(answer, STACKED), "Stack")()

    stack.push(3)

    assert stack.pop() == 3


def test_generics_of_a_later_python_are_written_for_this_one() -> None:
    """A `type` statement and type parameters do not cost the function."""
    answer = "type Pair[T] = tuple[T, T]\n\n\ndef add[T](a: T, b: T) -> T:\n    return a + b\n"

    assert loaded(code_of(answer, PROBLEM))(1, 2) == 3


PROGRAMS = [
    "def add(a, b):\n    total = a\n    for _ in range(1):\n        total += b\n    return total\n",
    "import operator\n\n\ndef add(a, b):\n    if a < b and '<' > \"\":\n        return operator.add(a, b)\n    return b + a\n",
    "class Solution:\n    def addNumbers(self, a, b):\n        return a + b\n",
    "LIMIT = {'x': [0]}\n\n\ndef plus(a, b):\n    return a + b + LIMIT['x'][0]\n\n\nadd = plus\n",
]


def _numbered(text: str) -> str:
    lines = text.split("\n")
    return "\n".join(f"{number:>3} | {line}" for number, line in enumerate(lines, 1))


WRAPPERS: dict[str, Callable[[str], str]] = {
    "fence": lambda text: f"```python\n{text}\n```",
    "tildes": lambda text: f"~~~py\n{text}\n~~~",
    "open fence": lambda text: f"```python\n{text}",
    "prose": lambda text: f"Sure! Here's the function:\n\n{text}\n\nIt adds (as asked.",
    "think": lambda text: (
        f"<think>\n```python\ndef add(a, b):\n    return a - b\n```\nNo.\n</think>\n\n{text}"
    ),
    "thought": lambda text: f"It's a - b. No.\n</think>\n{text}",
    "mark": lambda text: f"{text.rstrip()}<|im_end|>",
    "turn": lambda text: f"<|im_start|>assistant\n{text}<|im_end|>\n<|im_start|>user\nThanks.",
    "windows": lambda text: text.replace("\n", "\r\n"),
    "no-break": lambda text: text.replace("    ", "\xa0" * 4),
    "ideographic": lambda text: text.replace("    ", "\u3000" * 2),
    "joiner": lambda text: text.replace("def ", "\u200bdef\u2060 "),
    "mark of order": lambda text: f"\ufeff{text}",
    "list": lambda text: "1. Write it:\n\n" + textwrap.indent(text, "   ") + "\n",
    "tag": lambda text: f"<answer>\n{text}\n</answer>",
}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(PROGRAMS),
    st.lists(st.sampled_from(sorted(WRAPPERS)), min_size=1, max_size=3, unique=True),
)
def test_wrapped_program_is_the_program(program: str, wrappers: list[str]) -> None:
    """Any two or three wrappers around a sound program leave a function that does the same."""
    text = program
    for name in wrappers:
        text = WRAPPERS[name](text)

    code = code_of(text, PROBLEM)

    assert loaded(code)(1, 2) == 3
    assert code_of(code, PROBLEM) == code


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(
            [
                *"aA0 \n\t:()[]{}\"'`#<>|\\&;=+-,.\xa0\u200b\u3000\uff08\u201c\x85\u2028",
                "def add(a, b):",
                "    return a",
                "```",
                "<think>",
                "</think>",
                "<|im_end|>",
                "&lt;",
                '{"code": "',
                "class S:",
                "add = ",
                "lambda: 1",
                "type X = ",
                "@overload\n",
                "1 | ",
                "</s>",
                "<code>",
                "\\n",
                "if add:",
                "try:\n",
                "import ",
                "[f]",
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_any_heap_of_marks_is_a_program(text: str) -> None:
    """Whatever is mixed with marks and foreign characters becomes a module that compiles."""
    for answer in (text, PREFILL + text):
        compile(code_of(answer, PROBLEM), "module", "exec")


LONG = {
    "marks": "<|im_end|> a " * 70_000,
    "marks alone": "<s>" * 300_000,
    "thoughts": "x <think> " * 100_000,
    "entities": "&lt;" * 250_000,
    "foreign spaces": "\xa0a" * 500_000,
    "joiners": "\u200b" * 1_000_000,
    "objects": '{"a":' * 200_000,
    "strings": "'def x' " * 120_000,
    "tags": "<div a=b " * 110_000,
    "patch": "+def a\n" * 140_000,
    "bindings": "add = f(add)\n" * 70_000,
    "factories": "def f(x):\n" + "    return f(1)\n" * 1_500 + "add = f(1)\n",
    "mutual factories": "".join(
        f"def f{one}():\n" + "".join(f"    return f{other}()\n" for other in range(30)) for one in range(30)
    )
    + "add = f0()\n",
}
"""A megabyte, or a knot, that a careless reader takes minutes for."""


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_megabyte_is_read_in_no_time(text: str) -> None:
    """No megabyte takes more than five seconds of processor time."""
    before = time.process_time()

    code_of(text, PROBLEM)

    assert time.process_time() - before < 5
