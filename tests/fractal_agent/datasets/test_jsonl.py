"""Loading a newcomer's own file, selecting from it, and every way in which it can be wrong."""

import gzip
import json
from pathlib import Path

import pytest

from events.work import Example
from fractal_agent.datasets import (
    BadRecord,
    DatasetError,
    MissingDataset,
    Task,
    UnknownDataset,
    UnknownTask,
    load,
    names,
    select,
)


def record(**changes: object) -> dict[str, object]:
    return {
        "task_id": "mine/0",
        "prompt": 'def add(a, b):\n    """>>> add(1, 2)\n    3\n    """\n',
        "entry_point": "add",
        "test": "def check(candidate):\n    assert candidate(2, 2) == 4\n",
        "canonical_solution": "    return a + b\n",
    } | changes


def without(field: str) -> dict[str, object]:
    return {name: value for name, value in record().items() if name != field}


def written(folder: Path, *lines: object) -> str:
    path = folder / "mine.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return str(path)


def loaded(folder: Path, count: int) -> tuple[Task, ...]:
    return load(written(folder, *(record(task_id=f"mine/{number}") for number in range(count))))


def test_task(tmp_path: Path) -> None:
    """A line becomes a task whose problem shows the prompt's examples and nothing of the tests."""
    (task,) = load(written(tmp_path, record()))

    assert task.problem.task_id == "mine/0"
    assert task.problem.entry_point == "add"
    assert task.problem.examples == (Example(call="add(1, 2)", expected="3"),)
    assert "assert candidate(2, 2) == 4" in task.hidden_tests
    assert "candidate" not in str(task.problem)
    assert task.canonical_solution == "    return a + b\n"


def test_compressed_file(tmp_path: Path) -> None:
    """A .jsonl.gz gives the same tasks as the plain file."""
    plain = written(tmp_path, record(), record(task_id="mine/1"))
    packed = tmp_path / "mine.jsonl.gz"
    packed.write_bytes(gzip.compress(Path(plain).read_bytes()))

    assert load(str(packed)) == load(plain)


def test_what_may_be_left_out(tmp_path: Path) -> None:
    """Blank lines, unknown fields and a missing canonical solution are no errors."""
    line = without("canonical_solution") | {"source": "a book"}

    (task,) = load(written(tmp_path, "", line, ""))

    assert task.canonical_solution == ""


def test_line_separators_inside_strings(tmp_path: Path) -> None:
    """Only a newline ends a line: U+2028 inside a string does not."""
    line = json.dumps(record(test="def check(candidate):\n    'a\u2028b'\n"), ensure_ascii=False)

    (task,) = load(written(tmp_path, line))

    assert "\u2028" in task.hidden_tests


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"task_id": ', "malformed JSON .*expected one JSON object"),
        ("[1, 2]", "found an array; expected one JSON object"),
        (without("prompt"), "field 'prompt': found nothing; expected a string"),
        (without("test"), "field 'test': found nothing; expected a string"),
        (record(entry_point=3), "field 'entry_point': found a number; expected a string"),
        (record(prompt=None), "field 'prompt': found null; expected a string"),
        (record(canonical_solution=["x"]), "field 'canonical_solution': found an array; expected a string"),
        (record(task_id=" "), "field 'task_id': found an empty string; expected some text"),
        (
            record(task_id="mine/0"),
            "field 'task_id': found 'mine/0', which line 1 has too; expected an id of its own",
        ),
        (
            record(prompt="Add two numbers."),
            "field 'prompt': found text that is not Python; expected Python up to",
        ),
        (
            record(entry_point="sub"),
            "field 'entry_point': found 'sub' and a prompt that defines add; expected the",
        ),
        (record(prompt="x = 1\n"), "field 'entry_point': found 'add' and a prompt that defines no function"),
        (
            record(test="def check(:"),
            "field 'test': found text that is not Python; expected Python that defines",
        ),
        (
            record(test="def verify(f): ..."),
            "field 'test': found no function check; expected Python that defines",
        ),
    ],
)
def test_bad_line(tmp_path: Path, line: object, complaint: str) -> None:
    """An error names the file, the line, the field, what was found and what was expected."""
    fixed = line | {"task_id": "mine/1"} if isinstance(line, dict) and line["task_id"] == "mine/0" else line
    path = written(tmp_path, record(), line if "line 1 has too" in complaint else fixed)

    with pytest.raises(BadRecord, match=rf"mine\.jsonl, line 2.*{complaint}"):
        load(path)


