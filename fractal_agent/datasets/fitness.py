"""Whether tests of one's own can judge: found out before tokens are spent on them.

The tests of each task judge a program that does nothing, which has to fail, and the canonical solution where
there is one, which has to pass.
"""

import ast
from collections.abc import Callable, Sequence

import anyio
import msgspec

from fractal_agent.datasets.base import DatasetError, Task
from fractal_agent.datasets.literals import parse_module
from fractal_agent.datasets.signature import parse_prompt
from fractal_agent.sandbox import Judged, Sandbox, SandboxError, TestsUnusable

MOST_SHOWN = 20
"""So many tasks that are not fit are named one by one."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with the tests of one task."""

    task_id: str
    line: int
    """Of the file."""
    reason: str
    grave: bool = True
    """True where they cannot judge, or judge a right program wrong; else it is a warning."""

    def told(self, dataset: str) -> str:
        return f"{dataset}, line {self.line} ({self.task_id}): {self.reason}"


class Fitness(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of all tasks of a data set."""

    dataset: str
    tasks: int
    fit: tuple[str, ...]
    """The ids of those whose tests can judge."""
    unfit: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    def told(self) -> list[str]:
        """Sentences for people, the summary first."""
        counted = f"{self.dataset}: {len(self.fit)} of {self.tasks} tasks are fit"
        told = [f"{counted}; {len(self.unfit)} cannot be judged:" if self.unfit else f"{counted}."]
        told += [f"  {each.told(self.dataset)}" for each in self.unfit[:MOST_SHOWN]]
        if len(self.unfit) > MOST_SHOWN:
            told.append(f"  and {len(self.unfit) - MOST_SHOWN} more")
        told += [f"Warning: {each.told(self.dataset)}" for each in self.warnings[:MOST_SHOWN]]
        if len(self.warnings) > MOST_SHOWN:
            told.append(f"and {len(self.warnings) - MOST_SHOWN} more warnings")
        return told


class UnfitData(DatasetError):
    """Some tests cannot judge, and nobody said to go on without them."""

    def __init__(self, fitness: Fitness) -> None:
        advice = "Correct the tests, or go on with --no-check-data."
        if fitness.fit:
            advice = (
                "Correct the tests, leave these tasks out with --skip-unfit, "
                "or go on with all of them with --no-check-data."
            )
        super().__init__("\n".join([*fitness.told(), advice]))
        self.fitness = fitness


async def check_tasks(
    dataset: str,
    tasks: Sequence[Task],
    sandbox: Sandbox,
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> Fitness:
    """What is found of each task, in their order. `progress` is told how many are done.

    Raises:
        SandboxError: the sandbox failed, so nothing is known about the tests.
    """
    found: dict[str, Finding | None] = {}
    waiting = iter(tasks)
    failure: Exception | None = None

    async def work() -> None:
        for task in waiting:
            found[task.problem.task_id] = await check_task(task, sandbox)
            progress(len(found))

    try:
        async with anyio.create_task_group() as group:
            for _ in range(_AT_ONCE):
                group.start_soon(work)
    except* SandboxError as errors:
        failure = errors.exceptions[0]
    if failure is not None:
        raise failure
    findings = [each for task in tasks if (each := found[task.problem.task_id])]
    unfit = tuple(each for each in findings if each.grave)
    bad = {each.task_id for each in unfit}
    return Fitness(
        dataset=dataset,
        tasks=len(tasks),
        fit=tuple(task.problem.task_id for task in tasks if task.problem.task_id not in bad),
        unfit=unfit,
        warnings=tuple(each for each in findings if not each.grave),
    )


async def check_task(task: Task, sandbox: Sandbox) -> Finding | None:
    """What is wrong with the task's tests; None if nothing is found. Raises SandboxError."""
    problem = task.problem
    if task.canonical_solution.strip():
        solved = await _judged(task, whole_solution(task), sandbox)
        if isinstance(solved, str):
            return _finding(task, solved)
        if solved.outcome != "passed":
            return _finding(task, f"its canonical solution does not pass: {_why(solved)}")
    nothing = await _judged(task, _idle(task), sandbox)
    if isinstance(nothing, str):
        return _finding(task, nothing)
    if nothing.outcome == "passed":
        what = "prints nothing" if problem.kind == "program" else "does nothing and returns None"
        return _finding(task, f"a program that {what} passes its tests", grave=False)
    if not task.canonical_solution.strip() and (reason := _before_any_call(nothing)):
        return _finding(task, reason)
    return None


def whole_solution(task: Task) -> str:
    """The canonical solution as a program: it completes the prompt, or is whole by itself."""
    solution = task.canonical_solution
    completed = f"{task.problem.prompt}{solution}"
    if task.problem.kind == "program":
        return solution
    is_whole = parse_module(completed) is None and parse_module(solution) is not None
    return solution if is_whole else completed


_AT_ONCE = 8
"""So many tasks are under way; the sandbox has them wait for its places."""
_Reason = str


async def _judged(task: Task, program: str, sandbox: Sandbox) -> Judged | _Reason:
    problem = task.problem
    try:
        return await sandbox.judge(program, problem.entry_point, task.hidden_tests, problem.prompt)
    except TestsUnusable as error:
        return f"its tests cannot be used: {error.found}"


def _finding(task: Task, reason: str, *, grave: bool = True) -> Finding:
    return Finding(task_id=task.problem.task_id, line=task.line, reason=_one_line(reason), grave=grave)


def _one_line(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= _LONGEST else f"{joined[:_LONGEST]}\u2026"


_LONGEST = 300


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


def _idle(task: Task) -> str:
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
