"""Kills writers of a log, one after the other, and holds them to what they acknowledged.

    python killing.py FOLDER --kills 100 --seed 1 [--readers 3]

A writer is a fork of this process, which is warm and has one thread, so that a kill costs milliseconds. It
takes the log up, records from several producers at once, and acknowledges each event over a pipe when its
`record` has returned. It is killed from outside at a random moment, or by its disk in the middle of a write.
What it acknowledged must be in the log, and nothing may be in it that it did not record. The readers read the
log all the while; what each has seen must be a beginning of the log as it is in the end.

Prints one JSON object for every hundred kills, and exits with 1 and a reason when a promise was broken.
"""

import argparse
import json
import os
import random
import shutil
import signal
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path

import anyio
import anyio.to_thread

from events import LOG_NAME, CodeWritten, LogFile, LogForeign, LogMissing, LogReader
from events.disk import Disk
from events.fakes import code, header
from fractal_agent.recorder import LogRecorder

PRODUCERS = 4
LONGEST_LOG = 400_000
"""Bytes after which the next log is begun: a log is read as a whole after each kill."""

Record = tuple[int, int, int]
"""A life, a producer, and how many events that producer had recorded before."""
ACKNOWLEDGEMENT = struct.Struct("<4I")


class FatalDisk(Disk):
    """Kills its process once so many bytes were written, in the middle of a write."""

    def __init__(self, left: int) -> None:
        self._left = left

    def write(self, file: FileIO, data: memoryview) -> int:
        written = super().write(file, data[: self._left])
        self._left -= written
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return written


def recorded(record: Record) -> CodeWritten:
    """The event of a record: most are short, some fill many pages."""
    chance = random.Random(repr(record))
    length = chance.randrange(60_000) if chance.random() < 0.1 else chance.randrange(600)
    return code(f"{record} ".ljust(length, "é"))


def open_log(folder: Path, disk: Disk) -> LogFile:
    try:
        return LogFile.reopen(folder, disk=disk)[0]
    except (LogMissing, LogForeign):
        log = LogFile.create(folder, disk=disk)
        log.stage("", header())
        log.commit()
        return log


async def record_until_killed(log: LogFile, life: int, acknowledge: Callable[..., object]) -> None:
    recorder = LogRecorder(log)

    async def produce(producer: int) -> None:
        for number in range(10**6):
            record = (life, producer, number)
            seq = await recorder.record(f"{life}/{producer}", recorded(record))
            acknowledge(*record, seq)

    async with anyio.create_task_group() as tasks:
        for producer in range(PRODUCERS):
            tasks.start_soon(produce, producer)


class Broken(Exception):
    """A promise of the log was broken."""


