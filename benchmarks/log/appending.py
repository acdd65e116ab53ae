"""Storing events: one at a time, from 64 producers at once, and many before one sync."""

import asyncio
import functools
import json
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec
from material import PATH, answers, facts, line_like
from measure import Contender, Row, race, rows

from events import LogFile
from fractal_agent.recorder import LogRecorder

EVENTS = answers()
FACTS = [facts(event) for event in EVENTS]
PRODUCERS = 64


def one_by_one(rounds: int, scale: float, within: Path) -> list[Row]:
    few = int(400 * scale)
    contenders = [
        Contender(name="raw write + fdatasync", run=raw, events=few),
        Contender(name="ours", run=ours, events=few),
        Contender(name="ours, awaited", run=functools.partial(recorded, 1), events=few),
        Contender(name="json.dumps + write + fsync", run=jsonl, events=few),
        Contender(name="sqlite3, WAL, synchronous=FULL", run=sqlite, events=few),
        Contender(name="eventsourcing recorder", run=functools.partial(eventsourcing, 1), events=few),
        Contender(
            name="langgraph AsyncSqliteSaver.aput", run=functools.partial(langgraph, 1), events=few // 2
        ),
    ]
    section = "One event at a time, on disk before the next; ours / it"
    bars = {"raw write + fdatasync": ">= 0.75", "eventsourcing recorder": ">= 1.4"}
    return rows(section, race(contenders, rounds, within), "ours", bars)


def from_64_producers(rounds: int, scale: float, within: Path) -> list[Row]:
    many, few = int(6400 * scale), int(640 * scale)
    contenders = [
        Contender(
            name="raw, 64 lines a write + fdatasync", run=functools.partial(raw, batch=64), events=many
        ),
        Contender(name="ours", run=functools.partial(recorded, PRODUCERS), events=many),
        Contender(
            name="eventsourcing, 64 by hand a transaction, nobody waits",
            run=functools.partial(eventsourcing, 64),
            events=many,
        ),
        Contender(name="eventsourcing, 64 threads", run=eventsourcing_threads, events=few),
        Contender(
            name="langgraph AsyncSqliteSaver.aput, 64 tasks",
            run=functools.partial(langgraph, PRODUCERS),
            events=few,
        ),
    ]
    section = "64 producers, each waits for its own event; ours / it"
    bars = {
        "eventsourcing, 64 by hand a transaction, nobody waits": ">= 1.0",
        "eventsourcing, 64 threads": ">= 15",
        "langgraph AsyncSqliteSaver.aput, 64 tasks": ">= 15",
    }
    return rows(section, race(contenders, rounds, within), "ours", bars)


