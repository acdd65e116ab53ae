"""Problems whose answer is a program that reads its input and prints, in the shapes that people use."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from events.work import Example
from fractal_agent.datasets.reading import kind_of, parsed

NAMES = ("prompt", "question_content", "question", "description", "text", "statement")
"""Fields in which the text of a problem stands."""
PAIRS = (
    *("public_tests", "public_test_cases", "sample_tests"),
    *("tests", "test_cases", "input_output", "private_tests", "private_test_cases", "generated_tests"),
)
"""Fields in which pairs stand."""
_PUBLIC = ("public_tests", "public_test_cases", "sample_tests")
_INPUTS = ("input", "inputs", "stdin", "in")
_OUTPUTS = ("output", "outputs", "stdout", "out", "expected_output", "expected", "answer")
_SHOWN = ("public", "is_public", "visible", "sample", "is_sample")
_BETWEEN = 6
"""So many lines of other text may stand between an input and its output in a prompt."""
_MOST_SHOWN = 3
_LONGEST_SHOWN = 1_000
"""How many public pairs are put into a prompt that shows none itself, and of how many characters each."""
Complain = Callable[[str, str, str], Exception]
"""Makes the error of a field, with what was found and expected."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    given: str
    expected: str
    public: bool = False


def is_program(fields: Mapping[str, object]) -> bool:
    """The line poses a program, by what it says or by the tests it has."""
    if "kind" in fields:
        return fields["kind"] == "program"
    if fields.keys() & {"test", "test_list", "plus_input"}:
        return False
    if are_assertions(fields.get("tests")):
        return False
    return any(_holds_pairs(fields.get(name)) for name in PAIRS) or {"inputs", "outputs"} <= fields.keys()


