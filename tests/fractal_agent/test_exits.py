"""That every error a user may meet has an exit code, and a bug has none."""

from pathlib import Path

import pytest

from events import LogCorrupt, LogExists, LogForeign, LogLocked, LogMissing, LogWriteFailed
from fractal_agent.catalog import PluginFailed, UnknownName
from fractal_agent.datasets import DatasetError
from fractal_agent.engines import EngineFailed, EngineUnavailable
from fractal_agent.exits import Exit, exit_for
from fractal_agent.models import ModelError, ModelNotFound
from fractal_agent.run import RunFailed
from fractal_agent.runs import BadRunId, RunNotFound
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
        (EngineFailed("vllm", "path", "x"), Exit.FAILED),
        (SandboxError(where="x", found="y", expected="z", advice=""), Exit.FAILED),
        (ValueError("a bug"), None),
    ],
)
def test_exit_code(error: Exception, code: Exit | None) -> None:
    """What is asked wrongly is 2, what fails is 1, a damaged log is 4, and a bug keeps its traceback."""
    assert exit_for(error) is code
