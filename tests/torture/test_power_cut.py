"""A power cut loses any part of what was not synced, nothing that was acknowledged, and makes nothing up."""

import itertools
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from powercut import Killed, NotedDisk, State, lay_out, power_cuts

from events import (
    LOG_NAME,
    CodeWritten,
    LogCorrupt,
    LogFile,
    LogForeign,
    LogMissing,
    LogReader,
    LogWriteFailed,
)
from events.disk import Disk
from events.fakes import code, header

RUN = Path("runs/a")
"""Where the log is, below the disk's root; neither folder is there before."""


class World:
    """A disk, the one writer on it, and all the lines that it was ever given."""

    def __init__(self, root: Path, state: State | None = None, *, seed: int = 0) -> None:
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        state = state or {}
        lay_out(root, state)
        self.disk = NotedDisk(root, state)
        self.path = root / RUN / LOG_NAME
        self.written: set[bytes] = set()
        self.log: LogFile | None = None
        self._chance = random.Random(seed)

    def some(self, count: int, mark: str = "x") -> list[CodeWritten]:
        """Events whose lines are shorter and longer than a block."""
        return [code(mark * self._chance.choice([10, 40, 300, 900, 2000])) for _ in range(count)]

    def create(self) -> None:
        self.log = LogFile.create(self.path.parent, disk=self.disk)

    def reopen(self) -> None:
        """Takes the log up again; what was read is from then on relied upon."""
        self.log, reader = LogFile.reopen(self.path.parent, disk=self.disk)
        self.disk.acknowledge(self.path.read_bytes()[: reader.end])

    def append(self, *events: CodeWritten) -> None:
        """One batch: all of it is acknowledged, or none."""
        assert self.log
        for event in events:
            self.log.stage("T/0", event)
        lines = self.log.take()
        self.written.update(lines)
        self.log.write(lines)
        self.disk.acknowledge(self.disk.acknowledged + b"".join(lines))

    def begin(self) -> None:
        self.create()
        assert self.log
        self.log.stage("", header())
        self.append()

    def seal(self) -> None:
        assert self.log
        self.log.seal()
        self.written.update(lines_of(self.path.read_bytes()))
        self.disk.acknowledge(self.path.read_bytes())

    def close(self) -> None:
        if self.log:
            self.log.close()
        self.log = None

    def bury(self) -> None:
        """What the system does for a killed process."""
        if self.log:
            self.log._lock.close()
            self.log._file.close()
        self.log = None
        self.disk.lives = 10**9


def lines_of(data: bytes) -> list[bytes]:
    return [line + b"\n" for line in data.split(b"\n")[:-1]]


def whole_life(world: World) -> None:
    """A log made, filled in two batches, sealed and closed."""
    world.begin()
    world.append(*world.some(1))
    world.append(*world.some(5))
    world.seal()
    world.close()


def refused_sync(world: World) -> None:
    """A batch that the disk refuses is cut off; the next writer writes other lines of the same length."""
    world.begin()
    world.disk.syncs_refused = True
    with pytest.raises(LogWriteFailed):
        world.append(*[code("a" * 600)] * 3)
    world.close()
    world.disk.syncs_refused = False
    world.reopen()
    world.append(*[code("b" * 600)] * 2)
    world.close()


def recovery(world: World) -> None:
    """Whatever a killed writer left is taken up, or begun anew where nothing was begun."""
    try:
        world.reopen()
    except LogMissing:
        world.begin()
    except LogForeign:
        if world.path.stat().st_size:
            return
        world.begin()
    world.append(*world.some(2, mark="r"))
    world.close()


class Judge:
    """Reads and takes up what a power cut left, and says what it may not be."""

    def __init__(self, folder: Path, written: set[bytes], disk: Disk) -> None:
        self._root = folder
        self._disk = disk
        self._written = written

    def judge(self, state: State, acknowledged: bytes) -> type[Exception] | None:
        """Asserts that all that was acknowledged is read, and nothing that was not written, now and later.

        Returns how a reader refused what lies behind that, if it did.
        """
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir()
        lay_out(self._root, state)
        path = self._root / RUN / LOG_NAME
        reader, refusal = read(path)
        data = state.get(RUN / LOG_NAME) or b""
        good = data[: reader.end]
        assert good.startswith(acknowledged), (refusal, reader.end, len(acknowledged))
        assert self._written.issuperset(lines_of(good))
        if refusal:
            self._refused(path, refusal, data)
        else:
            self._taken_up(path, reader, data)
        return refusal

    def _refused(self, path: Path, refusal: type[Exception], data: bytes) -> None:
        with pytest.raises(refusal):
            LogFile.reopen(path.parent, disk=self._disk)
        assert not data or path.read_bytes() == data

    def _taken_up(self, path: Path, reader: LogReader, data: bytes) -> None:
        log, again = LogFile.reopen(path.parent, disk=self._disk)
        log.stage("T/0", code("after"))
        log.close()
        assert path.read_bytes().startswith(data[: reader.end])
        assert (read(path)[0].lines, read(path)[1]) == (reader.lines + 1, None)
        if again.torn:
            asides = [aside.read_bytes() for aside in path.parent.glob(f"torn-{reader.end}*")]
            assert data[reader.end :] in asides


