"""Getting events into the log: durable before anyone goes on, many producers to one write."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from events import CodeWritten, Entry, Event, EventUnencodable, LogFile, LogReader, LogWriteFailed
from events.fakes import code, header
from fractal_agent.recorder import LogRecorder, MemoryRecorder


class GatedLog(LogFile):
    """A log whose writes can be counted, and held back until the gate is opened."""

    writes = 0

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they come
        self.gate = threading.Event()
        self.gate.set()

    def write(self, lines: list[bytes]) -> None:
        self.writes += 1
        assert self.gate.wait(timeout=10)
        super().write(lines)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[GatedLog]:
    log = GatedLog.create(tmp_path)
    assert isinstance(log, GatedLog)
    log.stage("", header())
    log.commit()
    log.writes = 0
    yield log
    log.gate.set()
    log.close()


def numbered(number: int) -> CodeWritten:
    return code(f"{number}")


def on_disk(log: LogFile) -> list[int]:
    return [line.seq for line in LogReader(log.path)]


async def record_all(recorder: LogRecorder, count: int) -> list[int]:
    """The numbers that `count` producers got, all of them recording at once."""
    seqs: list[int] = []

    async def produce(number: int) -> None:
        seqs.append(await recorder.record("T/0", numbered(number)))

    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(produce, number)
    return seqs


async def test_many_producers_get_numbers_without_a_gap(log: GatedLog) -> None:
    """64 producers at once get 64 numbers in a row, and the log holds each of their events once."""
    seqs = await record_all(LogRecorder(log), 64)

    assert sorted(seqs) == list(range(1, 65))
    codes = [line.event.code for line in LogReader(log.path) if isinstance(line.event, CodeWritten)]
    assert sorted(codes, key=int) == [f"{number}" for number in range(64)]


async def test_many_producers_share_few_writes(log: GatedLog) -> None:
    """What 64 producers record at once takes a handful of writes, not one each."""
    await record_all(LogRecorder(log), 64)

    assert log.writes <= 4


async def test_producers_that_go_on_together_share_every_write(log: GatedLog) -> None:
    """16 producers of 10 events each, woken by one write, all get into the next: ten writes and no more."""
    recorder = LogRecorder(log)

    async def produce() -> None:
        for number in range(10):
            await recorder.record("T/0", numbered(number))

    async with anyio.create_task_group() as tasks:
        for _ in range(16):
            tasks.start_soon(produce)

    assert log.writes == 10
    assert on_disk(log) == list(range(161))


async def test_what_is_staged_during_a_write_goes_out_with_the_next(log: GatedLog) -> None:
    """Ten events recorded while a write is under way take one more write."""
    recorder = LogRecorder(log)
    log.gate.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.record, "T/0", numbered(0))
        await anyio.wait_all_tasks_blocked()
        for number in range(1, 11):
            tasks.start_soon(recorder.record, "T/0", numbered(number))
        await anyio.wait_all_tasks_blocked()
        log.gate.set()

    assert log.writes == 2
    assert on_disk(log) == list(range(12))


async def test_record_returns_after_its_line_is_durable(
    log: GatedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When `record` returns, a sync has happened that covers the event's line."""
    synced = [0]
    sync = os.fdatasync

    def noting(file: int) -> None:
        sync(file)
        synced.append(os.fstat(file).st_size)

    monkeypatch.setattr(os, "fdatasync", noting)
    recorder = LogRecorder(log)
    lacking = []

    async def produce(number: int) -> None:
        seq = await recorder.record("T/0", numbered(number))
        safe = log.path.read_bytes()[: synced[-1]]
        if safe.count(b"\n") <= seq:
            lacking.append(seq)

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(produce, number)

    assert lacking == []


async def test_record_waits_for_its_own_write(log: GatedLog) -> None:
    """An event recorded while another's write is under way does not return with that one."""
    recorder = LogRecorder(log)
    returned = []
    log.gate.clear()

    async def produce(number: int) -> None:
        seq = await recorder.record("T/0", numbered(number))
        returned.append((seq, max(on_disk(log)) >= seq))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(produce, 1)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(produce, 2)
        await anyio.wait_all_tasks_blocked()
        assert returned == []
        log.gate.set()

    assert returned == [(1, True), (2, True)]


async def test_a_record_cancelled_in_its_write_is_written(log: GatedLog) -> None:
    """Cancelled during the write, the caller leaves when the line is on disk."""
    recorder = LogRecorder(log)
    log.gate.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.record, "T/0", numbered(1))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
        log.gate.set()

    assert on_disk(log) == [0, 1]


