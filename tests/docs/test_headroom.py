"""The other readings of an answer, by which the benchmark judges the project's own."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PROMPT = 'def add(x, y):\n    """Adds."""\n'
FUNCTION = "def add(x, y):\n    return x + y"


@pytest.fixture
def headroom(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    spec = importlib.util.spec_from_file_location("headroom", BENCHMARKS / "headroom.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
def test_one_of_the_readings_is_the_function(headroom: ModuleType, answer: str) -> None:
    """Whatever stands around the function, one reading of the answer defines it alone and adds."""
    right = 0
    for program in headroom.read_otherwise(answer, PROMPT, "add"):
        space: dict[str, object] = {}
        try:
            exec(program, space)
            right += space["add"](2, 3) == 5  # type: ignore[operator]
        except (SyntaxError, KeyError, TypeError):
            continue
    assert right
