"""Running architectures in memory, with no model and no disk: for unit tests of roles and architectures."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agents.role import Role
from events import CaseSetAside, Entry, Event, ProblemPosed, Settings
from fractal_agent.architectures.base import Architecture
from fractal_agent.case import Case, HiddenTests
from fractal_agent.datasets import Task
from fractal_agent.engines.base import Engine
from fractal_agent.oracle import oracle_for
from fractal_agent.recorder import MemoryRecorder, Recorder
from fractal_agent.run import RunFailed, run_cases
from fractal_agent.sandbox import InstantSandbox, Sandbox
from fractal_agent.scope import World
from replay.policy import Live, Policy

NO_CAST: Mapping[str, Role[Any, Any]] = {}


def make_task(task_id: str = "Test/0", *, prompt: str = "", entry_point: str = "f", tests: str = "") -> Task:
    """A small problem; every part that a test does not name has a good default."""
    problem = ProblemPosed(
        task_id=task_id,
        prompt=prompt or f'def {entry_point}(x):\n    """Return x plus one."""\n',
        entry_point=entry_point,
    )
    hidden = tests or f"def check(candidate):\n    assert candidate(1) == 2  # hidden in {task_id}\n"
    return Task(problem=problem, hidden_tests=hidden)


def make_settings(tasks: Sequence[Task], architecture: str, **changes: object) -> Settings:
    """Settings for a scripted run; any field can be changed by name."""
    settings = Settings(
        dataset="test",
        tasks=tuple(task.problem.task_id for task in tasks),
        architecture=architecture,
        model="scripted",
        engine="scripted",
    )
    return msgspec.structs.replace(settings, **changes)


async def run_in_memory(
    tasks: Sequence[Task],
    architecture: Architecture,
    engine: Engine,
    *,
    sandbox: Sandbox | None = None,
    recorder: Recorder | None = None,
    policy: Policy | None = None,
    cast: Mapping[str, Role[Any, Any]] = NO_CAST,
    keep_going: bool = False,
    **changes: object,
) -> Sequence[Entry[Event]]:
    """Every entry of the run in the order in which it was recorded; other keywords change the settings.

    Raises:
        RunFailed: as a real run would; unless `keep_going`, also when a case was set aside.
    """
    memory = MemoryRecorder()
    settings = make_settings(tasks, architecture.name, **changes)
    world = World(
        engine=engine,
        sandbox=sandbox or InstantSandbox(),
        recorder=recorder or memory,
        policy=policy or Live(),
        seed=settings.seed,
    )
    cases = [_case(task, world, settings) for task in tasks]
    await run_cases(cases, settings=settings, architecture=architecture, cast=cast)
    for entry in memory.entries:
        if isinstance(entry.event, CaseSetAside) and not keep_going:
            raise RunFailed(entry.path.removesuffix("/set-aside"), CaseLeft(entry.event))
    return memory.entries


class CaseLeft(Exception):
    """What a case was set aside for, with the traceback that its event holds."""

    def __init__(self, event: CaseSetAside) -> None:
        super().__init__(f"{event.kind}: {event.error}\n{event.traceback}".strip())


def _case(task: Task, world: World, settings: Settings) -> Case:
    tests = HiddenTests.of(task.hidden_tests, task.plus_tests)
    oracle = oracle_for(settings, tests.digest, tests.source)
    own = msgspec.structs.replace(world, oracle=oracle) if oracle else world
    return Case(path=task.problem.task_id, problem=task.problem, tests=tests, world=own)
