"""Oracle feedback: the hidden tests judge, are labelled, and are quoted nowhere."""

import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from events import (
    CodeReviewed,
    Edit,
    Entry,
    Event,
    ExecutionCompleted,
    ExecutionRequested,
    GenerationRequested,
    GradingCompleted,
    Settings,
)
from fractal_agent.architectures.repair import repair
from fractal_agent.catalog import load_catalog
from fractal_agent.datasets import load
from fractal_agent.engines.scripted import ScriptedEngine
from fractal_agent.forking import fork_job
from fractal_agent.job import Job, Unwatched
from fractal_agent.oracle import oracle_for
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run
from fractal_agent.report.listing import list_runs
from fractal_agent.report.summary import render_summary, summarize
from fractal_agent.sandbox import InstantSandbox
from fractal_agent.solving import solve
from fractal_agent.testing import make_settings, make_task, run_in_memory
from replay.journal import Journal
from replay.policy import Strict

PROBLEM = {
    "task_id": "T/0",
    "prompt": 'def f(x):\n    """Return x plus one.\n\n    >>> f(1)\n    2\n    """\n',
    "entry_point": "f",
    "test": "def check(candidate):\n    assert candidate(41) == 42\n",
}
SCRIPT = [
    {"path": "*/coder.0/*", "text": "    return 2\n"},
    {"path": "*/coder.*", "text": "    return x + 1\n"},
    {"path": "*", "text": " Think.\n"},
]


def grades(code: str, entry_point: str, tests: str) -> GradingCompleted:
    """The hidden tests pass what was written second."""
    assert "assert" in tests
    if "return x + 1" in code:
        return GradingCompleted(outcome="passed")
    return GradingCompleted(outcome="failed", error="AssertionError")


def answer(request: GenerationRequested, path: str) -> str:
    return "    return x + 1\n" if "/coder.1/" in path else "    return 2\n"


def nothing_loads(request: ExecutionRequested) -> ExecutionCompleted:
    return ExecutionCompleted(outcome="error", error="SyntaxError: invalid syntax")


async def entries_of(feedback: str, **options: object) -> Sequence[Entry[Event]]:
    return await run_in_memory(
        [make_task()],
        repair,
        ScriptedEngine(answer),
        sandbox=InstantSandbox(grade=grades),
        feedback=feedback,
        **options,  # type: ignore[arg-type]  # settings by name
    )


def reviews(entries: Sequence[Entry[Event]]) -> list[CodeReviewed]:
    return [entry.event for entry in entries if isinstance(entry.event, CodeReviewed)]


async def test_visible_feedback_never_grades_on_the_way() -> None:
    """With visible feedback a wrong answer that passes its examples is accepted; no tests are named."""
    entries = await entries_of("visible")

    assert [review.passed for review in reviews(entries)] == [True]
    requests = [entry.event for entry in entries if isinstance(entry.event, ExecutionRequested)]
    assert all(request.tests_digest == "" for request in requests)


async def test_oracle_refuses_what_only_the_hidden_tests_fail() -> None:
    """With an oracle the same answer fails its review, the loop goes on, and the next answer passes."""
    entries = await entries_of("oracle")

    assert [review.passed for review in reviews(entries)] == [False, True]
    assert reviews(entries)[0].results[-1].error == "AssertionError"


async def test_oracle_quotes_no_hidden_test() -> None:
    """No line of the log holds a word of the hidden tests, also when they judge."""
    for entry in await entries_of("oracle"):
        assert "hidden in" not in msgspec.json.encode(entry.event).decode()


async def test_request_says_that_hidden_tests_ran() -> None:
    """Each execution names the digest of the tests, the same as the grading does."""
    entries = await entries_of("oracle")

    digests = {
        entry.event.tests_digest for entry in entries if hasattr(entry.event, "tests_digest") and entry.event
    }
    assert len(digests) == 1
    assert "" not in digests