class Ledger:
    """What was acknowledged of one log, held by the process that kills its writers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.acknowledged: dict[int, Record] = {}

    def check(self) -> None:
        """Raises `Broken` unless the log holds all of it, in place, and nothing else than was recorded."""
        counts: Counter[str] = Counter()
        found = {}
        for line in LogReader(self.folder / LOG_NAME):
            if isinstance(line.event, CodeWritten):
                life, producer = map(int, line.path.split("/"))
                record = (life, producer, counts[line.path])
                counts[line.path] += 1
                found[line.seq] = record
                if line.event != recorded(record):
                    raise Broken(f"line {line.seq + 1} is not what {record} recorded")
        if lost := self.acknowledged.items() - found.items():
            raise Broken(f"{self.folder}: acknowledged and lost: {sorted(lost)}")


def fork(child: Callable[[], object]) -> int:
    """The process that does this and nothing else."""
    pid = os.fork()
    if pid:
        return pid
    try:
        child()
    except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def live_and_die(ledger: Ledger, life: int, chance: random.Random) -> bool:
    """One writer, from its fork to its death; true when it tore a line."""
    receive, send = os.pipe()
    within = chance.random() < 0.5
    disk = FatalDisk(chance.randrange(1, 60_000)) if within else Disk()

    def write() -> None:
        os.close(receive)
        log = open_log(ledger.folder, disk)
        anyio.run(
            record_until_killed,
            log,
            life,
            lambda *numbers: os.write(send, ACKNOWLEDGEMENT.pack(*numbers)),
        )

    pid = fork(write)
    os.close(send)
    if not within:
        time.sleep(chance.uniform(0, 0.015))
        os.kill(pid, signal.SIGKILL)
    with open(receive, "rb") as pipe:  # noqa: PTH123 - a pipe has no path
        for life_, producer, number, seq in ACKNOWLEDGEMENT.iter_unpack(pipe.read()):
            ledger.acknowledged[seq] = (life_, producer, number)
    status = os.waitpid(pid, 0)[1]
    if not os.WIFSIGNALED(status):
        raise Broken(f"writer {life} could not go on")
    path = ledger.folder / LOG_NAME
    return path.exists() and path.read_bytes()[-1:] != b"\n"


def begun(ledger: Ledger) -> bool:
    """Whether the log has a whole header; without one it cannot have been acknowledged anything of."""
    try:
        next(iter(LogReader(ledger.folder / LOG_NAME)))
    except (LogMissing, LogForeign):
        if ledger.acknowledged:
            raise Broken(f"{ledger.folder}: acknowledged and lost: the whole log") from None
        return False
    return True


def follow(path: Path, stop: Path, seen: Path) -> None:
    """Reads the log over and over; keeps how far each reading came and what the last line's digest was."""
    heads: dict[int, str] = {}
    readings, parent = 0, os.getppid()
    while not stop.exists() and os.getppid() == parent:
        reader = LogReader(path)
        for _ in reader:
            pass
        readings += 1
        if heads.setdefault(reader.lines, reader.head) != reader.head:
            raise Broken(f"line {reader.lines} was replaced")
    seen.write_text(json.dumps({"readings": readings, "heads": heads}))
    os._exit(0)


@contextmanager
def followed(ledger: Ledger, readers: int, done: Counter[str]) -> Iterator[None]:
    """Readers beside the block; `Broken` unless each reading was a beginning of the log as it is after it."""
    path, stop = ledger.folder / LOG_NAME, ledger.folder / "stop"
    if readers:
        open_log(ledger.folder, Disk()).close()
    seen = [ledger.folder / f"seen-{number}" for number in range(readers)]
    pids = [fork(partial(follow, path, stop, place)) for place in seen]
    try:
        yield
    finally:
        if readers:
            stop.touch()
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    if any(codes):
        raise Broken("a reader was stopped by an error")
    final, reader = {0: ""}, LogReader(path)
    for _ in reader if readers else ():
        final[reader.lines] = reader.head
    for place in seen:
        told = json.loads(place.read_text())
        done["readings beside a writer"] += told["readings"]
        if strange := {int(lines): head for lines, head in told["heads"].items()}.items() - final.items():
            raise Broken(f"a reader saw what is not in the log: {sorted(strange)}")


def tell(done: Counter[str]) -> None:
    print(json.dumps(done), flush=True)  # noqa: T201 - this is how the test hears of it
    done.clear()


def kill_all(folder: Path, *, kills: int, seed: int, readers: int) -> None:
    """So many writers, one after the other; with readers, all of one log, else of one after the other."""
    chance = random.Random(seed)
    ledger = Ledger(folder / "0")
    done: Counter[str] = Counter()
    with followed(ledger, readers, done):
        for life in range(kills):
            torn = live_and_die(ledger, life, chance)
            done["kills"] += 1
            is_begun = begun(ledger)
            if is_begun:
                ledger.check()
                done["torn tails"] += torn
            if not readers and (not is_begun or (ledger.folder / LOG_NAME).stat().st_size > LONGEST_LOG):
                done["acknowledgements"] += len(ledger.acknowledged)
                shutil.rmtree(ledger.folder, ignore_errors=True)
                ledger = Ledger(folder / str(life + 1))
            if done["kills"] % 100 == 0:
                tell(done)
    done["acknowledgements"] += len(ledger.acknowledged)
    tell(done)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--readers", type=int, default=0)
    anyio.run(anyio.sleep, 0)  # loads what each fork would load again
    kill_all(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
