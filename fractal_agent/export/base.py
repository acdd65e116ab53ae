"""What every format of an export works from: the verified lines of a log, each with its place."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from events import LOG_NAME, Branch, Line, LogReader, RunStarted
from events.path import case_of, child
from fractal_agent.runs import require_header
from replay.journal import REQUESTS, RESULTS


class ExportError(Exception):
    """The base of what can go wrong with an export, apart from its log."""


class ExportExists(ExportError):
    """There is a file where the export was to be written, and nobody said to replace it."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file}: there is a file already. Name another with --output, or add --force.")


class ExportUnwritable(ExportError):
    """The file cannot be written; nothing of it was left."""

    def __init__(self, file: Path, cause: str) -> None:
        super().__init__(f"{file}: cannot be written ({cause}). Name another place with --output.")


class ExtraMissing(ExportError):
    """The format needs a package that is not installed."""

    def __init__(self, to: str, package: str) -> None:
        super().__init__(
            f"--to {to} needs the package {package}, which is not installed here. "
            "Install it with: pip install 'fractal-agent[export]'"
        )


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a run a line lies. What a line is not in is empty."""

    case_id: str = ""
    """The case's path: `HumanEval/44`, in a fork's branch `sample-0/HumanEval/44`."""
    task_id: str = ""
    """The problem's id, the same in every branch: `HumanEval/44`."""
    role_path: str = ""
    """`HumanEval/44/coder.1`."""
    role: str = ""
    """`coder`."""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log, its event as the log holds it, and its place."""

    line: Line
    event: bytes
    """JSON, byte for byte."""
    place: Place


class Recorded:
    """A run as its log has it. Iterates over the verified lines, once; plug-ins need not be loaded.

    Raises, when it is made and while iterating:
        LogError: there is no log, or it is damaged; see `LogReader`.
    """

    def __init__(self, folder: Path) -> None:
        self.started = require_header(folder)
        self.reader = LogReader(folder / LOG_NAME)
        """Tells, after the iteration, how far the log went and whether it was sealed."""
        self._tasks = tasks_of(self.started)

    def __iter__(self) -> Iterator[Placed]:
        with self.reader.path.open("rb") as file:
            # The reader comes first, so that it is the one to refuse a line.
            for line, raw in zip(self.reader, file, strict=False):
                event = bytes(_envelope.decode(raw).event)
                is_effect = isinstance(line.event, REQUESTS + RESULTS)
                yield Placed(line=line, event=event, place=place_of(line.path, is_effect, self._tasks))


Writer = Callable[[Recorded, Path, bool], None]
"""Reads the whole run before it writes the file. True stands for prompts and answers included."""


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One format: a writer, and how the files that it writes are named by default."""

    suffix: str
    write: Writer


def tasks_of(started: RunStarted) -> dict[str, str]:
    """Each case's path, and the id of its problem."""
    branches = started.origin.branches if started.origin else (Branch(),)
    return {child(branch.name, task): task for branch in branches for task in started.settings.tasks}


def place_of(path: str, is_effect: bool, tasks: dict[str, str]) -> Place:
    """The place that a path means, among the cases of `tasks_of`; ids may hold slashes."""
    case_id = case_of(path, tasks)
    if not case_id:
        return Place()
    actor = path.rpartition("/")[0] if is_effect else path.removesuffix("/given")
    role, _, ordinal = actor.rpartition("/")[2].rpartition(".")
    if len(actor) <= len(case_id) or not (role and ordinal.isdecimal()):
        return Place(case_id=case_id, task_id=tasks[case_id])
    return Place(case_id=case_id, task_id=tasks[case_id], role_path=actor, role=role)


class _RawEnvelope(msgspec.Struct):
    event: msgspec.Raw


_envelope = msgspec.json.Decoder(_RawEnvelope)