async def test_oracle_run_replays() -> None:
    """A strict replay under oracle feedback agrees; under visible feedback it diverges."""
    entries = await entries_of("oracle")
    policy = Strict(Journal(entries))

    assert await entries_of("oracle", policy=policy) == []
    with pytest.raises(BaseException, match=r"critic\.0"):
        await entries_of("visible", policy=Strict(Journal(entries)))


async def test_examples_are_asked_first() -> None:
    """A program that fails an example never meets the hidden tests before the end."""
    graded = 0

    def grade(*_: str) -> GradingCompleted:
        nonlocal graded
        graded += 1
        return GradingCompleted(outcome="failed", error="AssertionError")

    await run_in_memory(
        [make_task()],
        repair,
        ScriptedEngine(answer),
        sandbox=InstantSandbox(execute=nothing_loads, grade=grade),
        feedback="oracle",
        rounds=0,
    )
    assert graded == 1


@pytest.fixture(scope="module")
def oracle_run(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A run on disk whose first answer passes its example and fails the hidden tests."""
    folder = tmp_path_factory.mktemp("oracle")
    (folder / "tasks.jsonl").write_text(json.dumps(PROBLEM) + "\n")
    (folder / "script.jsonl").write_text("".join(json.dumps(line) + "\n" for line in SCRIPT))
    settings = Settings(
        dataset=str(folder / "tasks.jsonl"),
        tasks=("T/0",),
        architecture="repair",
        model="none",
        engine="scripted",
        script=str(folder / "script.jsonl"),
        feedback="oracle",
    )
    job = Job(
        run_id="oracle",
        folder=folder / "oracle",
        settings=settings,
        tasks=load(settings.dataset),
        catalog=load_catalog(),
    )
    solve(job, Unwatched())
    return Recording(job.folder)


def test_real_sandbox_judges_and_the_run_replays(oracle_run: Recording) -> None:
    """The hidden tests turn the first answer down, the second passes, and a replay agrees with no world."""
    assert oracle_run.timeline.repaired == 1
    replayed = replay_run(oracle_run, load_catalog())
    assert (replayed.cases, replayed.divergences) == (1, [])


def test_label_stands_wherever_the_number_does(oracle_run: Recording) -> None:
    """Summary, its rendering and the list of runs say that an oracle gave the feedback."""
    summary = summarize(oracle_run.timeline, str(oracle_run.folder / "log.jsonl"))
    page = Console(width=200, file=StringIO())
    page.print(render_summary(summary))

    assert summary.feedback == "oracle"
    assert "the Critic ran the hidden tests" in page.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    assert [line.feedback for line in list_runs(oracle_run.folder.parent)] == ["oracle"]


def test_fork_keeps_the_protocol(oracle_run: Recording, tmp_path: Path) -> None:
    """A fork of an oracle's run has an oracle, and reuses what it said."""
    job = fork_job(oracle_run, load_catalog(), folder=tmp_path / "same")

    timeline = solve(job, Unwatched())

    assert job.settings.feedback == "oracle"
    assert (timeline.performed, timeline.repaired) == (0, 1)


def test_fork_to_visible_feedback_asks_the_sandbox_anew(oracle_run: Recording, tmp_path: Path) -> None:
    """What an oracle said is not reused where there is none: the first answer is accepted, and fails."""
    edit = Edit(path="", field="feedback", value="visible")
    job = fork_job(oracle_run, load_catalog(), folder=tmp_path / "visible", edits=[edit])

    timeline = solve(job, Unwatched())

    assert timeline.executions == 1
    assert timeline.passed == 0


def test_only_the_setting_makes_an_oracle() -> None:
    """With visible feedback there is no oracle that could be asked."""
    visible = make_settings([make_task()], "repair")

    assert oracle_for(visible, "digest", "tests") is None
    assert oracle_for(msgspec.structs.replace(visible, feedback="oracle"), "digest") is not None
