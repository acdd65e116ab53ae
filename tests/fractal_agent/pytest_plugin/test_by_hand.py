"""Tests that a user writes with the `replays` fixture, and the page that tells how."""

import re
from pathlib import Path

from events import LOG_NAME
from tests.fractal_agent.pytest_plugin.project import AGAIN, ANOTHER, BETTER, INI, Project, write_script

pytest_plugins = ["pytester"]


def test_fixture(project: Project) -> None:
    """`replays` asserts that a run, or one of its cases, replays; its error ends at the user's line."""
    (project.folder / "pytest.ini").write_text(INI.replace("fractal_agent_recordings = tests/recordings", ""))
    project.change(AGAIN, ANOTHER)
    project.pytester.makepyfile("""
        def test_case(replays):
            replays("tests/recordings/additions", case="T/0")

        def test_run(replays):
            replays("tests/recordings/additions")

        def test_missing(replays):
            replays("tests/recordings/two")
    """)
    result = project.pytest()

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            '>*replays("tests/recordings/additions")',
            "E *RunDiverged: T/1/writer.0/generate.1: GenerationRequested differs in messages",
            "E *+  content: Write much more.",
            "*test_fixture.py:*: RunDiverged",
        ]
    )
    result.stdout.fnmatch_lines([f"E *LogMissing: *two/{LOG_NAME}: no log here*"])


def test_fixture_updates(project: Project) -> None:
    """A test written by hand records anew like any other, and the summary says so."""
    project.change(AGAIN, ANOTHER)
    write_script(project.folder, much=BETTER)
    project.pytester.makepyfile("def test_run(replays): replays('tests/recordings/additions')")
    result = project.pytest("--update", "-k", "test_run")

    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.fnmatch_lines(["*::test_run: recorded anew: 3 cases (3 passed)*"])


# The page.

PAGE = Path(__file__).parents[3] / "docs" / "recordings-as-tests.md"


def blocks(language: str) -> list[str]:
    """The page's pieces of code in that language, in their order."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def test_documentation(project: Project) -> None:
    """With the page's settings, pytest prints what the page shows, and the page's own test passes."""
    (project.folder / "pytest.ini").unlink()
    (project.folder / "pyproject.toml").write_text(blocks("toml")[0])
    project.change(AGAIN, ANOTHER)
    write_script(project.folder, much=BETTER)
    _, failing, updating = [block.splitlines()[1:] for block in blocks("console")]

    printed = project.pytest().outlines
    assert [line for line in failing if line not in printed] == []
    printed = project.pytest("--update").outlines
    assert [line for line in updating if line not in printed] == []
    (project.folder / "test_by_hand.py").write_text(blocks("python")[0])
    project.pytest().assert_outcomes(passed=4)
