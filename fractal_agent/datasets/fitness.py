"""Whether a data set's tests can judge: tried before a model is asked, so that bad data costs no token."""

from collections.abc import Callable, Sequence

import anyio
import msgspec

from fractal_agent.datasets.base import Task
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
        idle = await _judged(task, idle_program(task), sandbox)
        if not task.canonical_solution:
            return _of_idle(idle)
        solved = await _judged(task, f"{task.problem.prompt}{task.canonical_solution}", sandbox)
    except TestsUnusable as error:
        return "unfit", f"its tests cannot judge: {error.found}"
    if solved.outcome != "passed":
        return "unfit", f"its canonical solution fails its tests ({solved.outcome}): {solved.error}"
    return _of_idle(idle)


def _of_idle(idle: Judged) -> tuple[str, str]:
    if idle.outcome == "passed":
        return "doubtful", "a program that does nothing passes its tests"
    if idle.outcome == "error" and idle.error.startswith(("ModuleNotFoundError", "ImportError")):
        return "unfit", f"its prompt cannot be loaded in the sandbox: {idle.error}"
    return "", ""


async def _judged(task: Task, program: str, sandbox: Sandbox) -> Judged:
    return await sandbox.judge(program, task.problem.entry_point, task.hidden_tests, task.problem.prompt)


def idle_program(task: Task) -> str:
    """The prompt's function with a body that does nothing."""
    prompt = task.problem.prompt.rstrip()
    try:
        compile(prompt, "<prompt>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return f"{prompt}\n    pass\n"
    return prompt + "\n"
