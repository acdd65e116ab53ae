"""A log on a disk that is full or fails: whole lines or none, and nothing half-written left behind."""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from events import LogFile, LogWriteFailed
from events.fakes import code, header
from tests.events.tails import events_in, tear


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


Write = Callable[[int, bytes], int]


def few_bytes_at_once(real: Write) -> Write:
    return lambda file, data: real(file, bytes(data[:7]))


def failing(*_: object) -> int:
    """A system call on a broken disk."""
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def ten_bytes_then(real: Write, error: BaseException) -> Write:
    def write(file: int, data: bytes) -> int:
        real(file, bytes(data[:10]))
        raise error

    return write


def test_a_log_whose_header_was_refused_leaves_no_file(tmp_path: Path) -> None:
    """When the disk refuses the header at close, no empty log is left behind."""
    log = LogFile.create(tmp_path)
    log.stage("", header())
    with files_limited_to(0), pytest.raises(LogWriteFailed, match="start the run again"):
        log.close()

    assert not log.path.exists()


def test_a_tail_that_cannot_be_moved_is_left(unsealed: Path) -> None:
    """When the disk has no room for the torn tail, `reopen` says so and the log keeps its bytes."""
    begin = tear(unsealed, b"x" * 100)
    with files_limited_to(50), pytest.raises(LogWriteFailed, match="first 5 lines are safe"):
        LogFile.reopen(unsealed.parent)

    assert unsealed.stat().st_size == begin + 100
    LogFile.reopen(unsealed.parent)[0].close()


def test_short_writes_are_completed(begun: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes a few bytes at a time gets all of them."""
    monkeypatch.setattr(os, "write", few_bytes_at_once(os.write))
    begun.stage("T/0", code("long " * 100))
    begun.commit()

    assert events_in(begun.path) == [header(), code("long " * 100)]


def test_a_full_disk_cuts_the_log_back(begun: LogFile) -> None:
    """A batch that does not fit leaves none of its bytes; the error counts the lines that are safe."""
    for text in ("1", "2"):
        begun.stage("T/0", code(text))
    begun.commit()
    before = begun.path.read_bytes()
    for text in ("3", "4" * 1000):
        begun.stage("T/0", code(text))
    with files_limited_to(len(before) + 300), pytest.raises(LogWriteFailed, match="first 3 lines are safe"):
        begun.commit()

    assert begun.path.read_bytes() == before


def test_a_failed_sync_cuts_the_log_back(begun: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that were written but not brought to the disk are taken back, and the cause is named."""
    before = begun.path.read_bytes()
    begun.stage("T/0", code())
    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(LogWriteFailed, match=os.strerror(errno.EIO)):
        begun.commit()

    assert begun.path.read_bytes() == before


def test_a_log_that_cannot_be_cut_back_still_reports_the_write(
    begun: LogFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that refuses the cut too does not hide the first failure; the tail counts as torn later."""
    begun.stage("T/0", code())
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", ten_bytes_then(os.write, OSError(errno.ENOSPC, "no room")))
        patched.setattr(os, "ftruncate", failing)
        with pytest.raises(LogWriteFailed, match="no room"):
            begun.commit()

    begun.close()
    log, reader = LogFile.reopen(begun.path.parent)
    log.close()
    assert reader.torn == 10


def test_a_failed_log_takes_no_more(begun: LogFile) -> None:
    """After a failed write, staging, writing and sealing fail with the same report, though there is room."""
    before = begun.path.read_bytes()
    begun.stage("T/0", code())
    with files_limited_to(len(before)), pytest.raises(LogWriteFailed):
        begun.commit()

    for attempt in (lambda: begun.stage("T/0", code()), lambda: begun.write([b"x\n"]), begun.seal):
        with pytest.raises(LogWriteFailed, match="first 1 lines are safe"):
            attempt()
    assert begun.path.read_bytes() == before


def test_lines_staged_behind_a_failed_write_are_not_written(begun: LogFile) -> None:
    """Closing a failed log writes nothing: what was staged would not continue the last good line."""
    before = begun.path.read_bytes()
    begun.stage("T/0", code("1"))
    lost = begun.take()
    begun.stage("T/0", code("2"))
    with files_limited_to(len(before)), pytest.raises(LogWriteFailed):
        begun.write(lost)
    begun.close()

    assert begun.path.read_bytes() == before


def test_an_interrupted_write_fails_the_log(begun: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write stopped by any other exception leaves no half line, and nothing is written behind it."""
    before = begun.path.read_bytes()
    begun.stage("T/0", code())
    monkeypatch.setattr(os, "write", ten_bytes_then(os.write, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        begun.commit()

    with pytest.raises(LogWriteFailed, match="KeyboardInterrupt"):
        begun.stage("T/0", code())
    begun.close()
    assert begun.path.read_bytes() == before


def test_a_failed_log_can_be_taken_up_again(begun: LogFile) -> None:
    """Once there is room, the log is reopened at its last good line."""
    begun.stage("T/0", code())
    with files_limited_to(begun.path.stat().st_size), pytest.raises(LogWriteFailed):
        begun.commit()
    begun.close()

    log, reader = LogFile.reopen(begun.path.parent)
    assert (reader.lines, reader.torn) == (1, 0)
    assert log.stage("T/0", code()).seq == 1
    log.close()
    assert events_in(begun.path) == [header(), code()]


def test_an_empty_commit_does_not_touch_the_disk(begun: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing staged there is no write and no sync."""
    monkeypatch.setattr(os, "write", failing)
    monkeypatch.setattr(os, "fdatasync", failing)

    begun.commit()