async def test_a_record_cancelled_while_it_waits_is_written_with_the_next(log: GatedLog) -> None:
    """Cancelled while another's write is under way, an event goes out with the next one."""
    recorder = LogRecorder(log)
    log.gate.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.record, "T/0", numbered(1))
        await anyio.wait_all_tasks_blocked()
        async with anyio.create_task_group() as cancelled:
            cancelled.start_soon(recorder.record, "T/0", numbered(2))
            await anyio.wait_all_tasks_blocked()
            cancelled.cancel_scope.cancel()
        log.gate.set()
    await recorder.record("T/0", numbered(3))

    assert on_disk(log) == [0, 1, 2, 3]


async def test_a_record_cancelled_as_its_turn_comes_is_written(log: GatedLog) -> None:
    """Cancelled at the moment at which it may write, an event is written and those after it too."""
    recorder = LogRecorder(log)
    second = anyio.CancelScope()

    async def record_first() -> None:
        await recorder.record("T/0", numbered(1))
        second.cancel()

    async def record_second() -> None:
        with second:
            await recorder.record("T/0", numbered(2))

    log.gate.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(record_first)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(record_second)
        await anyio.wait_all_tasks_blocked()
        log.gate.set()
    await recorder.record("T/0", numbered(3))

    assert on_disk(log) == [0, 1, 2, 3]


async def test_a_record_cancelled_at_once_is_written_at_close(log: GatedLog) -> None:
    """An event recorded in a cancelled scope is in the log once that is closed."""
    recorder = LogRecorder(log)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await recorder.record("T/0", numbered(1))
    log.close()

    assert on_disk(log) == [0, 1]


async def test_a_failed_write_reaches_every_waiter(log: GatedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits when the disk fails, in that write or for the next, gets LogWriteFailed."""

    def full(file: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    recorder = LogRecorder(log)
    failed = []

    async def produce(number: int) -> None:
        try:
            await recorder.record("T/0", numbered(number))
        except LogWriteFailed as error:
            failed.append(error.kept)

    log.gate.clear()
    with monkeypatch.context() as patched:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(produce, 0)
            await anyio.wait_all_tasks_blocked()
            for number in range(1, 6):
                tasks.start_soon(produce, number)
            await anyio.wait_all_tasks_blocked()
            patched.setattr(os, "write", full)
            log.gate.set()
    await produce(7)

    assert failed == [1] * 7
    assert on_disk(log) == [0]


async def test_an_event_that_cannot_be_written_stops_nobody_else(log: GatedLog) -> None:
    """A refused event raises in its producer alone; the next one is recorded."""
    recorder = LogRecorder(log)
    with pytest.raises(EventUnencodable):
        await recorder.record("T/0", code("\ud800"))

    assert await recorder.record("T/0", code()) == 1


async def test_observers_see_entries_in_order(log: GatedLog) -> None:
    """Every observer is called once with each entry, in the order of the log."""
    seen: list[Entry[Event]] = []
    also: list[Entry[Event]] = []
    await record_all(LogRecorder(log, [seen.append, also.append]), 30)

    assert [entry.seq for entry in seen] == list(range(1, 31))
    assert also == seen


async def test_observers_see_what_is_durable(log: GatedLog) -> None:
    """When an observer is called, the entry's line stands in the file."""
    early = []

    def observe(entry: Entry[Event]) -> None:
        if entry.seq not in on_disk(log):
            early.append(entry.seq)

    await record_all(LogRecorder(log, [observe]), 10)

    assert early == []


async def test_observers_do_not_see_what_was_refused(log: GatedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failed write no observer is called."""

    def broken(file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    seen: list[Entry[Event]] = []
    recorder = LogRecorder(log, [seen.append])
    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(LogWriteFailed):
        await recorder.record("T/0", code())

    assert seen == []


async def test_a_cause_is_recorded(log: GatedLog) -> None:
    """The line holds the path and the cause that were given."""
    await LogRecorder(log).record("T/0/coder.0", code(), cause=0)

    line = list(LogReader(log.path))[-1]
    assert (line.path, line.cause) == ("T/0/coder.0", 0)


async def test_a_memory_recorder_keeps_what_a_log_would() -> None:
    """The memory recorder counts from 0 and keeps path, cause and event, in order."""
    recorder = MemoryRecorder()
    await recorder.record("", header())
    seq = await recorder.record("T/0", code(), cause=0)

    assert seq == 1
    assert [(entry.path, entry.cause, entry.event) for entry in recorder.entries] == [
        ("", None, header()),
        ("T/0", 0, code()),
    ]
