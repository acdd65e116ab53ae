"""A pytest plugin: recorded runs as tests, which fail at the first place where one does not replay.

pytest loads this module in every test run of everyone who has the package, so it imports nothing that
pytest has not; what does the work is imported when there is a recording to look at.
"""

import os
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fractal_agent.pytest_plugin.recordings import RecordingFile

RECORDINGS = "fractal_agent_recordings"
PLUGINS = "fractal_agent_plugins"
UPDATE = "--update"
FULL_UPDATE = "--fractal-update"

NOTE = "fractal_agent"
"""The name under which an item's properties carry what the terminal summary tells of it."""

_HELP = "record anew those recorded runs that no longer replay"
_update = pytest.StashKey[str]()
"""The option that a message names: the short one, unless it is another's."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(RECORDINGS, "folders of recorded runs, each case of which is a test", type="paths")
    parser.addini(
        PLUGINS, "files or modules with roles, in the place of those that recorded runs name", type="args"
    )
    parser.getgroup("fractal_agent").addoption(
        FULL_UPDATE, dest=NOTE, action="store_true", default=False, help=_HELP
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser
) -> Generator[None, object, object]:
    """Adds the short option when all others have had their say, so that it can be in nobody's way."""
    loaded = yield
    early_config.stash[_update] = UPDATE if _is_free(parser, UPDATE) else FULL_UPDATE
    if early_config.stash[_update] == UPDATE:
        parser.getgroup("fractal_agent").addoption(
            UPDATE, dest=NOTE, action="store_true", default=False, help=f"the same as {FULL_UPDATE}"
        )
    return loaded


def _is_free(parser: pytest.Parser, option: str) -> bool:
    try:
        _, unknown = parser.parse_known_and_unknown_args([option])
    except pytest.UsageError:  # another's, who wants a value
        return False
    return option in unknown


def update_option(config: pytest.Config) -> str:
    """What to type to record anew."""
    return config.stash.get(_update, FULL_UPDATE)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Sees to it that the folders are there, and that `testpaths` does not leave them out.

    Raises:
        UsageError: a folder is not there.
    """
    config = session.config
    folders = _folders(config)
    for folder in folders:
        if not folder.is_dir():
            raise pytest.UsageError(
                f"{RECORDINGS}: {folder} is not a folder; expected one with recorded runs"
            )
    if config.args_source == pytest.Config.ArgsSource.TESTPATHS:
        args = [config.rootpath / arg for arg in config.args]
        config.args += [str(folder) for folder in folders if not _is_in(folder, args)]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "RecordingFile | None":
    if file_path.suffix != ".jsonl" or not _is_in(file_path, _folders(parent.config)):
        return None
    from events import LOG_NAME
    from fractal_agent.pytest_plugin.recordings import RecordingFile

    return RecordingFile.from_parent(parent, path=file_path) if file_path.name == LOG_NAME else None


def _folders(config: pytest.Config) -> list[Path]:
    """The folders of recorded runs, in the form in which pytest hands out paths."""
    return [Path(os.path.normpath(folder)) for folder in config.getini(RECORDINGS)]


def _is_in(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


@pytest.fixture
def replays(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Asserts that a recorded run replays: `replays(folder)`, or `replays(folder, case=ID)`.

    A relative folder starts at pytest's rootdir. Raises AssertionError with a diff of the first place
    where the run diverges; with --update it is recorded anew instead.
    """
    from fractal_agent.pytest_plugin.recordings import Recordings

    recordings = Recordings.of(request.config)

    def replays(folder: str | Path, case: str | None = None) -> None:
        __tracebackhide__ = True
        for note in recordings.check(request.node, request.config.rootpath / folder, case):
            request.node.user_properties.append((NOTE, note))

    return replays


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    notes = [
        f"{report.nodeid}: {note}"
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, note in report.user_properties
        if name == NOTE
    ]
    if notes:
        terminalreporter.section("recordings")
        for note in notes:
            terminalreporter.line(note)