def are_assertions(value: object) -> bool:
    """A list of pieces of Python, not of pairs."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _holds_pairs(value: object) -> bool:
    return isinstance(value, list | dict) or (isinstance(value, str) and value.lstrip()[:1] in {"[", "{"})


def pairs_of(fields: Mapping[str, object], prompt: str, bad: Complain) -> list[Pair]:
    """All pairs, each once, the public ones first. Raises what `bad` makes."""
    found = [pair for name in PAIRS if name in fields for pair in _pairs(fields[name], name, bad)]
    if {"inputs", "outputs"} <= fields.keys():
        both = {"inputs": fields["inputs"], "outputs": fields["outputs"]}
        found += _pairs(both, "inputs", bad)
    if not found:
        raise bad("tests", "no pair of an input and an output", "at least one")
    known: dict[tuple[str, str], bool] = {}
    for pair in found:
        key = pair.given, pair.expected
        shown = pair.public or known.get(key, False) or stands_in(prompt, pair)
        known[key] = shown
    pairs = [Pair(given=key[0], expected=key[1], public=shown) for key, shown in known.items()]
    return sorted(pairs, key=lambda pair: not pair.public)


def examples_of(pairs: Sequence[Pair]) -> tuple[Example, ...]:
    """What may be shown of the pairs."""
    return tuple(Example(call=pair.given, expected=pair.expected) for pair in pairs if pair.public)


def with_examples(prompt: str, pairs: Sequence[Pair]) -> str:
    """The prompt, and behind it the public pairs if it shows none of them."""
    public = [pair for pair in pairs if pair.public]
    if any(stands_in(prompt, pair) for pair in public):
        return prompt
    shown = [pair for pair in public if len(pair.given) + len(pair.expected) <= _LONGEST_SHOWN][:_MOST_SHOWN]
    parts = [f"Input:\n{pair.given.rstrip()}\n\nOutput:\n{pair.expected.rstrip()}\n" for pair in shown]
    return "\n\n".join([prompt.rstrip(), *parts]) if parts else prompt


def pair_tests(pairs: Sequence[Pair], compare: str) -> str:
    """Source of the tests that these pairs are."""
    rows = "".join(f"    ({pair.given!r}, {pair.expected!r}),\n" for pair in pairs)
    return f"__compare__ = {compare!r}\n__pairs__ = [\n{rows}]\n"


def pairs_in_file(text: str, name: str, bad: Complain) -> list[Pair]:
    """The pairs in a file of JSON, or of JSON a line. Raises what `bad` makes."""
    try:
        value = parsed(text)
    except (ValueError, RecursionError):
        try:
            value = [parsed(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError) as error:
            raise bad(name, f"malformed JSON ({error})", "pairs of an input and an output") from error
    if isinstance(value, dict) and (holders := [each for each in PAIRS if each in value]):
        return [pair for each in holders for pair in _pairs(value[each], each, bad)]
    return list(_pairs(value, name, bad))


def comparison(fields: Mapping[str, object], bad: Complain) -> str:
    """How outputs are compared, as the problem says it."""
    match fields.get("compare"):
        case None | "whitespace" | "tokens":
            return ""
        case "exact":
            return "exact"
        case bool():
            pass
        case int() | float() as tolerance if 0 <= tolerance < 1e300:  # no infinity
            return f"{float(tolerance)!r}"
    found = repr(fields["compare"]) if isinstance(fields["compare"], str) else kind_of(fields["compare"])
    raise bad("compare", found, "`exact`, `whitespace` or a tolerance")


def stands_in(prompt: str, pair: Pair) -> bool:
    """The prompt shows the pair: the lines of its input, and soon after them the lines of its output."""
    given, expected = _lines(pair.given), _lines(pair.expected)
    shown = _lines(prompt)
    if not given or not expected:
        return False
    for start in range(len(shown)):
        end = start + len(given)
        if _matches(shown[start:end], given):
            for place in range(end, min(end + _BETWEEN, len(shown))):
                if _matches(shown[place : place + len(expected)], expected):
                    return True
    return False


_LABEL = re.compile(r"(?i)^(?:[-*>#\s]*)(?:(?:sample|example)\s*)?(?:input|output)\s*\d*\s*[:=]\s*")


def _lines(text: str) -> list[str]:
    return [bare for line in text.split("\n") if (bare := " ".join(line.strip().strip("`").split()))]


def _matches(shown: list[str], wanted: list[str]) -> bool:
    """The first line may be led in: `Input: 1 2`."""
    return len(shown) == len(wanted) and shown[1:] == wanted[1:] and (
        shown[0] == wanted[0] or _LABEL.sub("", shown[0]) == wanted[0]
    )  # fmt: skip


def _pairs(value: object, field: str, bad: Complain) -> Iterator[Pair]:
    if isinstance(value, str):
        try:
            value = parsed(value)
        except (ValueError, RecursionError):
            expected = "JSON with inputs and outputs; what is compressed is to be unpacked first"
            raise bad(field, "text that is not JSON", expected) from None
    match value:
        case {"fn_name": str(name)}:
            found = f"calls of the function {name}"
            raise bad(field, found, "pairs of what is read and printed; give assertions in `test`")
        case dict():
            rows: list[object] = list(_zipped(value, field, bad))
        case list():
            rows = value
        case _:
            raise bad(field, kind_of(value), "an array of objects with `input` and `output`")
    for number, row in enumerate(rows, start=1):
        yield _pair(row, field, number, bad)


def _zipped(value: Mapping[str, object], field: str, bad: Complain) -> Iterator[object]:
    given = next((value[name] for name in _INPUTS if name in value), None)
    expected = next((value[name] for name in _OUTPUTS if name in value), None)
    if isinstance(given, str) and isinstance(expected, str):
        yield [given, expected]
        return
    if not isinstance(given, list) or not isinstance(expected, list):
        raise bad(field, "an object without `inputs` and `outputs`", "an array of each")
    if len(given) != len(expected):
        raise bad(field, f"{len(given)} inputs and {len(expected)} outputs", "as many of each")
    yield from map(list, zip(given, expected, strict=True))


def _pair(row: object, field: str, number: int, bad: Complain) -> Pair:
    public = field in _PUBLIC
    match row:
        case [given, expected]:
            pass
        case dict():
            if row.get("testtype", "stdin") != "stdin":
                raise bad(field, f"calls of a function as item {number}", "pairs of what is read and printed")
            given = next((row[name] for name in _INPUTS if name in row), None)
            expected = next((row[name] for name in _OUTPUTS if name in row), None)
            public = public or any(row.get(name) is True for name in _SHOWN) or row.get("hidden") is False
        case _:
            raise bad(field, f"{kind_of(row)} as item {number}", "an object with `input` and `output`")
    one, other = _text(given), _text(expected)
    if one is None or other is None:
        raise bad(
            field, f"item {number} without text to read and to print", "`input` and `output` as strings"
        )
    return Pair(given=one, expected=other, public=public)


def _text(value: object) -> str | None:
    """Text, or lines of it."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(f"{line}\n" for line in value)
    return value if isinstance(value, str) else None
