"""What one jailed process left behind: the harness's frames, its output and how it ended."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal, TypeAlias

import msgspec


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The harness runs and is limited; the program is not loaded yet."""


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The program ran as a module and defines its entry point."""


class Ran(msgspec.Struct, frozen=True, tag=True):
    """The next example was run."""

    outcome: Literal["passed", "failed", "error", "timeout"]
    actual: str
    error: str


class Ended(msgspec.Struct, frozen=True, tag=True):
    """The harness came to its end. `unusable`: the job, not the program, is broken."""

    outcome: Literal["passed", "failed", "error", "killed", "unusable"]
    error: str


Frame: TypeAlias = Ready | Loaded | Ran | Ended


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known about one process after it is gone."""

    frames: tuple[Frame, ...]
    stdout: str
    stderr: str
    status: int | None
    """Exit status; the negative number of a signal; None if it was still running when stopped."""
    flooded: bool
    """It was stopped because it wrote more than it may."""

    @property
    def results(self) -> tuple[Ran, ...]:
        return tuple(frame for frame in self.frames if isinstance(frame, Ran))

    @property
    def ended(self) -> Ended | None:
        return next((frame for frame in self.frames if isinstance(frame, Ended)), None)

    @property
    def was_ready(self) -> bool:
        return any(isinstance(frame, Ready) for frame in self.frames)

    @property
    def was_loaded(self) -> bool:
        return any(isinstance(frame, Loaded) for frame in self.frames)


def frames_in(data: bytes, nonce: bytes) -> Iterator[Frame]:
    """The frames among whatever was written to the harness's descriptor.

    Lines without the nonce and lines that are no frame are the program's own and are passed over.
    """
    mark = nonce + b" "
    for line in data.split(b"\n"):
        if line.startswith(mark):
            with suppress(ValueError, msgspec.ValidationError):
                yield _frame(line.removeprefix(mark).decode())


def _frame(line: str) -> Frame:
    """What `harness.sender` wrote. Raises ValueError or ValidationError for anything else."""
    fields = {}
    for part in line.split(" "):
        name, _, value = part.partition("=")
        fields[name] = bytes.fromhex(value).decode()
    # mypy cannot call a union a type.
    return msgspec.convert(fields, Frame)  # type: ignore[no-any-return]


def name_of_end(status: int | None) -> str:
    """How a process ended, in words. A jail reports its child's signals as 128 + number."""
    if status is None:
        return "still running"
    number = -status if status < 0 else status - 128
    try:
        return f"died of {signal.Signals(number).name}"
    except ValueError:
        return f"exited with status {status}"
