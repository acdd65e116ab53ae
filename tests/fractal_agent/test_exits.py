"""That every error a user may meet has an exit code, and a bug has none."""

import errno
from pathlib import Path

import pytest

from events import LogCorrupt, LogExists, LogForeign, LogLocked, LogMissing, LogWriteFailed
from fractal_agent.catalog import PluginFailed, UnknownName
from fractal_agent.config import NoHome, WorkingFolderGone
from fractal_agent.datasets import DatasetError
from fractal_agent.engines import EngineFailed, EngineMisused, EngineUnavailable
from fractal_agent.exits import Exit, exit_for, refusal
from fractal_agent.models import ModelError, ModelNotFound
from fractal_agent.run import RunFailed
from fractal_agent.runs import BadRunId, RunNotFound, RunsUnreadable
from fractal_agent.sandbox.base import SandboxError

HERE = Path("log.jsonl")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LogCorrupt(HERE, line=1, offset=0, problem="is damaged"), Exit.CORRUPT),
        (LogForeign(HERE, found="x", expected="y"), Exit.CORRUPT),
        (LogMissing(HERE), Exit.USAGE),
        (LogExists(HERE), Exit.USAGE),
        (RunNotFound("x", HERE, []), Exit.USAGE),
        (BadRunId("x"), Exit.USAGE),
        (UnknownName("role", "x", ["y"]), Exit.USAGE),
        (PluginFailed("x", "y"), Exit.USAGE),
        (DatasetError("x"), Exit.USAGE),
        (ModelNotFound("x", asked="y", known=("z",)), Exit.USAGE),
        (ModelError("x"), Exit.FAILED),
        (LogLocked(HERE, "process 1"), Exit.FAILED),
        (LogWriteFailed(HERE, kept=1, cause="disk full"), Exit.FAILED),
        (RunFailed("case", ValueError("x")), Exit.FAILED),
        (EngineUnavailable("x"), Exit.FAILED),
        (EngineMisused("x"), Exit.USAGE),
        (RunsUnreadable(HERE, "x"), Exit.USAGE),
        (WorkingFolderGone(HERE), Exit.USAGE),
        (NoHome(), Exit.USAGE),
        (EngineFailed("vllm", "path", "x"), Exit.FAILED),
        (SandboxError(where="x", found="y", expected="z", advice=""), Exit.FAILED),
        (ValueError("a bug"), None),
    ],
)
def test_exit_code(error: Exception, code: Exit | None) -> None:
    """What is asked wrongly is 2, what fails is 1, a damaged log is 4, and a bug keeps its traceback."""
    assert exit_for(error) is code


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "a/b"), "a/b: Permission denied. Choose a place"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device. Free some space there."),
        (OSError("odd"), "odd."),
        (OSError(), "OSError."),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "Set TMPDIR to"),
        (ExceptionGroup("", [OSError(errno.EMFILE, "Too many open files")]), "Allow more open files"),
        (
            UnicodeEncodeError("utf-8", "caf\udce9", 3, 4, "surrogates"),
            "cannot be written in utf-8",
        ),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), "what was read is not utf-8 (byte 0)"),
    ],
)
def test_refusals_of_the_system(error: Exception, told: str) -> None:
    """What the system refuses is one sentence with the name of the file and what to do."""
    assert told in refusal(error)
    assert "\n" not in refusal(error)


def test_bugs_are_no_refusals() -> None:
    """An error of another kind keeps its traceback, alone and among others."""
    assert refusal(ValueError("x")) == ""
    assert refusal(ExceptionGroup("", [OSError(), ValueError()])) == ""
