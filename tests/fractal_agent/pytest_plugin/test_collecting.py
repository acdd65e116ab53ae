"""Which recordings pytest collects, and that it collects none where nobody asked for it."""

import shutil

import pytest

from tests.fractal_agent.pytest_plugin.project import INI, Project

pytest_plugins = ["pytester"]


def test_without_settings_nothing_is_collected(project: Project) -> None:
    """A project that does not ask for it has no recorded tests, and loads none of the package's modules."""
    (project.folder / "pytest.ini").write_text("[pytest]\n")
    project.pytester.makepyfile("""
        import sys

        def test_loaded():
            loaded = {name for name in sys.modules if name.startswith(("fractal_agent", "events", "agents"))}
            assert loaded == {"fractal_agent", "fractal_agent.pytest_plugin"}
    """)
    result = project.pytester.runpytest_subprocess("--strict-config")

    result.assert_outcomes(passed=1)


def test_folder_that_is_not_there(project: Project) -> None:
    """A folder that is not there is an error, for else its tests would be gone without a word."""
    shutil.rmtree(project.recordings)
    result = project.pytest()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: fractal_agent_recordings: *recordings is not a folder*"])


def test_folder_outside_testpaths(project: Project) -> None:
    """A plain `pytest` replays the recordings though `testpaths` names other folders."""
    (project.folder / "pytest.ini").write_text(f"{INI}testpaths = unit\n")
    (project.folder / "unit").mkdir()
    (project.folder / "unit" / "test_other.py").write_text("def test_other(): pass")

    project.pytest().assert_outcomes(passed=4)
    project.pytest("unit").assert_outcomes(passed=1)


def test_without_the_plugin(project: Project) -> None:
    """With `-p no:fractal_agent` pytest runs as if the package were not there."""
    (project.folder / "pytest.ini").write_text("[pytest]\n")
    (project.folder / "test_other.py").write_text("def test_other(): pass")

    project.pytest("-p", "no:fractal_agent", "--strict-config").assert_outcomes(passed=1)
