"""Reads tasks from JSONL with HumanEval's fields or EvalPlus's: all, or an error that names the line."""

import ast
import gzip
import json
import zlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from events.work import ProblemPosed
from fractal_agent.datasets.base import BadRecord, MissingDataset, Task
from fractal_agent.datasets.evalplus import affordable, differential_tests, rule_for
from fractal_agent.datasets.examples import extract_examples
from fractal_agent.datasets.literals import any_length, parse_module
from fractal_agent.datasets.mbpp import typed, whole_prompt
from fractal_agent.datasets.signature import defined_functions, parse_prompt

SUFFIXES = (".jsonl", ".jsonl.gz")

_REQUIRED = ("task_id", "prompt", "entry_point", "test")
_COMPARED = ("task_id", "prompt", "entry_point", "canonical_solution")
_INPUTS = ("base_input", "plus_input")


def read_tasks(path: Path) -> tuple[Task, ...]:
    """The file's tasks in its order; blank lines are skipped and other fields ignored.

    A line with `plus_input` is EvalPlus's: its inputs and its reference solution become the tests. Any
    other is HumanEval's, and may leave `canonical_solution` out. Raises MissingDataset when the file cannot
    be read or holds no task, BadRecord at the first line that is not a task, or whose id is repeated or lies
    inside another.
    """
    with any_length():
        return _tasks(path)


def _tasks(path: Path) -> tuple[Task, ...]:
    lines_by_id: dict[str, int] = {}
    tasks = []
    for number, line in enumerate(_content(path).split(b"\n"), start=1):
        if not line.strip():
            continue
        record = _Record(path=path, line=number, fields=_decoded(line, path, number))
        task = msgspec.structs.replace(record.task(), line=number)
        earlier = lines_by_id.setdefault(task.problem.task_id, number)
        if earlier != number:
            found = f"{task.problem.task_id!r}, which line {earlier} has too"
            raise BadRecord(path, number, field="task_id", found=found, expected="an id of its own")
        tasks.append(task)
    _check_apart(path, lines_by_id)
    if not tasks:
        raise MissingDataset(path, "the file holds no task", "Give a file with one JSON object per line.")
    return tuple(tasks)


def _check_apart(path: Path, lines_by_id: Mapping[str, int]) -> None:
    """Raises BadRecord if one id lies inside another: `sum/2` in `sum`. A run files its records by id."""
    for task_id, number in lines_by_id.items():
        outer = task_id
        while outer := outer.rpartition("/")[0]:
            if outer in lines_by_id:
                found = f"{task_id!r}, which lies inside {outer!r} of line {lines_by_id[outer]}"
                expected = "an id that does not begin with another and a slash"
                raise BadRecord(path, number, field="task_id", found=found, expected=expected)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        remedy = "Fetch the file again, or drop .gz from its name if it is not compressed."
        raise MissingDataset(path, f"not a whole gzip file ({error})", remedy) from error
    except OSError as error:
        raise MissingDataset(path, f"cannot be read ({error.strerror})", "Check the path.") from error


def _decoded(line: bytes, path: Path, number: int) -> Mapping[str, object]:
    try:
        # EvalPlus's inputs hold NaN and integers of any length, so not msgspec.
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        found = f"malformed JSON ({error})"
        raise BadRecord(path, number, field="", found=found, expected="one JSON object") from error
    if not isinstance(record, dict):
        raise BadRecord(path, number, field="", found=_kind(record), expected="one JSON object")
    return record


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file, and where it stands, for the error that it may turn out to be."""

    path: Path
    line: int
    fields: Mapping[str, object]

    def task(self) -> Task:
        return self._compared() if "plus_input" in self.fields else self._tested()

    def _tested(self) -> Task:
        task_id, prompt, entry_point, tests = (self._text(field) for field in _REQUIRED)
        problem = self._problem(task_id, prompt, entry_point)
        self._check_tests(tests)
        solution = (
            self._text("canonical_solution", filled=False) if "canonical_solution" in self.fields else ""
        )
        return Task(problem=problem, hidden_tests=tests, canonical_solution=solution)

    def _compared(self) -> Task:
        task_id, prompt, entry_point, solution = (self._text(field) for field in _COMPARED)
        prompt = whole_prompt(prompt, solution, entry_point)
        problem = self._problem(task_id, prompt, entry_point)
        reference = f"{prompt}\n{solution}"
        if parse_module(reference) is None:
            expected = "Python that completes the prompt"
            raise self._bad("canonical_solution", "text that is not Python", expected)
        inputs = [typed(task_id, arguments) for field in _INPUTS for arguments in self._inputs(field)]
        tests = differential_tests(
            reference,
            entry_point,
            affordable(task_id, inputs),
            rule=rule_for(task_id),
            tolerance=self._tolerance(),
        )
        return Task(problem=problem, hidden_tests=tests, canonical_solution=f"\n{solution}")

    def _problem(self, task_id: str, prompt: str, entry_point: str) -> ProblemPosed:
        self._check_prompt(prompt, entry_point)
        examples = extract_examples(prompt, entry_point)
        return ProblemPosed(task_id=task_id, prompt=prompt, entry_point=entry_point, examples=examples)

    def _inputs(self, field: str) -> list[list[object]]:
        inputs = self.fields.get(field) or []  # MBPP+ has {} where a task has none
        if not isinstance(inputs, list):
            raise self._bad(field, _kind(inputs), "an array of argument lists")
        for number, arguments in enumerate(inputs, start=1):
            if not isinstance(arguments, list):
                raise self._bad(field, f"{_kind(arguments)} as item {number}", "an array of arguments")
        return inputs

    def _tolerance(self) -> float:
        tolerance = self.fields.get("atol", 0)
        if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not tolerance >= 0:
            raise self._bad("atol", _kind(tolerance), "a number that is not negative")
        return float(tolerance)

    def _text(self, field: str, *, filled: bool = True) -> str:
        if field not in self.fields:
            raise self._bad(field, "nothing", "a string")
        value = self.fields[field]
        if not isinstance(value, str):
            raise self._bad(field, _kind(value), "a string")
        if filled and not value.strip():
            raise self._bad(field, "an empty string", "some text")
        return value

    def _check_prompt(self, prompt: str, entry_point: str) -> None:
        module = parse_prompt(prompt)
        if module is None:
            raise self._bad(
                "prompt", "text that is not Python", "Python up to the function's signature and docstring"
            )
        names = tuple(defined_functions(module))
        if entry_point not in names:
            defined = f"a prompt that defines {', '.join(names) or 'no function'}"
            raise self._bad("entry_point", f"{entry_point!r} and {defined}", "the name of a function in it")

    def _check_tests(self, tests: str) -> None:
        module = parse_module(tests)
        if module is None:
            raise self._bad("test", "text that is not Python", "Python that defines check(candidate)")
        if not any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in module.body):
            raise self._bad("test", "no function check", "Python that defines check(candidate)")

    def _bad(self, field: str, found: str, expected: str) -> BadRecord:
        return BadRecord(self.path, self.line, field=field, found=found, expected=expected)


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
    return "an object"
