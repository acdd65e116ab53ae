"""What MBPP+ leaves out of its lines: the prompt's signature, and what JSON cannot say of an argument."""

import ast
import textwrap
from collections.abc import Sequence

from fractal_agent.datasets.literals import parse_module
from fractal_agent.datasets.signature import defined_functions

_ARGUMENTS = frozenset({1})
_ITEMS = frozenset({2})
_BOTH = frozenset({1, 2})
_ALL = frozenset(range(1, 100))
_TUPLES = {
    **dict.fromkeys((2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424), _ARGUMENTS),
    **dict.fromkeys((429, 470, 560, 579, 596, 616, 630, 726, 740, 744, 809), _ARGUMENTS),
    **dict.fromkeys((63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780), _ITEMS),
    **dict.fromkeys((75, 413, 444, 753), _ITEMS),
    **dict.fromkeys((259, 278, 401, 445), _BOTH),
    **dict.fromkeys((580, 615, 791), _ALL),
}
"""How deep in the arguments a list stands for a tuple, by task: 1 is the argument itself, 2 its items."""
_FIRST = frozenset((250, 307, 405, 446, 617, 720, 763, 808))
"""Tasks whose first argument alone is a tuple."""
_SECOND = frozenset((106, 750))
_VALUES = frozenset((722,))
"""Tasks whose first argument is a dict of tuples."""
_COMPLEX = frozenset((124, 252))
"""Tasks whose last argument is a complex number, written as a string."""


def typed(task_id: str, arguments: Sequence[object]) -> list[object]:
    """The arguments as the task means them; those of other data sets as they are.

    The tasks are those of `mbpp_deserialize_inputs` in EvalPlus 0.3.1.
    """
    family, _, digits = task_id.partition("/")
    number = int(digits) if family == "Mbpp" and digits.isdecimal() else 0
    match arguments:
        case [list(first), *others] if number in _FIRST:
            return [tuple(first), *others]
        case [first, list(second)] if number in _SECOND:
            return [first, tuple(second)]
        case [dict(first), *others] if number in _VALUES:
            return [{key: tuple(value) for key, value in first.items()}, *others]
        case [*others, str() | int() | float() as last] if number in _COMPLEX:
            return [*(float(str(each)) for each in others), complex(last)]
    depths = _TUPLES.get(number, frozenset())
    return [_with_tuples(argument, depths, 1) for argument in arguments]


def _with_tuples(value: object, depths: frozenset[int], depth: int) -> object:
    if not isinstance(value, list):
        return value
    items = [_with_tuples(item, depths, depth + 1) for item in value]
    return tuple(items) if depth in depths else items


def whole_prompt(prompt: str, solution: str, entry_point: str) -> str:
    """A prompt that is a docstring alone, below the signature that the solution has; any other as it is.

    The text is not touched, except that it is indented.
    """
    module, solved = parse_module(prompt), parse_module(solution)
    function = defined_functions(solved).get(entry_point) if solved else None
    match module:
        case ast.Module(body=[ast.Expr(value=ast.Constant(value=str()))]) if function is not None:
            text = textwrap.indent(prompt.strip(), "    ")
            return f"def {entry_point}({ast.unparse(function.args)}):\n{text}\n"
    return prompt
