"""What can go wrong with a log, one class for each different reaction of the caller."""

import shlex
from pathlib import Path


class LogError(Exception):
    """The base of all errors of this package."""


class LogMissing(LogError):
    """There is no log where one was expected."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: no log here. `python -m fractal_agent runs` lists the runs there are.")
        self.path = path


class LogExists(LogError):
    """A new log was to be created where one already lies; logs are never overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: a log is already here and is never overwritten. Choose another run id.")
        self.path = path


class LogUnwritable(LogError):
    """The folder for a new log cannot be made or written to."""

    def __init__(self, folder: Path, cause: str) -> None:
        super().__init__(
            f"{folder}: no run can be written here ({cause}). "
            "Choose another folder with --runs-dir; choose another folder with --out."
        )
        self.folder = folder


class LogLocked(LogError):
    """Another process writes this log."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(
            f"{path}: {holder} is writing this log. A log has one writer: wait for it or stop it."
        )
        self.path = path
        self.holder = holder


class LogCorrupt(LogError):
    """A line is damaged, missing, out of place or unreadable, and this is not a write that was cut short."""

    def __init__(self, path: Path, *, line: int, offset: int, problem: str) -> None:
        before = "1 line before it is" if line == 2 else f"{line - 1} lines before it are"
        salvage = (
            f"The {before} good; nothing was changed. "
            f"To save what is undamaged into a new run: {_salvage(path)}"
        )
        header = "It is the header, without which nothing else can be understood; nothing was changed."
        super().__init__(f"{path}: line {line} (byte {offset}) {problem}. {salvage if line > 1 else header}")
        self.path = path
        self.line = line
        self.offset = offset
        self.problem = problem


class LogInconsistent(LogError):
    """Every line is whole, and one of them does not follow from those before it."""

    def __init__(self, event: str, path: str, problem: str) -> None:
        super().__init__(
            f"the log holds a {event} at {path!r} {problem}. "
            "`python -m fractal_agent verify RUN` names the line and counts others like it."
        )


class LogUnreadable(LogError):
    """The file is there, and the system does not let it be read."""

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(f"{path}: cannot be read ({cause}). Check its permissions and its disk.")
        self.path = path


class LogUnsalvageable(LogError):
    """What is left of a damaged log does not say enough to make a run of it."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: cannot be salvaged: {problem}. Nothing was written.")
        self.path = path
        self.problem = problem


class LogForeign(LogError):
    """The file is not a log that this version can read."""

    def __init__(self, path: Path, *, found: str, expected: str) -> None:
        super().__init__(f"{path}: found {found}, expected {expected}.")
        self.path = path


class EventMisfit(LogError):
    """A good line holds an event of a plug-in in a shape that the plug-in's class no longer reads."""

    def __init__(self, path: Path, *, line: int, at: str, problem: str) -> None:
        super().__init__(f"{path}: line {line}, at {at or 'the run'}: {problem}. The log is not damaged.")
        self.path = path
        self.line = line
        self.at = at
        self.problem = problem


class LogRewritten(LogForeign):
    """The file was a log, and another program has written it anew in a form of its own."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(
            path,
            found=found,
            expected=f"the log as it was written. `{_salvage(path)}` takes back what can be, into a new run. "
            "A repository keeps logs as they are with the line `*.jsonl -text` in .gitattributes",
        )


class LogWriteFailed(LogError):
    """The disk refused a write; the log was cut back to its last good line and takes no more."""

    def __init__(self, path: Path, *, kept: int, cause: str) -> None:
        advice = "go on with `python -m fractal_agent resume`" if kept else "start the run again"
        super().__init__(
            f"{path}: writing failed ({cause}). The first {kept} lines are safe. "
            f"Mend the disk or free some space, then {advice}."
        )
        self.path = path
        self.kept = kept


class EventUnencodable(LogError):
    """The event holds a value that JSON would lose: a lone surrogate, NaN, one of the wrong type."""

    def __init__(self, path: str, event: str, problem: str) -> None:
        super().__init__(
            f"{path or 'the run'}: {event} cannot be written: {problem}. "
            "Replace the value before it is logged."
        )


def _salvage(path: Path) -> str:
    return f"python -m fractal_agent salvage {shlex.quote(str(path.parent))}"
