"""Forks under other settings and roles, several samples of one step, and forks of forks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from events import LOG_NAME, GenerationCompleted, GenerationRequested
from fractal_agent.catalog import load_catalog
from fractal_agent.exits import Exit
from fractal_agent.forking import edits_at, fork_job, samples
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run
from fractal_agent.report.forked import forked
from replay.edit import BadEdit, edit_settings
from tests.fractal_agent.forking.forks import ANOTHER, CASE, GOOD_PLAN, REPAIRER, requests

# Settings and roles.


def test_changed_setting_runs_on_from_the_end(parent: Recording, fork: Callable[..., Recording]) -> None:
    """With one more round, two rounds are reused and the third is performed."""
    run = fork(edits=[edit_settings(parent.started.settings, "rounds", "3")], cases=[CASE])

    assert run.started.settings.rounds == 3
    performed = [path for path, reused in requests(run).items() if not reused]
    assert performed == [f"{CASE}/repairer.2/generate.0", f"{CASE}/coder.3/generate.0"]


@pytest.mark.parametrize(("setting", "reuses"), [("model", False), ("base_url", True)])
def test_another_model_answers_anew(
    parent: Recording, fork: Callable[..., Recording], setting: str, reuses: bool
) -> None:
    """Generations are reused when another place is asked, and not when another model is."""
    run = fork(edits=[edit_settings(parent.started.settings, setting, "another")], cases=[CASE])

    assert set(requests(run).values()) == {reuses}


def test_model_in_the_place_of_a_script_answers_anew(parent: Recording, tmp_path: Path) -> None:
    """What a script answered is not taken for a model's answer."""
    engine = edit_settings(parent.started.settings, "engine", "openai")
    job = fork_job(parent, load_catalog(), folder=tmp_path / "fork", cases=[CASE], edits=[engine])

    assert job.parent
    kinds = {type(effect.request).__name__ for effect in job.parent.effects.values()}
    assert kinds == {"ExecutionRequested", "GradingRequested"}


def test_another_seed_draws_samples_anew(parent: Recording, fork: Callable[..., Recording]) -> None:
    """Under another seed greedy answers are reused, and what was sampled is drawn anew."""
    run = fork(edits=[edit_settings(parent.started.settings, "seed", "7")], cases=[CASE])

    greedy = {
        path: effect.request.temperature == 0
        for path, effect in run.journal.effects.items()
        if isinstance(effect.request, GenerationRequested)
    }
    assert {path: reused for path, reused in requests(run).items() if path in greedy} == greedy
    assert set(greedy.values()) == {True, False}


def test_role_in_its_own_place_asks_nothing_new(fork: Callable[..., Recording]) -> None:
    """A role that is cast in its own place asks what it asked, so that nothing is performed."""
    run = fork(cast={"repairer": "repairer"}, cases=[CASE])

    assert run.started.settings.cast == {"repairer": "repairer"}
    assert run.timeline.performed == 0


def test_role_of_a_plugin_plays_in_a_fork(
    parent: Recording, command: Callable[..., int], tmp_path: Path
) -> None:
    """A role from a file takes a part in a fork, whose header names the file."""
    plugin = tmp_path / "another.py"
    plugin.write_text(ANOTHER)
    casting = ["--case", CASE, "--cast", "repairer=helper", "--plugin", str(plugin), "--run-id", "cast"]

    assert command("fork", str(parent.folder), *casting) == Exit.DONE

    forked_run = Recording(tmp_path / "cast")
    assert forked_run.timeline.cases[CASE].passed
    assert forked_run.started.settings.plugins == (str(plugin),)


# Samples.


def test_samples_draw_apart(fork: Callable[..., Recording], parent: Recording) -> None:
    """Drawn anew from one step, each sample has paths and seeds of its own and a verdict of its own."""
    step = f"{REPAIRER}/generate.0"
    run = fork(cases=[CASE], branches=samples(3, anew=step))

    assert [case.passed for case in run.timeline.graded] == [False, True, False]
    drawn = [run.journal.effects[f"sample-{n}/{step}"].request for n in range(3)]
    assert all(isinstance(request, GenerationRequested) and not request.reused for request in drawn)
    assert len({request.seed for request in drawn if isinstance(request, GenerationRequested)}) == 3
    assert requests(run)[f"sample-0/{CASE}/coder.0/generate.0"]
    assert replay_run(run.folder, load_catalog()).cases == 3

    report = forked(parent, run.timeline, str(run.folder / LOG_NAME))
    assert [(case.case, case.before, case.passed) for case in report.cases] == [(CASE, "failed", 1)]


def test_later_steps_are_drawn_anew_too(fork: Callable[..., Recording]) -> None:
    """From the step that is drawn anew on, no generation is reused; executions are."""
    run = fork(cases=[CASE], branches=samples(1, anew=f"{CASE}/coder.0/generate.0"))

    front = f"sample-0/{CASE}"
    assert [path for path, reused in requests(run).items() if reused] == [f"{front}/planner.0/generate.0"]
    assert f"{front}/critic.0/execute.0" in run.journal.effects
    assert run.timeline.executions == 0


# Forks of forks.


def test_fork_of_a_fork_keeps_its_edits(fork: Callable[..., Recording]) -> None:
    """What the parent had edited stays edited in the child, which adds its own."""
    first = fork(REPAIRER, {"plan": "1. Think twice."})
    second = fork(f"{CASE}/repairer.1", {"plan": GOOD_PLAN}, of=first)

    assert second.timeline.cases[CASE].passed
    assert second.started.origin is not None
    assert [edit.path for edit in second.started.origin.edits] == [REPAIRER, f"{CASE}/repairer.1"]
    assert replay_run(second.folder, load_catalog()).divergences == []


def test_branch_of_a_fork_can_be_forked(fork: Callable[..., Recording]) -> None:
    """One sample among several is forked by its path; the child has the plain paths again."""
    several = fork(cases=[CASE], branches=samples(2, anew=f"{REPAIRER}/generate.0"))
    one = fork(f"sample-0/{CASE}/repairer.1", {"plan": GOOD_PLAN}, of=several)

    assert one.timeline.cases[CASE].passed
    assert one.started.origin is not None
    assert one.started.origin.branch == "sample-0"
    assert requests(one)[f"{REPAIRER}/generate.0"]


def test_step_that_was_edited_is_drawn_anew_without_the_edit(fork: Callable[..., Recording]) -> None:
    """What a parent edited at a step does not cover what a child draws there."""
    edited = fork(f"{REPAIRER}/generate.0", {"text": "1. Nope."})
    drawn = fork(of=edited, cases=[CASE], branches=samples(2, anew=f"{REPAIRER}/generate.0"))

    texts = [drawn.journal.effects[f"sample-{n}/{REPAIRER}/generate.0"].result for n in range(2)]
    assert [one.text for one in texts if isinstance(one, GenerationCompleted)] == [
        "1. Think.\n",
        "1. Add one.",
    ]
    assert replay_run(drawn.folder, load_catalog()).divergences == []


def test_branches_are_not_forked_together(fork: Callable[..., Recording]) -> None:
    """A fork of a run with branches names one; the error says how."""
    several = fork(cases=[CASE], branches=samples(2, anew=f"{REPAIRER}/generate.0"))

    with pytest.raises(BadEdit, match=f"name a case, for example --case sample-0/{CASE}"):
        fork_job(several, load_catalog(), folder=several.folder.with_name("x"))
    with pytest.raises(BadEdit, match=f"Near ones: sample-1/{CASE}/repairer"):
        edits_at(several, f"sample-1/{CASE}/repairer.9", {"plan": ""})
