"""Exit codes, and which error leads to which."""

from enum import IntEnum


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    """The run failed: an engine, a sandbox, a disk, missing weights."""
    USAGE = 2
    """What was asked for does not exist or does not fit together."""
    DIVERGED = 3
    """The code no longer does what was recorded."""
    CORRUPT = 4
    """A log is damaged, or is not a log."""
    INTERRUPTED = 130
    """Ctrl-C or a termination signal; the run can be resumed."""


def exit_for(error: Exception) -> Exit | None:
    """The exit code of an error that one message reports; None for a bug, which keeps its traceback."""
    from events import (
        LogCorrupt,
        LogError,
        LogExists,
        LogForeign,
        LogInconsistent,
        LogMissing,
        LogUnsalvageable,
        LogUnwritable,
    )
    from fractal_agent.architectures.base import FunctionsOnly
    from fractal_agent.blaming import NothingToBlame
    from fractal_agent.catalog import CastMismatch, PluginFailed, UnknownName
    from fractal_agent.datasets import DatasetError
    from fractal_agent.engines.base import EngineError
    from fractal_agent.experiment import CellMismatch, SubsetError
    from fractal_agent.export import ExportError
    from fractal_agent.models import ModelError, ModelNotFound
    from fractal_agent.report.experiment import MixedCells
    from fractal_agent.rerecording import NotRepeatable
    from fractal_agent.run import RunFailed
    from fractal_agent.runs import BadRunId, RunNotFound
    from fractal_agent.sandbox.base import SandboxError, TestsUnusable
    from fractal_agent.sandbox.trying import NoProgram
    from fractal_agent.solving import CodeChanged
    from replay.edit import BadEdit

    match error:
        case LogCorrupt() | LogForeign() | LogInconsistent() | LogUnsalvageable():
            return Exit.CORRUPT
        case (
            (LogMissing() | LogExists() | LogUnwritable() | RunNotFound() | BadRunId())
            | (ModelNotFound() | UnknownName() | DatasetError() | PluginFailed() | CastMismatch())
            | (BadEdit() | NothingToBlame() | ExportError() | NotRepeatable())
            | (NoProgram() | TestsUnusable() | FunctionsOnly())
            | (CellMismatch() | MixedCells() | SubsetError())
        ):
            return Exit.USAGE
        case CodeChanged():
            return Exit.DIVERGED
        case LogError() | RunFailed() | EngineError() | ModelError() | SandboxError():
            return Exit.FAILED
    return None
