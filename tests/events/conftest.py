"""Logs to read and to write, made anew for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from events import LogFile
from events.fakes import header, write_run


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A sealed log of six lines."""
    return write_run(tmp_path / "sealed")


@pytest.fixture
def unsealed(tmp_path: Path) -> Path:
    """A log of five lines whose writer stopped without a seal."""
    return write_run(tmp_path / "unsealed", sealed=False)


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[LogFile]:
    """A log whose header is on disk, open for writing."""
    log = LogFile.create(tmp_path / "begun")
    log.stage("", header())
    log.commit()
    yield log
    log.close()
