"""Reads tasks from JSONL in one of several shapes: all, or an error that names the line."""

import ast
from collections.abc import Mapping
from pathlib import Path

import msgspec

from events.work import ProblemPosed
from fractal_agent.datasets import assertions, programs
from fractal_agent.datasets.awaiting import awaited
from fractal_agent.datasets.base import BadRecord, MissingDataset, Task
from fractal_agent.datasets.evalplus import affordable, differential_tests, rule_for
from fractal_agent.datasets.examples import extract_examples
from fractal_agent.datasets.files import files_of
from fractal_agent.datasets.literals import parse_module
from fractal_agent.datasets.mbpp import typed, whole_prompt
from fractal_agent.datasets.reading import kind_of, read_objects
from fractal_agent.datasets.signature import defined_names, parse_prompt

SUFFIXES = (".jsonl", ".jsonl.gz", ".json")

_COMPARED = ("prompt", "entry_point", "canonical_solution")
_INPUTS = ("base_input", "plus_input")
_IDS = ("task_id", "question_id", "problem_id", "id", "name")
_SOLUTIONS = ("canonical_solution", "solution", "code")


def read_tasks(path: Path) -> tuple[Task, ...]:
    """The file's tasks in its order; blank lines are skipped and other fields ignored.

    A line with `plus_input` is EvalPlus's: its inputs and its reference solution become the tests. One with
    pairs of inputs and outputs poses a program, one with `test_list` is MBPP's. Any other is HumanEval's, and
    may leave `canonical_solution` out. Raises MissingDataset when the file cannot be read or holds no task,
    BadRecord at the first line that is not a task, or whose id is repeated or lies inside another.
    """
    lines_by_id: dict[str, int] = {}
    tasks = []
    for number, fields in read_objects(path):
        task = _Record(path=path, line=number, fields=fields).task()
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


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file, and where it stands, for the error that it may turn out to be."""

    path: Path
    line: int
    fields: Mapping[str, object]

    def task(self) -> Task:
        if self.fields.get("kind", "function") not in {"function", "program"}:
            raise self._bad("kind", repr(self.fields["kind"]), "`function` or `program`")
        if programs.is_program(self.fields):
            made = self._reading()
        elif "plus_input" in self.fields:
            made = self._compared()
        else:
            made = self._listed() if "test_list" in self.fields else self._tested()
        return msgspec.structs.replace(made, line=self.line)

    def _tested(self) -> Task:
        test = "tests" if "test" not in self.fields and "tests" in self.fields else "test"
        prompt, entry_point = (self._text(field) for field in ("prompt", "entry_point"))
        listed = programs.are_assertions(self.fields.get(test))
        tests = "\n".join(self._texts(test)) + "\n" if listed else self._text(test)
        return self._of_code(self._id(), prompt, entry_point, tests, self._solution())

    def _of_code(self, task_id: str, prompt: str, entry_point: str, tests: str, solution: str) -> Task:
        problem = self._problem(task_id, prompt, entry_point)
        self._check_tests(tests)
        if problem.files:
            tests = f"{tests}\n\n__files__ = {problem.files!r}\n"
        return Task(problem=problem, hidden_tests=tests, canonical_solution=solution)

    def _reading(self) -> Task:
        """A program that reads its input and prints."""
        prompt = self._text(next((name for name in programs.NAMES if name in self.fields), "prompt"))
        pairs = programs.pairs_of(self.fields, prompt, self._bad)
        for pair in pairs:
            self._check_text("tests", pair.given + pair.expected)
        compare, files = programs.comparison(self.fields, self._bad), files_of(self.fields, self._bad)
        tests = programs.pair_tests(pairs, compare) + (f"__files__ = {files!r}\n" if files else "")
        problem = ProblemPosed(
            task_id=self._id(),
            prompt=programs.with_examples(prompt, pairs),
            entry_point="main",
            examples=programs.examples_of(pairs),
            kind="program",
            compare=compare,
            files=files,
        )
        return Task(problem=problem, hidden_tests=tests, canonical_solution=self._solution())

    def _listed(self) -> Task:
        """MBPP's: a text, a solution and assertions."""
        listed = self._texts("test_list")
        text = self._text("text" if "text" in self.fields else "prompt")
        solution = self._solution()
        entry_point = (
            self._text("entry_point")
            if "entry_point" in self.fields
            else assertions.entry_point_of(listed, solution)
        )
        if not entry_point:
            raise self._bad("test_list", "no call of a function", "assertions about the function to write")
        prompt = text
        if (module := parse_prompt(text)) is None or entry_point not in defined_names(module):
            prompt = assertions.prompt_of(text, entry_point, listed, solution)
        setup = [str(self.fields.get("test_setup_code") or ""), *self._texts("test_imports", filled=False)]
        tests = "\n".join([*filter(None, setup), *listed]) + "\n"
        return self._of_code(self._id(), prompt, entry_point, tests, f"\n{solution}" if solution else "")

    def _compared(self) -> Task:
        task_id = self._id()
        prompt, entry_point, solution = (self._text(field) for field in _COMPARED)
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
        return ProblemPosed(
            task_id=task_id,
            prompt=prompt,
            entry_point=entry_point,
            examples=awaited(extract_examples(prompt, entry_point), prompt, entry_point),
            files=files_of(self.fields, self._bad),
        )

    def _id(self) -> str:
        field = next((name for name in _IDS if name in self.fields), "task_id")
        value = self.fields.get(field)
        number = isinstance(value, int) and not isinstance(value, bool)
        return str(value) if number else self._text(field)

    def _solution(self) -> str:
        """A right answer, if the line has one."""
        field = next((name for name in _SOLUTIONS if name in self.fields), "")
        return self._text(field, filled=False) if field else ""

    def _texts(self, field: str, *, filled: bool = True) -> list[str]:
        values = self.fields.get(field) or []
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self._bad(field, kind_of(values), "an array of strings")
        if filled and not values:
            raise self._bad(field, "an empty array", "at least one assertion")
        for value in values:
            self._check_text(field, value)
        return values

    def _inputs(self, field: str) -> list[list[object]]:
        inputs = self.fields.get(field) or []  # MBPP+ has {} where a task has none
        if not isinstance(inputs, list):
            raise self._bad(field, kind_of(inputs), "an array of argument lists")
        for number, arguments in enumerate(inputs, start=1):
            if not isinstance(arguments, list):
                raise self._bad(field, f"{kind_of(arguments)} as item {number}", "an array of arguments")
        return inputs

    def _tolerance(self) -> float:
        tolerance = self.fields.get("atol", 0)
        if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not tolerance >= 0:
            raise self._bad("atol", kind_of(tolerance), "a number that is not negative")
        return float(tolerance)

    def _text(self, field: str, *, filled: bool = True) -> str:
        if field not in self.fields:
            raise self._bad(field, "nothing", "a string")
        value = self.fields[field]
        if not isinstance(value, str):
            raise self._bad(field, kind_of(value), "a string")
        if filled and not value.strip():
            raise self._bad(field, "an empty string", "some text")
        self._check_text(field, value)
        return value

    def _check_text(self, field: str, value: str) -> None:
        """Raises BadRecord for what no file and no request can carry."""
        try:
            value.encode()
        except UnicodeEncodeError as error:
            found = f"half of a character (\\u{ord(value[error.start]):04x}) at {error.start}"
            raise self._bad(field, found, "whole characters") from error

    def _check_prompt(self, prompt: str, entry_point: str) -> None:
        module = parse_prompt(prompt)
        if module is None:
            raise self._bad(
                "prompt", "text that is not Python", "Python up to the function's signature and docstring"
            )
        names = defined_names(module)
        if entry_point not in names:
            defined = f"a prompt that defines {', '.join(names) or 'no function'}"
            expected = "the name of a function in it, or of a class"
            raise self._bad("entry_point", f"{entry_point!r} and {defined}", expected)

    def _check_tests(self, tests: str) -> None:
        module = parse_module(tests)
        if module is None:
            raise self._bad(
                "test", "text that is not Python", "Python that defines check(candidate), or makes assertions"
            )
        if not any(map(_tries, ast.walk(module))):
            expected = "Python that defines check(candidate), or makes assertions"
            raise self._bad("test", "no function check", expected)

    def _bad(self, field: str, found: str, expected: str) -> BadRecord:
        return BadRecord(self.path, self.line, field=field, found=found, expected=expected)


def _tries(node: ast.AST) -> bool:
    """True of a part of tests that can fail: a check, an assertion, a test function."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name == "check" or name.startswith("test")
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name.startswith("assert")
    return isinstance(node, ast.Assert | ast.Raise)
