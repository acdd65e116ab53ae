"""How hard to try, and how often it was tried: `TORTURE=100` does a hundred times what `make test` does."""

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import pytest

from events.disk import Disk

SCALE = int(os.environ.get("TORTURE", "1"))
SHARED_MEMORY = Path("/dev/shm")
ROOM = 200_000_000


class Tally(Counter[str]):
    """What was survived so far; shown while it grows, when asked for more than the normal suite does."""

    reporter: pytest.TerminalReporter | None = None
    shown = 0.0

    def __setitem__(self, what: str, count: int) -> None:
        super().__setitem__(what, count)
        if self.reporter and time.monotonic() - self.shown > 5:
            self.shown = time.monotonic()
            self.reporter.write_line(f"  {self}")

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {what}" for what, count in self.items())


TALLY = pytest.StashKey[Tally]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if tally := config.stash.get(TALLY, None):
        terminalreporter.write_line(f"torture (x{SCALE}): {tally}")


@pytest.fixture
def scale() -> int:
    """How many times as much as in the normal suite."""
    return SCALE


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Counter[str]:
    """The one count of the whole session."""
    tally = request.config.stash.setdefault(TALLY, Tally())
    if SCALE > 1:
        tally.reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    return tally


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the system has one: these tests count on no real disk, and write a lot."""
    if not os.access(SHARED_MEMORY, os.W_OK) or shutil.disk_usage(SHARED_MEMORY).free < ROOM:
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="torture-", dir=SHARED_MEMORY))
    yield folder
    shutil.rmtree(folder)


class QuickDisk(Disk):
    """Syncs nothing: the power stays on."""

    def sync(self, file: FileIO) -> None:
        pass

    def sync_folder(self, folder: Path) -> None:
        pass


@pytest.fixture
def quick() -> Disk:
    return QuickDisk()
