"""A file as people have it: encodings, arrays, long numbers, and mistakes told by what they are."""

import codecs
import json
from pathlib import Path

import pytest

from fractal_agent.datasets import BadRecord, MissingDataset, load
from fractal_agent.datasets.literals import source_of
from fractal_agent.datasets.reading import parsed, read_objects

TASK = {
    "task_id": "mine/0",
    "prompt": 'def add(a, b):\n    """Add."""\n',
    "entry_point": "add",
    "test": "def check(candidate):\n    assert candidate(2, 2) == 4\n",
}
OTHER = TASK | {"task_id": "mine/1"}


def written(folder: Path, content: str | bytes, name: str = "mine.jsonl") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


LINES = f"{json.dumps(TASK)}\n{json.dumps(OTHER)}\n"


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + LINES.encode(),
        codecs.BOM_UTF16_LE + LINES.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + LINES.encode("utf-16-be"),
        LINES.replace("\n", "\r\n").encode(),
        LINES.replace("\n", "\n\n  \n").encode(),
        LINES.rstrip().encode(),
        json.dumps([TASK, OTHER]).encode(),
        json.dumps([TASK, OTHER], indent=2).encode(),
        b"\n  " + json.dumps([TASK, OTHER], indent=1).replace("\n", "\r\n").encode() + b"\r\n",
    ],
    ids=[
        "BOM",
        "UTF-16",
        "UTF-16 BE",
        "CRLF",
        "blank lines",
        "no last line end",
        "array",
        "indented",
        "both",
    ],
)
def test_ways_to_write_the_same(tmp_path: Path, content: bytes) -> None:
    """Encoding, line ends and an array in place of lines make no difference to the tasks."""
    tasks = load(written(tmp_path, content))

    assert [task.problem.task_id for task in tasks] == ["mine/0", "mine/1"]
    assert tasks[0].problem.prompt == TASK["prompt"]


def test_json_file(tmp_path: Path) -> None:
    """A file that ends in .json is read as one that ends in .jsonl."""
    (task,) = load(written(tmp_path, json.dumps([TASK]), "mine.json"))

    assert task.line == 1


def test_lines_of_an_array(tmp_path: Path) -> None:
    """A task of an array knows the line on which it begins."""
    content = f"[\n{json.dumps(TASK)},\n\n{json.dumps(OTHER)}\n]\n"

    assert [task.line for task in load(written(tmp_path, content))] == [2, 4]


ONE = json.dumps(TASK)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (ONE[:-1] + ",}", "a comma stands before the closing bracket"),
        (ONE + ",", "a comma follows the object"),
        (ONE + ONE, "two objects stand on one line"),
        (repr(TASK), "single quotes, as Python writes them"),
        ('{"task_id": None}', "Python's None, not JSON's"),
        ("{", "the line ends inside the object"),
        ('{"task_id": "a', "the line ends inside the object"),
        ('{"task_id": "a", "task_id": "b"}', "field 'task_id': found the field twice"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ("[" + ONE + ",]", "a comma before the closing bracket"),
        ("[" + ONE + ONE + "]", "does not go on after an item"),
        ("[" + ONE, "does not go on after an item"),
        ("[" + ONE + "] 3", "'3' after the array"),
        ("[" + ONE + ", 3]", "found a number; expected one JSON object"),
        ("[" + ONE + ", {]", "broken item of the array"),
        (json.dumps(TASK | {"prompt": 'def add(a, b):\n    "\ud800"\n'}), "half of a character .*ud800"),
        (json.dumps(TASK | {"kind": "poem"}), "field 'kind': found 'poem'"),
    ],
)
def test_mistakes(tmp_path: Path, line: str, complaint: str) -> None:
    """A mistake that people make is told in a reader's words, with its line."""
    with pytest.raises(BadRecord, match=rf"mine\.jsonl, line 1.*{complaint}"):
        load(written(tmp_path, line))


def test_half_of_an_encoding(tmp_path: Path) -> None:
    """A file that begins as UTF-16 and is cut in a character is refused with a remedy."""
    with pytest.raises(MissingDataset, match="UTF-8"):
        load(written(tmp_path, codecs.BOM_UTF16_LE + b"\x00"))


@pytest.mark.parametrize("digits", [600, 4_300, 4_301, 50_000])
@pytest.mark.parametrize("sign", ["", "-"])
def test_long_integers(digits: int, sign: str) -> None:
    """An integer of any length is read as itself, and its source is read back as itself."""
    number = parsed(sign + "9" * digits)

    assert number == int(sign + "1") * (10**digits - 1)
    assert eval(source_of([number, {"a": (number, 1.5)}])) == [number, {"a": (number, 1.5)}]  # ours


def test_too_long_an_integer() -> None:
    """An integer that would take minutes is refused."""
    with pytest.raises(ValueError, match="an integer of 3000000 digits"):
        parsed("9" * 3_000_000)


def test_odd_numbers(tmp_path: Path) -> None:
    """NaN, infinities and huge exponents are numbers."""
    path = tmp_path / "odd.jsonl"
    path.write_text('{"a": [NaN, Infinity, -Infinity, 1e999, 1e-999]}\n')

    ((_, fields),) = read_objects(path)

    assert repr(fields["a"]) == "[nan, inf, -inf, inf, 0.0]"


def test_long_integer_in_prompt_and_tests(tmp_path: Path) -> None:
    """A prompt and tests with long integers are Python, and the prompt's example is found."""
    long = "9" * 5_000
    task = TASK | {
        "prompt": f'def add(a, b):\n    """\n    >>> add({long}, 0)\n    {long}\n    """\n',
        "test": f"def check(candidate):\n    assert candidate({long}, 0) == {long}\n",
    }

    (loaded,) = load(written(tmp_path, json.dumps(task)))

    assert loaded.problem.examples[0].expected == long
