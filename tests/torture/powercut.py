"""A disk that notes each operation, and from its notes the states in which a power cut can leave it.

Of what was written to a file since its last sync, any block of 512 bytes may be there, and its size may tell
of bytes that are not. Of the names made or removed in a folder since its last sync, any may have come or
gone.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import FileIO
from math import prod
from pathlib import Path
from typing import Literal

from events.disk import Disk

BLOCK = 512
State = dict[Path, bytes | None]
"""What a disk holds by name; None for a folder."""


@dataclass(eq=False)
class File:
    """What one file is known to hold, and what it may hold besides."""

    synced: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Pieces of writes by offset, no longer than a block; without data, a cut to that size."""

    def write(self, offset: int, data: bytes) -> None:
        while data:
            room = BLOCK - offset % BLOCK
            self.pending.append((offset, data[:room]))
            offset, data = offset + room, data[room:]

    def holding(self, kept: list[bool]) -> bytes:
        """The bytes, when of what is pending only that is on the disk which is kept."""
        held = bytearray(self.synced)
        for (offset, data), here in zip(self.pending, kept, strict=True):
            if here and data is None:
                del held[offset:]
            elif here and data is not None:
                held.extend(bytes(max(0, offset - len(held))))
                held[offset : offset + len(data)] = data
        return bytes(held)

    def sizes(self) -> list[int]:
        """Every size that the file has had since its last sync."""
        steps = len(self.pending) + 1
        return sorted({len(self.holding([n < step for n in range(steps - 1)])) for step in range(steps)})

    def sync(self) -> None:
        self.synced = self.holding([True] * len(self.pending))
        self.pending.clear()


class Memory:
    """What a disk is known to hold, and what it may hold besides."""

    def __init__(self, state: State) -> None:
        self.names: dict[Path, File | None] = {
            path: None if data is None else File(data) for path, data in state.items()
        }
        self.pending: list[tuple[Path, File | Literal["gone"] | None]] = []
        self.now = dict(self.names)

    def make(self, path: Path, made: File | None) -> None:
        self.now[path] = made
        self.pending.append((path, made))

    def remove(self, path: Path) -> None:
        del self.now[path]
        self.pending.append((path, "gone"))

    def file(self, path: Path) -> File:
        found = self.now[path]
        assert found is not None
        return found

    def sync_folder(self, folder: Path) -> None:
        self.names = self._named([path.parent == folder for path, _ in self.pending])
        self.pending = [(path, made) for path, made in self.pending if path.parent != folder]

    def _named(self, kept: list[bool]) -> dict[Path, File | None]:
        names = dict(self.names)
        for (path, made), here in zip(self.pending, kept, strict=True):
            if here and made == "gone":
                names.pop(path, None)
            elif here and made != "gone":
                names[path] = made
        return names

    def states(self, limit: int, chance: random.Random) -> Iterator[State]:
        """All the states that a power cut can leave, or so many of them, drawn at random."""
        made = (*self.names.values(), *(made for _, made in self.pending))
        files = list(dict.fromkeys(file for file in made if isinstance(file, File)))
        sizes = [file.sizes() for file in files]
        radices = [2] * len(self.pending)
        for file, known in zip(files, sizes, strict=True):
            radices += [2] * len(file.pending) + [len(known)]
        seen = set()
        for choice in _choices(radices, limit, chance):
            picks = iter(choice)
            kept = [next(picks) == 1 for _ in self.pending]
            held: dict[File, bytes] = {}
            for file, known in zip(files, sizes, strict=True):
                data = file.holding([next(picks) == 1 for _ in file.pending])
                size = known[next(picks)]
                held[file] = data[:size].ljust(size, b"\0")
            names = self._named(kept).items()
            state = {path: None if file is None else held[file] for path, file in names}
            reached = {path: data for path, data in state.items() if _is_reached(path, state)}
            if (key := tuple(sorted(reached.items()))) not in seen:
                seen.add(key)
                yield reached


