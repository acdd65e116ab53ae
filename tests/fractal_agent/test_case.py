"""A case has one verdict, and a second one where stricter tests are at hand."""

import msgspec

from events import Entry, Event, GradingCompleted, GradingRequested
from fractal_agent.architectures.baseline import baseline
from fractal_agent.datasets import Task
from fractal_agent.engines.scripted import ScriptedEngine, placeholder
from fractal_agent.recorder import MemoryRecorder
from fractal_agent.sandbox import InstantSandbox
from fractal_agent.testing import make_task, run_in_memory
from replay.journal import Journal
from replay.policy import Strict
from replay.timeline import Timeline


def stricter(task: Task) -> Task:
    return msgspec.structs.replace(task, plus_tests="def check(candidate):\n    assert False  # stricter\n")


def graded(code: str, entry_point: str, tests: str) -> GradingCompleted:
    if "stricter" in tests:
        return GradingCompleted(outcome="failed", error="AssertionError")
    return GradingCompleted(outcome="passed")


async def entries(task: Task) -> list[Entry[Event]]:
    sandbox = InstantSandbox(grade=graded)
    return list(await run_in_memory([task], baseline, ScriptedEngine(placeholder), sandbox=sandbox))


async def test_second_verdict() -> None:
    """The stricter tests give a verdict beside the first, which stays what it was."""
    run = await entries(stricter(make_task()))

    timeline = Timeline.of(run)
    assert (timeline.passed, timeline.plus_passed, timeline.plus_graded) == (1, 0, 1)
    assert timeline.cases["Test/0"].plus == "failed"
    assert run[-1].event == GradingCompleted(outcome="passed", plus="failed", plus_error="AssertionError")


async def test_without_stricter_tests() -> None:
    """Without them there is one verdict, and nothing claims a second."""
    run = await entries(make_task())

    requests = [entry.event for entry in run if isinstance(entry.event, GradingRequested)]
    assert [request.plus_digest for request in requests] == [""]
    assert Timeline.of(run).plus_graded == 0


async def test_replay_agrees() -> None:
    """A strict replay asks for both verdicts in one request, and finds them in the record."""
    task = stricter(make_task())
    policy = Strict(Journal(await entries(task)), ())

    await run_in_memory(
        [task], baseline, ScriptedEngine(placeholder), recorder=MemoryRecorder(), policy=policy
    )

    assert any(path.endswith("grade.0") for path in policy.effects)
