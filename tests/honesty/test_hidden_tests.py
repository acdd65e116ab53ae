"""Nothing of the hidden tests reaches a prompt, a role or the log, however a run goes."""

import ast
from collections.abc import Iterator, Sequence

import msgspec
import pytest

from events import (
    Entry,
    Event,
    ExampleResult,
    ExecutionCompleted,
    ExecutionRequested,
)
from events.path import is_within
from fractal_agent.architectures.base import Architecture
from fractal_agent.architectures.baseline import baseline
from fractal_agent.architectures.flat import flat
from fractal_agent.architectures.guided import guided
from fractal_agent.architectures.redraft import redraft
from fractal_agent.architectures.repair import repair
from fractal_agent.architectures.resample import resample
from fractal_agent.architectures.tree import tree
from fractal_agent.datasets import Task, extract_examples, load
from fractal_agent.engines.scripted import ScriptedEngine, placeholder
from fractal_agent.sandbox import InstantSandbox
from fractal_agent.testing import run_in_memory


def everything_fails(request: ExecutionRequested) -> ExecutionCompleted:
    """So that every prompt of the repair loop is written."""
    results = tuple(
        ExampleResult(example=example, outcome="failed", actual="None") for example in request.examples
    )
    return ExecutionCompleted(outcome="failed", results=results)


def hidden_calls(task: Task) -> Iterator[str]:
    """The calls that hidden assertions make, as the candidate's own name would be called."""
    for node in ast.walk(ast.parse(task.hidden_tests)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "candidate":
            yield ast.unparse(node).replace("candidate", task.problem.entry_point, 1)


def leaks(task: Task, entries: Sequence[Entry[Event]]) -> list[str]:
    """Hidden calls that stand anywhere in the case's log, and that the problem's prompt does not show."""
    logged = "\n".join(
        msgspec.json.encode(entry.event).decode()
        for entry in entries
        if is_within(entry.path, task.problem.task_id)
    )
    examples = extract_examples(task.problem.prompt, task.problem.entry_point)
    shown = squeezed(task.problem.prompt + "".join(example.call for example in examples))
    told = squeezed(logged)
    return [call for call in hidden_calls(task) if squeezed(call) in told and squeezed(call) not in shown]


def squeezed(text: str) -> str:
    """Without blanks and quotes, which differ between notations."""
    return text.translate({ord(sign): None for sign in " \t\n\"'\\"})


SHAPES = [baseline, flat, tree, guided, repair, resample, redraft]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: str(shape.name))
async def test_no_hidden_call_stands_in_any_line(shape: Architecture) -> None:
    """Of all 164 problems, no hidden assertion that the prompt does not show is in any line of a run."""
    tasks = load("humaneval")

    entries = await run_in_memory(
        tasks, shape, ScriptedEngine(placeholder), sandbox=InstantSandbox(execute=everything_fails)
    )

    assert sum(1 for task in tasks for _ in hidden_calls(task)) > 1000
    assert {task.problem.task_id: found for task in tasks if (found := leaks(task, entries))} == {}


async def test_scan_finds_a_leak() -> None:
    """The scan is not blind: a hidden call put into a prompt is found."""
    task = next(task for task in load("humaneval") if task.problem.task_id == "HumanEval/2")
    leaking = msgspec.structs.replace(
        task,
        problem=msgspec.structs.replace(task.problem, prompt=task.problem.prompt + "# truncate_number(1.33)"),
    )

    entries = await run_in_memory([leaking], baseline, ScriptedEngine(placeholder))

    assert leaks(task, entries) == ["truncate_number(1.33)"]