def _is_reached(path: Path, state: State) -> bool:
    return all(folder in state for folder in path.parents[:-1])


def _choices(radices: list[int], limit: int, chance: random.Random) -> Iterator[tuple[int, ...]]:
    if prod(radices) <= limit:
        yield from itertools.product(*map(range, radices))
        return
    for _ in range(limit):
        # Nearly all and nearly nothing are the states that a disk leaves most often.
        weight = chance.choice([0.05, 0.5, 0.95])
        yield tuple(int(chance.random() < weight) if n == 2 else chance.randrange(n) for n in radices)


class Killed(BaseException):
    """The process is gone: nothing that it does from here on reaches the disk."""


Note = Callable[[Memory], None]


class NotedDisk(Disk):
    """A disk that notes what is asked of it, and may be told when the process is to be killed."""

    def __init__(self, root: Path, state: State) -> None:
        self.root = root
        self.state = state
        """What the disk held before, all of it synced."""
        self.notes: list[tuple[Note, int]] = []
        """Each operation, and how much of the log was acknowledged when it was done."""
        self.acknowledged = b""
        self.lives = 10**9
        """How many operations the process lives to see; the last one, if it is a write, is half done."""
        self.syncs_refused = False

    def note(self, note: Note) -> None:
        self.notes.append((note, len(self.acknowledged)))

    def acknowledge(self, data: bytes) -> None:
        self.acknowledged = data
        self.note(lambda _: None)

    def _live(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise Killed

    def _name(self, file: FileIO) -> Path:
        return Path(str(file.name)).relative_to(self.root)

    def make_folder(self, folder: Path) -> None:
        self._live()
        super().make_folder(folder)
        self.note(lambda memory: memory.make(folder.relative_to(self.root), None))

    def sync_folder(self, folder: Path) -> None:
        self._live()
        if folder.is_relative_to(self.root):
            self.note(lambda memory: memory.sync_folder(folder.relative_to(self.root)))

    def open(self, path: Path, mode: Literal["ab", "a+b", "xb"]) -> FileIO:
        self._live()
        is_new = not path.exists()
        file = super().open(path, mode)
        name = self._name(file)
        if is_new:
            self.note(lambda memory: memory.make(name, File()))
        return file

    def write(self, file: FileIO, data: memoryview) -> int:
        last = self.lives == 1
        self._live()
        name, taken = self._name(file), bytes(data[: len(data) // 2 if last else None])
        offset = Path(str(file.name)).stat().st_size
        super().write(file, memoryview(taken))
        self.note(lambda memory: memory.file(name).write(offset, taken))
        self._live() if last else None
        return len(taken)

    def sync(self, file: FileIO) -> None:
        self._live()
        if self.syncs_refused:
            raise OSError(5, "Input/output error")
        name = self._name(file)
        self.note(lambda memory: memory.file(name).sync())

    def cut(self, file: FileIO, size: int) -> None:
        self._live()
        super().cut(file, size)
        name = self._name(file)
        self.note(lambda memory: memory.file(name).pending.append((size, None)))

    def remove(self, path: Path) -> None:
        self._live()
        there = path.exists()
        super().remove(path)
        if there:
            self.note(lambda memory: memory.remove(path.relative_to(self.root)))


def lay_out(root: Path, state: State) -> None:
    for path, data in sorted(state.items()):
        if data is None:
            (root / path).mkdir()
        else:
            (root / path).write_bytes(data)


def power_cuts(
    disk: NotedDisk, limit: int, chance: random.Random, since: int = 0
) -> Iterator[tuple[State, bytes]]:
    """What a power cut can leave after each operation, with what had been acknowledged by then."""
    memory = Memory(disk.state)
    for number, (note, acknowledged) in enumerate(disk.notes):
        note(memory)
        if number >= since:
            for state in memory.states(limit, chance):
                yield state, disk.acknowledged[:acknowledged]
