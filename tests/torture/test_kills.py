"""Writers are killed by the hundred: what they acknowledged stays, and readers beside them never stumble."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from events import LogFile, LogReader
from events.disk import Disk
from events.fakes import code, write_run

KILLING = Path(__file__).with_name("killing.py")


def kill(folder: Path, tally: Counter[str], *, kills: int, seed: int, readers: int = 0) -> None:
    """Runs `killing.py`, which holds the ledger, and counts what it tells."""
    told = folder / "errors"
    command = [sys.executable, KILLING, folder, "--kills", kills, "--seed", seed, "--readers", readers]
    with (
        told.open("w") as errors,
        subprocess.Popen(map(str, command), stdout=subprocess.PIPE, stderr=errors, text=True) as killing,
    ):
        assert killing.stdout
        for line in killing.stdout:
            for what, count in json.loads(line).items():
                tally[what] += count
    assert killing.returncode == 0, told.read_text()[-3000:]


def test_no_kill_loses_what_was_acknowledged(scratch: Path, scale: int, tally: Counter[str]) -> None:
    """One writer after another is killed at any moment; each finds all that those before it acknowledged."""
    kill(scratch, tally, kills=100 * scale, seed=1)


@pytest.mark.slow
def test_readers_beside_a_writer_that_is_killed_see_a_beginning_of_its_log(
    scratch: Path, scale: int, tally: Counter[str]
) -> None:
    """Three readers that never stop reading meet no error and see nothing that the log does not keep."""
    for seed in range(max(1, scale // 10)):
        folder = scratch / f"{seed}"
        folder.mkdir()
        kill(folder, tally, kills=40, seed=seed, readers=3)


def test_a_torn_tail_that_is_replaced_while_it_is_read_is_not_damage(scratch: Path, quick: Disk) -> None:
    """A reader within a torn tail that is set aside and written over ends at the last line before it."""
    path = write_run(scratch, sealed=False)
    with path.open("ab") as file:
        file.write(b'{"seq":5,"prev":"' + bytes(3_000_000))
    reader = LogReader(path)
    lines = iter(reader)
    for _ in range(5):
        next(lines)
    log, _ = LogFile.reopen(scratch, disk=quick)
    for _ in range(2000):
        log.stage("T/0", code("y" * 2000))
    log.close()

    assert list(lines) == []
    assert reader.lines == 5
