"""Logs cut at every byte, every bit of them flipped: the good beginning is kept, all else is told."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from events import LogCorrupt, LogFile, LogForeign, LogReader
from events.disk import Disk
from events.fakes import code, write_run

RECORDED = Path(__file__).parents[2] / "examples" / "repair" / "log.jsonl"


@pytest.fixture(params=["small", "recorded"])
def data(request: pytest.FixtureRequest, scratch: Path) -> bytes:
    """A log of six lines, and a recorded run of a model."""
    return RECORDED.read_bytes() if request.param == "recorded" else write_run(scratch / "run").read_bytes()


def some(positions: range, scale: int) -> Iterator[int]:
    """All positions in a small log; in a large one its ends, and as many as the scale says."""
    if len(positions) < 10_000:
        yield from positions
        return
    yield from positions[:3]
    yield from positions[-3:]
    yield from random.Random(4).sample(positions, 30 * scale)


def test_a_cut_at_any_byte_is_mended(
    scratch: Path, quick: Disk, scale: int, tally: Counter[str], data: bytes
) -> None:
    """What is recovered is the longest beginning of whole lines; the rest lies aside, and the log goes on."""
    path = scratch / "cut" / "log.jsonl"
    path.parent.mkdir()
    for end in some(range(data.find(b"\n") + 1, len(data)), scale):
        path.write_bytes(data[:end])
        good = data.rfind(b"\n", 0, end) + 1

        log, reader = LogFile.reopen(path.parent, disk=quick)
        log.stage("T/0", code("after"))
        log.close()

        assert (reader.lines, reader.end, reader.torn) == (data.count(b"\n", 0, end), good, end - good)
        assert path.read_bytes()[:good] == data[:good]
        again = LogReader(path)
        assert [line.seq for line in again][-1] == reader.lines
        assert again.torn == 0
        aside = path.with_name(f"torn-{good}")
        if reader.torn:
            assert aside.read_bytes() == data[good:end]
            aside.unlink()
        tally["cuts"] += 1


def test_a_log_cut_within_its_header_is_refused(scratch: Path, quick: Disk, data: bytes) -> None:
    """Without a whole first line there is nothing to recover; the file is told and left as it is."""
    path = scratch / "cut" / "log.jsonl"
    path.parent.mkdir()
    for end in range(data.find(b"\n") + 1):
        path.write_bytes(data[:end])

        with pytest.raises(LogForeign):
            LogFile.reopen(path.parent, disk=quick)

        assert path.read_bytes() == data[:end]


def found(path: Path) -> str:
    """What a reader makes of the log: the error's kind and place, or how much of it is good."""
    reader = LogReader(path)
    try:
        for _ in reader:
            pass
    except LogCorrupt as error:
        return f"corrupt at {error.offset}"
    except LogForeign:
        return "foreign"
    return f"good up to {reader.end}, torn {reader.torn}"


def test_every_flipped_bit_is_found(scratch: Path, scale: int, tally: Counter[str], data: bytes) -> None:
    """A changed bit is placed at its line's offset; in a last line, it ends the good part there."""
    path = scratch / "log.jsonl"
    path.write_bytes(data)
    last = data.rfind(b"\n", 0, -1) + 1
    wrong = []
    with path.open("r+b", buffering=0) as file:
        for index in some(range(len(data)), scale):
            begin = data.rfind(b"\n", 0, index) + 1
            # The newline before the last line joins the last two, so that nothing good follows.
            nothing_follows = begin == last or index == last - 1
            torn = f"good up to {begin}, torn {len(data) - begin}"
            for bit in range(8):
                os.pwrite(file.fileno(), bytes([data[index] ^ 1 << bit]), index)
                if (told := found(path)) != (torn if nothing_follows else f"corrupt at {begin}"):
                    wrong.append((index, bit, told))
            os.pwrite(file.fileno(), data[index : index + 1], index)
            tally["flips"] += 8

    assert wrong == []
