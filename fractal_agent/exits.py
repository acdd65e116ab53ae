"""Exit codes, and which error leads to which."""

import errno
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
        EventMisfit,
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
    from fractal_agent.config import NoHome, WorkingFolderGone
    from fractal_agent.datasets import DatasetError
    from fractal_agent.engines.base import EngineError, EngineMisused
    from fractal_agent.experiment import CellMismatch, FolderUnusable, SubsetError
    from fractal_agent.export import ExportError
    from fractal_agent.models import ModelError, ModelNotFound
    from fractal_agent.report.experiment import MixedCells
    from fractal_agent.rerecording import NotRepeatable
    from fractal_agent.run import RunFailed
    from fractal_agent.runs import BadRunId, RunNotFound, RunsUnreadable
    from fractal_agent.sandbox.base import SandboxError, TestsUnusable
    from fractal_agent.sandbox.trying import NoProgram
    from fractal_agent.solving import CodeChanged
    from replay.edit import BadEdit

    match error:
        case LogCorrupt() | LogForeign() | LogInconsistent() | LogUnsalvageable():
            return Exit.CORRUPT
        case (
            (EventMisfit() | LogMissing() | LogExists() | LogUnwritable() | RunNotFound() | BadRunId())
            | (ModelNotFound() | UnknownName() | DatasetError() | PluginFailed() | CastMismatch())
            | (BadEdit() | NothingToBlame() | ExportError() | NotRepeatable())
            | (NoProgram() | TestsUnusable() | EngineMisused() | FunctionsOnly())
            | (RunsUnreadable() | WorkingFolderGone() | NoHome())
            | (CellMismatch() | FolderUnusable() | MixedCells() | SubsetError())
        ):
            return Exit.USAGE
        case CodeChanged():
            return Exit.DIVERGED
        case LogError() | RunFailed() | EngineError() | ModelError() | SandboxError():
            return Exit.FAILED
    return None


_ADVICE = {
    errno.ENOSPC: "Free some space there.",
    errno.EDQUOT: "Free some space there.",
    errno.EMFILE: "Allow more open files: `ulimit -n 4096`.",
    errno.ENFILE: "This machine has too many files open.",
    errno.EROFS: "Choose a place that can be written to.",
    errno.EACCES: "Choose a place that this user may use.",
    errno.EPERM: "Choose a place that this user may use.",
}


def refusal(error: BaseException) -> str:
    """What the system refused, in one sentence, for an error that no command has put into words.

    Empty for an error of another kind, which is a bug.
    """
    match error:
        case BaseExceptionGroup(exceptions=[BaseException() as only]):
            return refusal(only)
        case OSError():
            return _refused(error)
        case UnicodeEncodeError(object=text, encoding=encoding):
            return f"{text!r} cannot be written in {encoding}. {_AS_UTF8}"
        case UnicodeDecodeError(encoding=encoding, start=start):
            return f"what was read is not {encoding} (byte {start}). {_AS_UTF8}"
    return ""


_AS_UTF8 = "Store names and texts as UTF-8, in a locale of that encoding (LC_ALL=C.UTF-8)."


def _refused(error: OSError) -> str:
    cause = error.strerror or str(error) or type(error).__name__
    if "temporary directory" in cause:
        return f"{cause}. Set TMPDIR to a folder that can be written to."
    place = f"{error.filename}: " if error.filename is not None else ""
    return f"{place}{cause}. {_ADVICE.get(error.errno or 0, '')}".rstrip()