def test_bytes_that_are_not_text(tmp_path: Path) -> None:
    """A line that is not UTF-8 is malformed JSON, by its number."""
    path = tmp_path / "mine.jsonl"
    path.write_bytes(b'{"task_id": "\xff"}\n')

    with pytest.raises(BadRecord, match="line 1: found malformed JSON"):
        load(str(path))


@pytest.mark.parametrize("content", [b"plain text", gzip.compress(b"{}" * 999)[:20]])
def test_broken_compression(tmp_path: Path, content: bytes) -> None:
    """A .gz that is not gzip, or only the beginning of one, is refused with a remedy."""
    path = tmp_path / "mine.jsonl.gz"
    path.write_bytes(content)

    with pytest.raises(MissingDataset, match=r"not a whole gzip file.*Fetch the file again"):
        load(str(path))


def test_missing_file(tmp_path: Path) -> None:
    """A path without a file is named."""
    with pytest.raises(MissingDataset, match=r"nowhere\.jsonl: cannot be read \(No such file"):
        load(str(tmp_path / "nowhere.jsonl"))


def test_empty_file(tmp_path: Path) -> None:
    """A file without a single task is an error, not an empty dataset."""
    with pytest.raises(MissingDataset, match="holds no task"):
        load(written(tmp_path))


def test_unknown_dataset() -> None:
    """A misspelt name is answered with the nearest one and with what else can be given."""
    with pytest.raises(UnknownDataset, match=r"'humanevl'\. Did you mean 'humaneval' or .*ends in \.jsonl"):
        load("humanevl")

    assert names() == ("humaneval", "humaneval+", "mbpp+")


def test_select(tmp_path: Path) -> None:
    """Tasks come in the order of the ids, each once, and no more than the limit."""
    tasks = loaded(tmp_path, 4)

    def chosen(ids: tuple[str, ...] = (), limit: int | None = None) -> list[str]:
        return [task.problem.task_id for task in select(tasks, ids, limit)]

    assert chosen() == ["mine/0", "mine/1", "mine/2", "mine/3"]
    assert chosen(("mine/3", "mine/1", "mine/3")) == ["mine/3", "mine/1"]
    assert chosen(limit=2) == ["mine/0", "mine/1"]
    assert chosen(("mine/3", "mine/1"), limit=1) == ["mine/3"]


def test_select_unknown_task(tmp_path: Path) -> None:
    """Every unknown id is named, with the nearest ones, even when others are known."""
    tasks = loaded(tmp_path, 2)

    with pytest.raises(
        UnknownTask, match=r"'mine/7'\. Did you mean 'mine/[01]'.*'xyz'\. The dataset has 2 tasks"
    ):
        select(tasks, ("mine/1", "mine/7", "xyz"))


@pytest.mark.parametrize("limit", [0, -1])
def test_select_nothing(limit: int) -> None:
    """A limit below one is the caller's mistake."""
    with pytest.raises(ValueError, match="give 1 or more"):
        select((), limit=limit)


def test_one_base_for_all_errors() -> None:
    """Whoever loads can catch everything that a dataset may raise by one name."""
    assert all(
        issubclass(error, DatasetError) for error in (BadRecord, MissingDataset, UnknownDataset, UnknownTask)
    )


def test_id_inside_another_is_refused(tmp_path: Path) -> None:
    """An id that begins with another id and a slash would share its records, so the line is named."""
    path = written(tmp_path, record(task_id="sum/2/a"), record(task_id="sum"))

    with pytest.raises(
        BadRecord, match=r"line 1, field 'task_id': .*'sum/2/a', which lies inside 'sum' of line 2"
    ):
        load(path)


LONG = "9" * 5_000


def test_integers_of_any_length(tmp_path: Path) -> None:
    """Integers of more than 4,300 digits are read, in inputs of EvalPlus's format and in tests' source."""
    inputs = {name: value for name, value in record().items() if name != "test"}
    line = json.dumps(inputs | {"base_input": [], "plus_input": ["?"], "task_id": "mine/1"})
    compared = line.replace('"?"', f"[{LONG}, 1]")
    tested = record(test=f"def check(candidate):\n    assert candidate({LONG}, 0) == {LONG}\n")

    first, second = load(written(tmp_path, tested, compared))

    assert LONG in first.hidden_tests
    assert "0x" in second.hidden_tests
    compile(second.hidden_tests, "<tests>", "exec")
