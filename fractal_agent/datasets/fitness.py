"""Whether a data set's tests can judge: tried before a model is asked, so that bad data costs no token."""

import ast
from collections.abc import Callable, Sequence

import anyio
import msgspec

from fractal_agent.datasets.base import Task
from fractal_agent.datasets.literals import parse_module
from fractal_agent.datasets.signature import parse_prompt
from fractal_agent.sandbox.base import Judged, Sandbox, TestsUnusable


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One task, and what is wrong with it."""

    task_id: str
    line: int
    """Of the file, counted from 1; 0 where it is not known."""
    reason: str

    @property
    def sentence(self) -> str:
        where = f"line {self.line} ({self.task_id})" if self.line else self.task_id
        return f"{where}: {self.reason}"


class Fitness(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found."""

    total: int
    """Tasks that were looked at."""
    unfit: tuple[Finding, ...]
    """Tasks on which no program could get a right verdict, in the order of the data set."""
    doubtful: tuple[Finding, ...] = ()
    """Tasks that a program passes which does nothing."""

    @property
    def fit(self) -> int:
        return self.total - len(self.unfit)

    @property
    def sentence(self) -> str:
        """`37 of 40 tasks are fit`, and how many a program passes which does nothing."""
        doubtful = f"; {len(self.doubtful)} pass with a program that does nothing" if self.doubtful else ""
        return f"{self.fit} of {self.total} tasks are fit{doubtful}"


async def check_tasks(
    tasks: Sequence[Task],
    sandbox: Sandbox,
    *,
    concurrency: int = 4,
    done: Callable[[int], None] = lambda _: None,
) -> Fitness:
    """Tries each task's tests in the sandbox: with its canonical solution, and with one that does nothing.

    A task is unfit when its tests cannot judge (they do not compile, import what is not there, assert
    nothing, hand over what cannot cross) or when its canonical solution fails them. `done` is called with
    the count of tasks tried.

    Raises:
        SandboxError: the sandbox failed, so nothing is known.
    """
    found: list[tuple[str, str]] = [("", "")] * len(tasks)
    limit, tried = anyio.CapacityLimiter(concurrency), 0

    async def one(place: int, task: Task) -> None:
        nonlocal tried
        async with limit:
            found[place] = await _look_at(task, sandbox)
        tried += 1
        done(tried)

    async with anyio.create_task_group() as group:
        for place, task in enumerate(tasks):
            group.start_soon(one, place, task)

    def of(kind: str) -> tuple[Finding, ...]:
        return tuple(
            Finding(task_id=task.problem.task_id, line=task.line, reason=reason)
            for task, (verdict, reason) in zip(tasks, found, strict=True)
            if verdict == kind
        )

    return Fitness(total=len(tasks), unfit=of("unfit"), doubtful=of("doubtful"))


async def _look_at(task: Task, sandbox: Sandbox) -> tuple[str, str]:
    """`unfit` or `doubtful` with the reason; nothing for a task that can be judged."""
    try:
        if task.canonical_solution.strip():
            solved = await _judged(task, whole_solution(task), sandbox)
            if solved.outcome != "passed":
                return "unfit", f"its canonical solution fails its tests: {_why(solved)}"
        idle = await _judged(task, idle_program(task), sandbox)
    except TestsUnusable as error:
        return "unfit", _one_line(f"its tests cannot judge: {error.found}")
    if idle.outcome == "passed":
        return "doubtful", "a program that does nothing passes its tests"
    if not task.canonical_solution.strip() and (reason := await _unreachable(task, idle, sandbox)):
        return "unfit", _one_line(reason)
    return "", ""


async def _unreachable(task: Task, idle: Judged, sandbox: Sandbox) -> str:
    """Why no program could be tried: the tests fail before they call one, or the prompt does not load."""
    if reason := _before_any_call(idle):
        return reason
    if task.problem.kind == "program":
        return ""
    prompted = await _judged(task, f"{task.problem.prompt.rstrip()}\n    pass\n", sandbox)
    if prompted.outcome == "error" and prompted.error.startswith(("ModuleNotFoundError", "ImportError")):
        return f"its prompt cannot be loaded in the sandbox: {prompted.error}"
    return ""


async def _judged(task: Task, program: str, sandbox: Sandbox) -> Judged:
    return await sandbox.judge(program, task.problem.entry_point, task.hidden_tests, task.problem.prompt)


def whole_solution(task: Task) -> str:
    """The canonical solution as a program: it completes the prompt, or is whole by itself."""
    solution = task.canonical_solution
    completed = f"{task.problem.prompt}{solution}"
    alone = task.problem.kind == "program" or parse_module(completed) is None
    return solution if alone else completed


_LONGEST = 300
"""So many characters of a reason are told."""


def _one_line(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= _LONGEST else f"{joined[:_LONGEST]}\u2026"


def _why(judged: Judged) -> str:
    for each in judged.failures[:1]:
        if each.example.call and not each.error:
            return f"{each.example.call!s} gives {each.actual!s}, expected {each.example.expected!s}"
    return judged.error or judged.outcome


def _before_any_call(judged: Judged) -> str:
    """Why the tests fail before they reach the program, if that is what they do."""
    if judged.outcome != "failed" or judged.passed or not judged.failures:
        return ""
    if any(each.example.call or not each.error for each in judged.failures):
        return ""
    return f"its tests fail before they call the program: {judged.failures[0].error}"


def idle_program(task: Task) -> str:
    """What has all the names that are wanted and does nothing."""
    problem = task.problem
    if problem.kind == "program":
        return "pass\n"
    module = parse_prompt(problem.prompt)
    for node in module.body if module else ():
        match node:
            case ast.ClassDef(name=name) if name == problem.entry_point:
                return _IDLE_CLASS.format(name=name)
            case ast.AsyncFunctionDef(name=name) if name == problem.entry_point:
                return f"async def {name}(*given, **named):\n    return None\n"
    return f"def {problem.entry_point}(*given, **named):\n    return None\n"


_IDLE_CLASS = """\
class {name}:
    def __init__(self, *given, **named):
        pass

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *given, **named: None
"""
