"""Flat, tree, resample and redraft, run whole with scripted answers and replayed."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec
import pytest

from events import (
    AnswerSubmitted,
    Entry,
    Event,
    Example,
    ExampleResult,
    ExecutionCompleted,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
)
from fractal_agent.architectures.base import Architecture
from fractal_agent.architectures.flat import flat
from fractal_agent.architectures.redraft import redraft
from fractal_agent.architectures.resample import resample
from fractal_agent.architectures.tree import tree
from fractal_agent.datasets import Task
from fractal_agent.engines.scripted import ScriptedEngine
from fractal_agent.sandbox import InstantSandbox
from fractal_agent.testing import make_task, run_in_memory
from replay.journal import Journal
from replay.policy import Strict

EXAMPLES = (Example(call="f(1)", expected="2"), Example(call="f(2)", expected="3"))


def runs(request: ExecutionRequested) -> ExecutionCompleted:
    """As if the examples had been run: each passes whose call stands as a remark in the program."""
    results = tuple(
        ExampleResult(example=one, outcome="passed" if one.call in request.program else "failed")
        for one in request.examples
    )
    passed = all(result.outcome == "passed" for result in results)
    return ExecutionCompleted(outcome="passed" if passed else "failed", results=results)


def engine(answers: Mapping[str, str]) -> ScriptedEngine:
    """Answers by the first pattern that the path fits."""

    def answer(request: GenerationRequested, path: str) -> str:
        return next(text for pattern, text in answers.items() if fnmatchcase(path, pattern))

    return ScriptedEngine(answer)


def task() -> Task:
    made = make_task()
    return msgspec.structs.replace(made, problem=msgspec.structs.replace(made.problem, examples=EXAMPLES))


async def recorded(
    shape: Architecture, answers: Mapping[str, str], **settings: object
) -> Sequence[Entry[Event]]:
    """The entries of a run of one case, after a strict replay has agreed with all of them."""
    sandbox = InstantSandbox(execute=runs)
    entries = await run_in_memory([task()], shape, engine(answers), sandbox=sandbox, **settings)
    policy = Strict(Journal(entries))
    replayed = await run_in_memory([task()], shape, engine({}), sandbox=sandbox, policy=policy, **settings)
    assert replayed == []
    assert policy.effects | policy.facts == {entry.path for entry in entries}
    return entries


def answer_of(entries: Sequence[Entry[Event]]) -> str:
    return next(entry.event.code for entry in entries if isinstance(entry.event, AnswerSubmitted))


def asked(entries: Sequence[Entry[Event]]) -> list[str]:
    return sorted(entry.path for entry in entries if isinstance(entry.event, GenerationRequested))


FLAT = {
    "*/designer.*": "Add one.",
    "*/splitter.*": " Add one to x.\n2. Return it.\n",
    "*/step-0/*": "x = x + 1\n```",
    "*/step-1/*": "return x\n```",
}

TREE = {
    "*/designer.*": "Add one to numbers.",
    "*/brancher.*": " If x is a number:\n    1.1. Add one.\n    1.2. Stop.\n2. Return it.\n",
    "*/opener.*": "if x:\n```",
    "*/step-0/step-0/*": "x = x + 1\n```",
    "*/step-0/step-1/*": "pass\n```",
    "*/step-1/*": "return x\n```",
}


async def test_flat_joins_one_snippet_a_step() -> None:
    """Each step is written in a branch of its own, and the body holds the snippets in order."""
    entries = await recorded(flat, FLAT)

    assert answer_of(entries).endswith("    x = x + 1\n    return x\n")
    assert asked(entries) == [
        f"Test/0/{place}/generate.0"
        for place in ("designer.0", "splitter.0", "step-0/stepwriter.0", "step-1/stepwriter.0")
    ]


async def test_no_snippet_is_written_with_a_look_at_another() -> None:
    """The prompt of a later step holds nothing of what an earlier one became."""
    entries = await recorded(flat, FLAT)

    last = next(
        entry.event
        for entry in entries
        if isinstance(entry.event, GenerationRequested) and "/step-1/" in entry.path
    )
    assert "x = x + 1" not in last.messages[0].content


async def test_tree_renders_nodes_inside_nodes() -> None:
    """A node with children becomes the line that opens a block, and its children stand inside."""
    entries = await recorded(tree, TREE)

    assert answer_of(entries).endswith("    if x:\n        x = x + 1\n        pass\n    return x\n")
    assert "Test/0/step-0/step-1/stepwriter.0/generate.0" in asked(entries)


@pytest.mark.parametrize("shape", [flat, tree], ids=["flat", "tree"])
async def test_no_steps_leave_the_bare_function(shape: Architecture) -> None:
    """When the model lists no steps, the answer is the prompt's own function without a body."""
    answers = {"*/designer.*": "No.", "*/splitter.*": "", "*/brancher.*": ""}

    entries = await recorded(shape, answers)

    assert answer_of(entries).strip() == task().problem.prompt.strip()