def buffered(rounds: int, scale: float, within: Path) -> list[Row]:
    many = int(20_000 * scale)
    contenders = [
        Contender(
            name="raw, 256 lines a write", run=functools.partial(raw, batch=256, sync=False), events=many
        ),
        Contender(name="ours, all checks", run=functools.partial(ours, at_once=True), events=many),
        Contender(name="json.dumps + write", run=functools.partial(jsonl, sync=False), events=many),
        Contender(
            name="eventsourcing, 1000 a transaction", run=functools.partial(eventsourcing, 1000), events=many
        ),
    ]
    section = "Many events, one sync at the end; ours / it"
    bars = {"json.dumps + write": ">= 1.0", "eventsourcing, 1000 a transaction": ">= 2.0"}
    return rows(section, race(contenders, rounds, within), "ours, all checks", bars)


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def raw(folder: Path, events: int, batch: int = 1, *, sync: bool = True) -> float:
    """The disk alone: ready bytes of the same length."""
    data = line_like() * batch
    file = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def act() -> None:
        for _ in range(events // batch):
            os.write(file, data)
            if sync:
                os.fdatasync(file)
        os.fdatasync(file)

    try:
        return timed(act)
    finally:
        os.close(file)


def ours(folder: Path, events: int, *, at_once: bool = False) -> float:
    log = LogFile.create(folder)

    def act() -> None:
        for number in range(events):
            log.stage(PATH, EVENTS[number % len(EVENTS)], number)
            if not at_once:
                log.commit()
        log.commit()

    seconds = timed(act)
    log.close()
    return seconds


def recorded(producers: int, folder: Path, events: int) -> float:
    """Ours as a run uses it: each producer goes on when its event is durable."""
    log = LogFile.create(folder)
    recorder = LogRecorder(log)

    async def produce(first: int) -> None:
        for number in range(first, events, producers):
            await recorder.record(PATH, EVENTS[number % len(EVENTS)], number)

    async def main() -> float:
        began = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for first in range(producers):
                tasks.start_soon(produce, first)
        return time.perf_counter() - began

    seconds = anyio.run(main)
    log.close()
    return seconds


def jsonl(folder: Path, events: int, *, sync: bool = True) -> float:
    """What a script would do: no checksum, no order proven, no schema."""
    with (folder / "log.jsonl").open("w") as file:

        def act() -> None:
            for number in range(events):
                file.write(json.dumps(FACTS[number % len(FACTS)]) + "\n")
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            file.flush()
            os.fsync(file.fileno())

        return timed(act)


def sqlite(folder: Path, events: int) -> float:
    base = sqlite3.connect(folder / "events.db", isolation_level=None)
    base.execute("pragma journal_mode=wal")
    base.execute("pragma synchronous=full")
    base.execute("create table events (seq integer primary key, body blob)")
    encode = msgspec.json.Encoder().encode

    def act() -> None:
        for number in range(events):
            base.execute("insert into events (body) values (?)", (encode(FACTS[number % len(FACTS)]),))

    try:
        return timed(act)
    finally:
        base.close()


def eventsourcing(batch: int, folder: Path, events: int) -> float:
    """Its recorder for SQLite, in the WAL mode and with the synchronous level that it sets itself."""
    insert, recorder = eventsourcing_recorder(folder)
    origin = uuid.uuid4()

    def act() -> None:
        for first in range(0, events, batch):
            insert(origin, range(first, min(first + batch, events)))

    try:
        return timed(act)
    finally:
        recorder.datastore.close()


def eventsourcing_threads(folder: Path, events: int) -> float:
    insert, recorder = eventsourcing_recorder(folder)

    def produce() -> None:
        origin = uuid.uuid4()
        for number in range(events // PRODUCERS):
            insert(origin, range(number, number + 1))

    def act() -> None:
        threads = [threading.Thread(target=produce) for _ in range(PRODUCERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    try:
        return timed(act)
    finally:
        recorder.datastore.close()


def eventsourcing_recorder(folder: Path) -> tuple[Callable[[uuid.UUID, range], object], Any]:
    """A function that stores the events of these numbers in one transaction, and the recorder."""
    from eventsourcing.persistence import StoredEvent
    from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

    recorder = SQLiteApplicationRecorder(SQLiteDatastore(str(folder / "events.db")))
    recorder.create_table()

    def insert(origin: uuid.UUID, numbers: range) -> object:
        return recorder.insert_events(
            [
                StoredEvent(origin, number, "answer", json.dumps(FACTS[number % len(FACTS)]).encode())
                for number in numbers
            ]
        )

    return insert, recorder


def langgraph(producers: int, folder: Path, events: int) -> float:
    """Its checkpointer for SQLite, one checkpoint an event, without the graph around it."""
    from langgraph.checkpoint.base import empty_checkpoint
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    async def main() -> float:
        async with AsyncSqliteSaver.from_conn_string(str(folder / "checkpoints.db")) as saver:
            await saver.setup()

            async def produce(thread: int) -> None:
                where: Any = {"configurable": {"thread_id": str(thread), "checkpoint_ns": ""}}
                for number in range(events // producers):
                    checkpoint = empty_checkpoint()
                    checkpoint["id"] = f"{number:08d}-0000-0000-0000-000000000000"
                    checkpoint["channel_values"] = {"last": FACTS[number % len(FACTS)]}
                    checkpoint["channel_versions"] = {"last": number}
                    step: Any = {"source": "loop", "step": number, "parents": {}}
                    await saver.aput(where, checkpoint, step, {"last": number})

            began = time.perf_counter()
            await asyncio.gather(*(produce(thread) for thread in range(producers)))
            return time.perf_counter() - began

    return asyncio.run(main())
