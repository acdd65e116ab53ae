"""The runs on disk: their folders, their ids, and which one a user means."""

import difflib
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from events import LOG_NAME, LogError, LogReader, RunStarted
from events.lock import holder_of
from fractal_agent.config import WorkingFolderGone, working_folder_exists

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RunNotFound(Exception):
    """No run is meant by what the user typed; the message names near ones."""

    def __init__(self, run: str, runs_dir: Path, known: list[str]) -> None:
        near = difflib.get_close_matches(run, known, n=3)
        if _is(Path.is_dir, Path(run)):
            super().__init__(f"{run}: there is no run in this folder (a {LOG_NAME} that holds something)")
            return
        if _is(Path.is_file, Path(run)):
            super().__init__(
                f"{run}: a run is a folder with its log in a file {LOG_NAME}; "
                "put this one there under that name, unpacked if it is compressed"
            )
            return
        if holder := holder_of(runs_dir / run):
            super().__init__(
                f"run {run!r} in {runs_dir} is being started by {holder}, and has nothing recorded yet"
            )
            return
        if near:
            hint = f"Did you mean {' or '.join(near)}?"
        elif known:
            hint = f"The latest there: {', '.join(known[-3:])}; `runs` lists all."
        else:
            hint = "There are none yet: make one with `solve`, or say where runs lie with --runs-dir."
        super().__init__(f"no run {run!r} in {runs_dir}. {hint}")


class RunsUnreadable(Exception):
    """Where runs are to lie is no folder, or one that may not be looked into."""

    def __init__(self, runs_dir: Path, cause: str) -> None:
        super().__init__(f"{runs_dir}: no runs can be looked for here ({cause}). Choose another folder.")


class BadRunId(Exception):
    """The id cannot be a folder's name."""

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"run id {run_id!r}: expected 1 to 100 letters, digits, dots, dashes or underscores, "
            "the first a letter or a digit"
        )


def new_run_id(architecture: str, now: datetime, runs_dir: Path) -> str:
    """An id that sorts by time and says what ran: `20261124-051500-repair`."""
    return _free(f"{now:%Y%m%d-%H%M%S}-{architecture}", runs_dir)


def derived_run_id(run_id: str, kind: str, runs_dir: Path) -> str:
    """An id that says what a run was made from: `repair-41b-fork`, then `repair-41b-fork-2`."""
    return _free(f"{run_id}-{kind}", runs_dir)


def _free(stem: str, runs_dir: Path) -> str:
    taken, number = stem, 1
    while _is(Path.exists, runs_dir / taken):
        number += 1
        taken = f"{stem}-{number}"
    return taken


def check_run_id(run_id: str) -> str:
    """The id itself; `BadRunId` when it cannot be one."""
    if not _RUN_ID.fullmatch(run_id) or run_id == "latest":
        raise BadRunId(run_id)
    return run_id


def find_run(run: str, runs_dir: Path) -> Path:
    """The folder of the run that an id, a path (of the folder or the log) or `latest` means.

    Raises:
        RunNotFound: there is none.
    """
    if run == "latest":
        begun = sorted((started_at(folder), folder) for folder in run_folders(runs_dir))
        if begun:
            return begun[-1][1]
    else:
        path = Path(run)
        for folder in (runs_dir / run, path, path.parent if path.name == LOG_NAME else path):
            if _has_log(folder):
                return folder
    oldest_first = sorted(run_folders(runs_dir), key=started_at)
    raise RunNotFound(run, runs_dir, [folder.name for folder in oldest_first])


def run_folders(runs_dir: Path) -> list[Path]:
    """The folders that hold a log, sorted by name.

    Raises:
        RunsUnreadable: it is no folder, or one that may not be looked into.
        WorkingFolderGone: it is a relative path, and there is no folder to look it up in.
    """
    try:
        return sorted(folder for folder in runs_dir.iterdir() if _has_log(folder))
    except FileNotFoundError:
        if not runs_dir.is_absolute() and not working_folder_exists():
            raise WorkingFolderGone(runs_dir) from None
        return []
    except OSError as error:
        raise RunsUnreadable(runs_dir, error.strerror or str(error)) from error


def _has_log(folder: Path) -> bool:
    """An empty file, left by a process that was killed before it had written a header, is no log."""
    log = folder / LOG_NAME
    return _is(Path.is_file, log) and log.stat().st_size > 0


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    """False also of a path that cannot be looked at: one that is too long, or in a folder that is closed."""
    try:
        return kind(path)
    except OSError:
        return False


def started_at(folder: Path) -> float:
    """When the run began (Unix time in seconds); 0 when its log has no whole header."""
    header = read_header(folder)
    return header[0] if header else 0.0


def read_header(folder: Path) -> tuple[float, RunStarted] | None:
    """When a run began, and its header; None when the log has no whole header."""
    try:
        first = next(iter(LogReader(folder / LOG_NAME)), None)
    except LogError:
        return None
    if first is None or not isinstance(first.event, RunStarted):
        return None
    return first.at, first.event


def require_header(folder: Path) -> RunStarted:
    """The run's header.

    Raises:
        LogForeign: the log has none, or is of a newer format.
    """
    first = next(iter(LogReader(folder / LOG_NAME)))
    assert isinstance(first.event, RunStarted)
    return first.event


def each_run(runs_dir: Path) -> Iterator[tuple[Path, LogReader]]:
    """Every run's folder with a reader for its log, in the order of their beginning."""
    for folder in sorted(run_folders(runs_dir), key=started_at):
        yield folder, LogReader(folder / LOG_NAME)