def read(path: Path) -> tuple[LogReader, type[Exception] | None]:
    """How far a reader comes, and with what it refuses to go on."""
    reader = LogReader(path)
    try:
        for _ in reader:
            pass
    except (LogMissing, LogForeign, LogCorrupt) as refusal:
        return reader, type(refusal)
    return reader, None


Story = Callable[[World], None]


@pytest.mark.parametrize("story", [whole_life, refused_sync])
def test_a_power_cut_at_any_moment_loses_nothing_acknowledged(
    scratch: Path, quick: Disk, scale: int, tally: Counter[str], story: Story
) -> None:
    """After any operation, all that was acknowledged is read; an error hides nothing that was."""
    for seed in range(scale):
        world = World(scratch / "disk", seed=seed)
        story(world)
        judge = Judge(scratch / "left", world.written, quick)
        for state, acknowledged in power_cuts(world.disk, 500, random.Random(seed)):
            refusal = judge.judge(state, acknowledged)
            tally["power cuts"] += 1
            tally["of them refused as damage"] += refusal is LogCorrupt


def is_killed(world: World, lives: int) -> bool:
    """Whether a whole life is cut short after so many operations; its lock is free again."""
    world.disk.lives = lives
    try:
        whole_life(world)
    except Killed:
        world.bury()
        return True
    return False


def test_a_power_cut_after_a_kill_loses_nothing_acknowledged(
    scratch: Path, quick: Disk, scale: int, tally: Counter[str]
) -> None:
    """Whatever operation a writer is killed at, the next one's acknowledgements survive a power cut."""
    for seed in range(scale):
        for lives in itertools.count():
            world = World(scratch / "disk", seed=seed)
            if not is_killed(world, lives):
                break
            killed = len(world.disk.notes)
            recovery(world)
            judge = Judge(scratch / "left", world.written, quick)
            for state, acknowledged in power_cuts(world.disk, 50, random.Random(seed), since=killed):
                judge.judge(state, acknowledged)
                tally["power cuts"] += 1
        assert lives > 15


def test_a_torn_tail_survives_a_power_cut(scratch: Path, scale: int) -> None:
    """While a torn tail is moved, its bytes are at any moment behind the log, or aside, or both."""
    first = World(scratch / "first")
    whole_life(first)
    tail = b"t" * 1500
    state = {RUN.parent: None, RUN: None, RUN / LOG_NAME: first.path.read_bytes() + tail}
    world = World(scratch / "disk", state)
    recovery(world)

    aside = RUN / f"torn-{first.path.stat().st_size}"
    assert (scratch / "disk" / aside).read_bytes() == tail
    for found, _ in power_cuts(world.disk, 100 * scale, random.Random(3)):
        assert tail in (found[RUN / LOG_NAME] or b"") or found.get(aside) == tail


def test_a_power_cut_while_a_power_cut_is_mended_loses_nothing(
    scratch: Path, quick: Disk, scale: int, tally: Counter[str]
) -> None:
    """Taking up what a power cut left can itself be cut short, at any moment."""
    for seed in range(scale):
        chance = random.Random(seed)
        first = World(scratch / "first", seed=seed)
        whole_life(first)
        left = [found for found in power_cuts(first.disk, 40, chance) if found[1]]
        for state, acknowledged in chance.sample(left, min(50, len(left))):
            world = World(scratch / "disk", state)
            world.written |= first.written
            world.disk.acknowledge(acknowledged)
            if read(world.path)[1] is None:
                recovery(world)
            judge = Judge(scratch / "left", world.written, quick)
            for again, owed in power_cuts(world.disk, 10, chance):
                judge.judge(again, owed)
                tally["power cuts"] += 1
