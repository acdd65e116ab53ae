"""Edited events: what an edit touches is performed, the rest is reused, and the new run stands on its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from events import LOG_NAME, Branch, CodeWritten, GenerationCompleted, LogReader, PlanRevised
from fractal_agent.catalog import load_catalog
from fractal_agent.exits import Exit
from fractal_agent.forking import edits_at
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run
from replay.timeline import Timeline
from tests.fractal_agent.forking.forks import ANOTHER, CASE, GOOD_PLAN, REPAIRER, requests


def test_edited_plan_leads_to_another_verdict(fork: Callable[..., Recording]) -> None:
    """With a good plan in the Repairer's place the case passes; what came before the plan is reused."""
    run = fork(REPAIRER, {"plan": GOOD_PLAN})

    assert run.timeline.cases[CASE].passed
    assert requests(run) == {
        f"{CASE}/planner.0/generate.0": True,
        f"{CASE}/coder.0/generate.0": True,
        f"{REPAIRER}/generate.0": True,
        f"{CASE}/coder.1/generate.0": False,
    }
    assert (run.timeline.reused, run.timeline.performed) == (4, 3)
    revised = run.journal.facts[REPAIRER].event
    assert isinstance(revised, PlanRevised)
    assert revised.plan == GOOD_PLAN


def test_only_the_forked_case_is_run(fork: Callable[..., Recording]) -> None:
    """A fork at a path holds the case of that path and no other."""
    assert list(fork(REPAIRER, {"plan": GOOD_PLAN}).timeline.cases) == [CASE]


def test_reused_tokens_are_not_counted(fork: Callable[..., Recording]) -> None:
    """The tokens of a fork are those that the model wrote for it."""
    run = fork(REPAIRER, {"plan": GOOD_PLAN})

    written = run.journal.effects[f"{CASE}/coder.1/generate.0"].result
    assert isinstance(written, GenerationCompleted)
    assert run.timeline.completion_tokens == written.completion_tokens
    assert run.timeline.in_flight == 0


def test_header_names_parent_and_edits(parent: Recording, fork: Callable[..., Recording]) -> None:
    """The first line says which run was forked, at which state of its log, and what was changed."""
    origin = fork(REPAIRER, {"plan": GOOD_PLAN}).started.origin

    assert origin is not None
    assert (origin.run_id, origin.head) == ("parent", parent.head)
    assert [(edit.path, edit.field, edit.value) for edit in origin.edits] == [(REPAIRER, "plan", GOOD_PLAN)]


@pytest.mark.parametrize(
    ("at", "changes"),
    [
        (REPAIRER, {"plan": GOOD_PLAN}),
        (f"{REPAIRER}/generate.0", {"text": GOOD_PLAN}),
        (f"{CASE}/planner.0/generate.0", {"prompt": "Plan it. Add one."}),
        (f"{CASE}/critic.0", {"passed": "true"}),
        (f"{CASE}/critic.0/execute.0", {"outcome": "passed", "results": "[]"}),
        (f"{CASE}/answer", {"code": "def f(x):\n    return x + 1\n"}),
        (CASE, {"prompt": 'def f(x):\n    """Add one."""\n'}),
    ],
    ids=["plan", "answer of the model", "prompt", "review", "execution", "submission", "problem"],
)
def test_fork_replays_without_its_parent(
    fork: Callable[..., Recording], at: str, changes: dict[str, str]
) -> None:
    """Whatever was edited, the fork is a run like any other: a strict replay of it alone agrees."""
    run = fork(at, changes)

    replayed = replay_run(run.folder, load_catalog())

    assert (replayed.cases, replayed.divergences) == (1, [])


def test_untouched_fork_performs_nothing(parent: Recording, fork: Callable[..., Recording]) -> None:
    """A fork without an edit, under the same code, takes every answer from the record and ends the same."""
    run = fork()

    assert run.timeline.performed == 0
    assert run.timeline.reused == len(parent.journal.effects)
    assert [case.verdict for case in run.timeline.graded] == [c.verdict for c in parent.timeline.graded]
    assert run.started.provenance.model_origin == "none"


def test_parent_is_not_touched(parent: Recording, fork: Callable[..., Recording]) -> None:
    """The log of the parent is the same bytes after a fork as before."""
    before = (parent.folder / LOG_NAME).read_bytes()
    fork(REPAIRER, {"plan": GOOD_PLAN})

    assert (parent.folder / LOG_NAME).read_bytes() == before


def test_edited_text_has_no_digest_of_tokens(fork: Callable[..., Recording]) -> None:
    """An answer that a person wrote is not passed off as the tokens of a model."""
    run = fork(f"{REPAIRER}/generate.0", {"text": GOOD_PLAN})

    result = run.journal.effects[f"{REPAIRER}/generate.0"].result
    assert isinstance(result, GenerationCompleted)
    assert (result.text, result.tokens_digest) == (GOOD_PLAN, "")


def test_newline_of_an_editor_is_dropped(parent: Recording) -> None:
    """A text from a file ends in a newline only where the recorded one does."""
    _, _, (plan,) = edits_at(parent, REPAIRER, {"plan": "1. Go.\n"})
    _, _, (code,) = edits_at(parent, f"{CASE}/coder.0", {"code": "pass\n"})
    recorded = parent.journal.facts[f"{CASE}/coder.0"].event

    assert plan.value == "1. Go."
    assert isinstance(recorded, CodeWritten)
    assert code.value == ("pass\n" if recorded.code.endswith("\n") else "pass")


def test_log_of_a_fork_is_one_chain(fork: Callable[..., Recording]) -> None:
    """A fork's log reads from the first line to its seal, each effect's result behind its request."""
    run = fork(cases=[CASE], branches=[Branch(name="a"), Branch(name="b")])

    reader = LogReader(run.folder / LOG_NAME)
    entries = list(reader)
    assert reader.sealed
    assert Timeline.of(entries).unfinished == []
    results = [entry for entry in entries if isinstance(entry.event, GenerationCompleted)]
    assert results
    assert all(entries[entry.cause or 0].path == entry.path for entry in results)


def test_event_that_the_architecture_made_can_be_edited(
    place: Path, command: Callable[..., int], tmp_path: Path
) -> None:
    """An event that no role returned is edited where the first role got it, and all read it edited."""
    plugin = tmp_path / "another.py"
    plugin.write_text(ANOTHER)
    solving = ["--engine", "scripted", "--script", str(place / "script.jsonl"), "--plugin", str(plugin)]
    data = ["--dataset", str(place / "tasks.jsonl"), "--task", CASE, "--architecture", "own_plan"]
    assert command("solve", *solving, *data, "--run-id", "own") == Exit.DONE
    assert not Recording(tmp_path / "own").timeline.cases[CASE].passed

    editing = ["--at", f"{CASE}/coder.0/given", "--set", "plan=1. Add one.", "--run-id", "edited"]
    assert command("fork", str(tmp_path / "own"), *editing) == Exit.DONE

    edited = Recording(tmp_path / "edited")
    assert edited.timeline.cases[CASE].passed
    assert set(requests(edited).values()) == {False}
    assert command("replay", str(tmp_path / "edited")) == Exit.DONE
    assert command("verify", str(tmp_path / "edited")) == Exit.DONE
