"""Logs recorded once and replayed on every commit; one of them must diverge."""

import subprocess
import sys
from pathlib import Path

import pytest

from events import LOG_NAME, GenerationRequested, LogReader
from fractal_agent.catalog import Catalog, UnknownName, load_catalog
from fractal_agent.replaying import replay_run
from replay.timeline import Timeline
from replay.verify import verify_log

HERE = Path(__file__).parent


def test_recorded_run_agrees(golden: Path, catalog: Catalog) -> None:
    """The log of format 1 replays with every effect and every event as recorded."""
    replayed = replay_run(golden / "agrees", catalog)

    assert replayed.divergences == []
    assert (replayed.cases, replayed.passed, replayed.effects, replayed.events) == (3, 2, 33, 36)


def test_whole_log_was_visited(golden: Path, catalog: Catalog) -> None:
    """Each path of the log was either an effect or an event that agreed; none was passed over."""
    replayed = replay_run(golden / "agrees", catalog)

    timeline = Timeline.of(LogReader(golden / "agrees" / LOG_NAME))
    paths = {entry.path for case in timeline.cases.values() for entry in case.entries} | timeline.cases.keys()
    assert replayed.effects + replayed.events == len(paths)


def test_changed_word_in_a_prompt_diverges(golden: Path, catalog: Catalog) -> None:
    """One word that differs is found in every case, first where it was first asked, with both sides."""
    replayed = replay_run(golden / "diverges", catalog)

    assert [diverged.path for diverged in replayed.divergences] == [
        "HumanEval/0/draft-0/sketcher.0/generate.0",
        "HumanEval/23/draft-0/sketcher.0/generate.0",
        "HumanEval/53/draft-0/sketcher.0/generate.0",
    ]
    first = replayed.divergences[0]
    assert isinstance(first.recorded, GenerationRequested)
    assert first.summary == "GenerationRequested differs in messages"
    assert "-  content: Outline has_close_elements in one line." in first.diff()
    assert "+  content: Sketch has_close_elements in one line." in first.diff()


def test_single_case_is_replayed_alone(golden: Path, catalog: Catalog) -> None:
    """A replay of one case looks at that case only."""
    replayed = replay_run(golden / "agrees", catalog, cases=["HumanEval/53"])

    assert (replayed.cases, replayed.passed) == (1, 1)


@pytest.mark.parametrize(("name", "cases", "passed"), [("forked", 2, 2), ("resumed", 3, 2)])
def test_run_of_more_than_one_source_agrees(
    golden: Path, catalog: Catalog, name: str, cases: int, passed: int
) -> None:
    """A fork with an edit and two branches, and a run taken up under changed code, replay as they stand."""
    replayed = replay_run(golden / name, catalog)

    assert (replayed.cases, replayed.passed, replayed.divergences) == (cases, passed, [])


@pytest.mark.parametrize("name", ["v1/agrees", "v1/diverges", "v1/forked", "v1/resumed", "old_event"])
def test_every_golden_log_verifies(name: str) -> None:
    """Line by line and cause by cause, each golden log is what a log must be."""
    assert verify_log(HERE / name / LOG_NAME).holds


def test_missing_plugin_is_named(golden: Path) -> None:
    """Without the plug-in, the architecture that is missing is named, and those there are."""
    with pytest.raises(UnknownName, match=r"unknown architecture 'troupe'.*valid are .*baseline"):
        replay_run(golden / "agrees", load_catalog())


def test_repaired_case_is_told_from_the_log(golden: Path) -> None:
    """A timeline of the log knows which case failed first and passed after a revised plan."""
    timeline = Timeline.of(LogReader(golden / "agrees" / LOG_NAME))

    assert [case.id for case in timeline.graded if case.repaired] == ["HumanEval/53"]
    assert timeline.sealed


def test_old_version_of_an_event_replays() -> None:
    """A log that holds an event in its first version replays under a plug-in that has its second."""
    folder = HERE / "old_event"

    replayed = replay_run(folder, load_catalog([str(folder / "sketching.py")]))

    assert (replayed.cases, replayed.passed, replayed.divergences) == (1, 1, [])


def test_log_of_a_missing_plugin_is_shown() -> None:
    """A log whose plug-in is not installed is shown by a process that never saw it, its event as written."""
    command = [sys.executable, "-m", "fractal_agent", "show", str(HERE / "old_event"), "HumanEval/2"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=HERE / "v1")

    assert "Sketched (of a plug-in that is not here)" in printed.stdout
    assert '"text": "Sort.\\nCompare."' in printed.stdout
