"""The other readings of an answer, by which the benchmark judges the project's own."""

import pytest
from headroom import read_otherwise

PROMPT = 'def add(x, y):\n    """Adds."""\n'
FUNCTION = "def add(x, y):\n    return x + y"


@pytest.mark.parametrize(
    "answer",
    [
        f"Here it is:\n```python\n{FUNCTION}\n```\nIt adds.",
        f"```python\n{FUNCTION}\n```\nOr so:\n```\nadd = None\n```",
        f"{FUNCTION}\nThis adds two numbers.",
        f"{FUNCTION}\n\ndef add_all(xs):\n    return sum(xs\n",
        f"I would say:\n{FUNCTION}\nSo be it.",
        "    return x + y\nThat is all.",
    ],
)
def test_one_of_the_readings_is_the_function(answer: str) -> None:
    """Whatever stands around the function, one reading of the answer defines it alone and adds."""
    right = 0
    for program in read_otherwise(answer, PROMPT, "add"):
        space: dict[str, object] = {}
        try:
            exec(program, space)
            right += space["add"](2, 3) == 5  # type: ignore[operator]
        except (SyntaxError, KeyError, TypeError):
            continue
    assert right
