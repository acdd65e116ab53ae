"""Getting events into the log before anyone sees them, many producers to one write."""

from collections.abc import Callable, Sequence
from typing import Protocol

import anyio
import anyio.lowlevel
import anyio.to_thread

from events import Entry, Event, LogFile

Observer = Callable[[Entry[Event]], None]
"""Called with each entry once it is durable; must be quick and must not raise.

An entry whose producer was cancelled, and that became durable only when the log was closed, is not shown.
"""


class Recorder(Protocol):
    async def record(self, path: str, event: Event, cause: int | None = None) -> int:
        """Returns the event's sequence number once its line can no longer be lost.

        Cancelled while it waits, the line is still written: with the next one, or when the log is closed.

        Raises:
            LogError: it could not be written.
        """
        ...


class LogRecorder:
    """Group commit: all that is staged while one write is under way goes out with the next.

    Whoever finds no write under way does it for all, and one event wakes them; so no task of its own is
    needed, and nothing outlives a run. The write is made in a thread, since a slow disk may take seconds.
    """

    def __init__(self, log: LogFile, observers: Sequence[Observer] = ()) -> None:
        self._log = log
        self._observers = observers
        self._waiting: list[Entry[Event]] = []
        self._written: anyio.Event | None = None
        """Set when the write under way ends; None when there is none."""
        self._taken = -1
        """The last entry that was handed to a write."""
        self._durable = -1
        """The last entry whose write succeeded."""

    async def record(self, path: str, event: Event, cause: int | None = None) -> int:
        entry = self._log.stage(path, event, cause)
        self._waiting.append(entry)
        while entry.seq > self._durable:
            if self._written:
                await self._written.wait()
            elif entry.seq > self._taken:
                await self._commit()
            else:
                self._log.write([])  # raises what the entry's own write raised in another task
        return entry.seq

    async def _commit(self) -> None:
        written = self._written = anyio.Event()
        try:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()  # whoever is ready to record joins this write
                entries, self._waiting = self._waiting, []
                self._taken = entries[-1].seq
                await anyio.to_thread.run_sync(self._log.write, self._log.take())
        finally:
            self._written = None
            written.set()
        self._durable = self._taken
        for entry in entries:
            for observe in self._observers:
                observe(entry)


class MemoryRecorder:
    """Keeps the entries in a list, in order, for tests and replays."""

    def __init__(self) -> None:
        self.entries: list[Entry[Event]] = []

    async def record(self, path: str, event: Event, cause: int | None = None) -> int:
        entry = Entry(seq=len(self.entries), at=0.0, path=path, cause=cause, event=event)
        self.entries.append(entry)
        return entry.seq