@pytest.mark.parametrize("shape", [resample, redraft], ids=["resample", "redraft"])
async def test_passing_first_answer_is_kept_and_nothing_drawn(shape: Architecture) -> None:
    """When the first answer passes its examples it is the answer, and no other was asked for."""
    entries = await recorded(shape, {"*/coder.*": "    return x + 1  # f(1) f(2)\n"})

    assert "f(1) f(2)" in answer_of(entries)
    assert asked(entries) == ["Test/0/coder.0/generate.0"]


async def test_candidate_that_passes_most_wins() -> None:
    """Of as many candidates as are asked for the one that passes most is the answer, the first of equals."""
    answers = {
        "*/coder.*": "    return 0\n",
        "*/draw-1/*": "    return 1  # f(1)\n",
        "*/draw-2/*": "    return 2  # f(1)\n",
        "*": "    return 3\n",
    }

    entries = await recorded(resample, answers, candidates=4)

    assert "return 1  # f(1)" in answer_of(entries)
    assert len(asked(entries)) == 5


async def test_first_answer_stays_when_no_candidate_is_better() -> None:
    """A candidate that passes no more examples than the first answer does not replace it."""
    entries = await recorded(resample, {"*/coder.*": "    return 0  # f(2)\n", "*": "    return 1  # f(1)\n"})

    assert "return 0  # f(2)" in answer_of(entries)


async def test_no_wave_is_drawn_after_one_that_passed() -> None:
    """A draft that passes is the answer, whatever stands beside it, and no other wave is asked for."""
    answers = {"*/draw-3/*": "    return x + 1  # f(1) f(2)\n", "*": "    return 1  # f(1)\n"}

    entries = await recorded(redraft, answers, candidates=8)

    assert "return x + 1" in answer_of(entries)
    assert asked(entries) == [
        "Test/0/coder.0/generate.0",
        *(f"Test/0/draw-{number}/sampler.0/generate.0" for number in range(4)),
    ]


@pytest.mark.parametrize(
    ("candidates", "passing", "drawn"),
    [
        (8, 0, 2),
        (8, 2, 4),
        (8, 5, 8),
        (8, 8, 16),
        (10, 15, 16),
        (10, 16, 20),
        (8, 99, 16),
        (1, 99, 2),
        (0, 0, 0),
    ],
)
async def test_waves_double_within_twice_the_candidates(candidates: int, passing: int, drawn: int) -> None:
    """Each wave is as large as all before it, and all together are twice the candidates."""
    answers = {f"*/draw-{passing}/*": "    return x + 1  # f(1) f(2)\n", "*": "    return 0\n"}

    entries = await recorded(redraft, answers, candidates=candidates)

    assert len(asked(entries)) == 1 + drawn


async def test_redraft_draws_what_resample_draws() -> None:
    """Its drafts stand at the same paths with the same requests, so one cell may take over the other's."""
    drawn = [await recorded(shape, {"*": "    return 0\n"}, candidates=4) for shape in (resample, redraft)]

    few, many = (
        {entry.path: entry.event for entry in entries if isinstance(entry.event, GenerationRequested)}
        for entries in drawn
    )
    assert len(few) == 5
    assert few.items() <= many.items()


async def test_no_draft_is_written_with_a_look_at_another() -> None:
    """What is asked for a draft holds nothing of the code that failed."""
    entries = await recorded(redraft, {"*": "    return failed_before\n"}, candidates=2)

    requests = [entry.event for entry in entries if isinstance(entry.event, GenerationRequested)]
    answered = [entry.event for entry in entries if isinstance(entry.event, GenerationCompleted)]
    assert len(requests) == 5
    assert all("failed_before" in str(answer) for answer in answered)
    assert not any("failed_before" in str(request) for request in requests)
