"""Reading a long log, each time in a process of its own; run by itself, it is that process.

python reading.py READER FOLDER       prints events, seconds and by how many MB memory grew, as JSON
"""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from material import answers, facts, write_log
from measure import Row, rows

from events import LOG_NAME, LogReader

Read = Callable[[], int]
"""Reads it all; how many events there were."""


def reading(rounds: int, scale: float, within: Path) -> list[Row]:
    many, fewer = int(1_000_000 * scale), int(100_000 * scale)
    for folder, count in (("ours", many), ("lines", fewer)):
        write_log(within / folder, count)
    readers = {
        "ours, all checks, typed": ("ours", "ours"),
        "orjson.loads, unchecked": ("orjson", "lines"),
        "json.loads, unchecked": ("json", "lines"),
        "pydantic, typed, unchecked": ("pydantic", "lines"),
        "eventsourcing, 1000 a page, unchecked": ("eventsourcing", "eventsourcing"),
        "lockstepd read_streaming, chain checked": ("lockstepd", "lockstepd"),
    }
    absent = {name for name, prepare in PREPARE.items() if not prepared(prepare, within / name, fewer)}
    rates: dict[str, list[float]] = {}
    grown: list[float] = []
    for _ in range(rounds):
        for name, (reader, folder) in readers.items():
            if reader not in absent:
                events, seconds, growth = in_own_process(reader, within / folder)
                rates.setdefault(name, []).append(events / seconds)
                if reader == "ours":
                    grown.append(growth)
    section = f"Reading and verifying {many:,} events (others {fewer:,}); ours / it"
    bars = {
        "eventsourcing, 1000 a page, unchecked": ">= 1.8",
        "lockstepd read_streaming, chain checked": ">= 3.0",
    }
    memory = Row(
        section=section,
        name="ours: growth of memory, MB",
        unit="MB",
        figures=tuple(grown),
        ratios=tuple(grown),
        bar="<= 10",
    )
    return [*rows(section, rates, "ours, all checks, typed", bars), memory]


def in_own_process(reader: str, folder: Path) -> tuple[int, float, float]:
    command = [sys.executable, __file__, reader, str(folder)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found["events"], found["seconds"], found["grown"]


def prepared(prepare: Callable[[Path, int], None], folder: Path, count: int) -> bool:
    """False, and said on stderr, when the package is not here."""
    if folder.exists():
        return True
    try:
        prepare(folder, count)
    except ImportError as error:
        print(f"left out: {folder.name}: {error}", file=sys.stderr)
        return False
    return True


def fill_eventsourcing(folder: Path, count: int) -> None:
    from eventsourcing.persistence import StoredEvent

    recorder = eventsourcing_recorder(folder)
    recorder.create_table()
    bodies = [json.dumps(facts(event)).encode() for event in answers()]
    origin = uuid.uuid4()
    for first in range(0, count, 1000):
        numbers = range(first, min(first + 1000, count))
        recorder.insert_events(
            [StoredEvent(origin, number, "answer", bodies[number % len(bodies)]) for number in numbers]
        )


def fill_lockstepd(folder: Path, count: int) -> None:
    from lockstepd.core.events import EventKind
    from lockstepd.core.tape import TapeWriter

    folder.mkdir()
    bodies = [facts(event) for event in answers()]
    writer = TapeWriter(folder / "run.tape")
    for number in range(count):
        writer.append(EventKind.TOOL_RESULT, bodies[number % len(bodies)])
    writer.close()


def eventsourcing_recorder(folder: Path) -> Any:
    from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

    folder.mkdir(exist_ok=True)
    return SQLiteApplicationRecorder(SQLiteDatastore(str(folder / "events.db")))


def read_ours(folder: Path) -> Read:
    return lambda: count(LogReader(folder / LOG_NAME))


def read_orjson(folder: Path) -> Read:
    import orjson

    return lambda: count(map(orjson.loads, lines(folder)))


def read_json(folder: Path) -> Read:
    return lambda: count(map(json.loads, lines(folder)))


def read_pydantic(folder: Path) -> Read:
    from pydantic import BaseModel, ConfigDict, Field

    class Answer(BaseModel):
        type: Literal["GenerationCompleted"]
        text: str
        finish_reason: Literal["stop", "length", "refused"]
        prompt_tokens: int = 0
        completion_tokens: int = 0
        tokens_digest: str = ""
        error: str = ""

    class Header(BaseModel):
        model_config = ConfigDict(extra="allow")
        type: Literal["RunStarted"]

    class Line(BaseModel):
        seq: int
        prev: str
        at: float
        path: str
        cause: int | None
        event: Annotated[Answer | Header, Field(discriminator="type")]
        crc: str

    return lambda: count(map(Line.model_validate_json, lines(folder)))


def read_eventsourcing(folder: Path) -> Read:
    recorder = eventsourcing_recorder(folder)

    def pages() -> Iterator[Any]:
        start = 1
        while page := recorder.select_notifications(start, 1000):
            yield from (json.loads(stored.state) for stored in page)
            start = page[-1].id + 1

    return lambda: count(pages())


def read_lockstepd(folder: Path) -> Read:
    from lockstepd.core.tape import read_streaming

    return lambda: count(read_streaming(folder / "run.tape"))


PREPARE = {"eventsourcing": fill_eventsourcing, "lockstepd": fill_lockstepd}
READERS = {
    "ours": read_ours,
    "orjson": read_orjson,
    "json": read_json,
    "pydantic": read_pydantic,
    "eventsourcing": read_eventsourcing,
    "lockstepd": read_lockstepd,
}


def lines(folder: Path) -> Iterator[bytes]:
    with (folder / LOG_NAME).open("rb") as file:
        yield from file


def count(items: Iterable[object]) -> int:
    return sum(1 for _ in items)


def peak_memory() -> float:
    """The most that this process has had in memory, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    read = READERS[sys.argv[1]](Path(sys.argv[2]))
    before, began = peak_memory(), time.perf_counter()
    events = read()
    seconds = time.perf_counter() - began
    print(json.dumps({"events": events, "seconds": seconds, "grown": peak_memory() - before}))


if __name__ == "__main__":
    main()
