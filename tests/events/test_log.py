"""Writing a log: one writer, whole lines or none, and nothing half-written left behind."""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from events import (
    LOG_NAME,
    EventUnencodable,
    LogCorrupt,
    LogExists,
    LogFile,
    LogForeign,
    LogMissing,
    LogReader,
    LogSealed,
    LogWriteFailed,
)
from events.fakes import code, header


def events_in(path: Path) -> list[object]:
    return [line.event for line in LogReader(path)]


def tear(path: Path, tail: bytes = b'{"seq":5,"prev":"half a li') -> int:
    """Leaves an unfinished line behind; returns where it begins."""
    begin = path.stat().st_size
    with path.open("ab") as file:
        file.write(tail)
    return begin


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


def test_a_new_log_reads_back(tmp_path: Path) -> None:
    """What was staged and committed stands in the file, in folders made for it."""
    log = LogFile.create(tmp_path / "runs" / "a")
    log.stage("", header())
    log.stage("T/0", code(), cause=0)
    log.commit()

    lines = list(LogReader(log.path))
    log.close()
    assert [(line.seq, line.path, line.cause, line.event) for line in lines] == [
        (0, "", None, header()),
        (1, "T/0", 0, code()),
    ]


def test_stage_tells_the_entry_that_will_be_read(begun: LogFile) -> None:
    """The entry that `stage` returns is the one that stands in the file, its time included."""
    entry = begun.stage("T/0", code(), cause=0)
    begun.commit()

    line = list(LogReader(begun.path))[-1]
    assert (line.seq, line.at, line.path, line.cause, line.event) == (
        entry.seq,
        entry.at,
        entry.path,
        entry.cause,
        entry.event,
    )


def test_nothing_staged_is_in_the_file(begun: LogFile) -> None:
    """Staging writes nothing."""
    before = begun.path.read_bytes()

    begun.stage("T/0", code())

    assert begun.path.read_bytes() == before


def test_take_hands_lines_over_once(begun: LogFile) -> None:
    """Lines taken are no longer staged; what is staged afterwards follows them."""
    begun.stage("T/0", code("1"))
    first = begun.take()
    begun.stage("T/0", code("2"))
    second = begun.take()

    begun.write(first)
    begun.write(second)

    assert begun.take() == []
    assert events_in(begun.path) == [header(), code("1"), code("2")]


def test_an_event_that_cannot_be_encoded_takes_no_place(begun: LogFile) -> None:
    """After a refused event the next one gets its number, and the log is whole."""
    with pytest.raises(EventUnencodable):
        begun.stage("T/0", code("\ud800"))

    assert begun.stage("T/0", code()).seq == 1
    begun.commit()
    assert events_in(begun.path) == [header(), code()]


def test_close_commits_what_is_staged(begun: LogFile) -> None:
    """A staged line is on disk after `close`."""
    begun.stage("T/0", code())

    begun.close()

    assert events_in(begun.path) == [header(), code()]


def test_a_log_without_a_line_leaves_no_file(tmp_path: Path) -> None:
    """Closed before its header, a log is gone and its folder can be used again."""
    log = LogFile.create(tmp_path)
    log.close()

    assert not log.path.exists()
    LogFile.create(tmp_path).close()


def test_a_log_whose_header_was_refused_leaves_no_file(tmp_path: Path) -> None:
    """When the disk refuses the header at close, no empty log is left behind."""
    log = LogFile.create(tmp_path)
    log.stage("", header())
    with files_limited_to(0), pytest.raises(LogWriteFailed, match="start the run again"):
        log.close()

    assert not log.path.exists()


def test_an_empty_file_is_no_log_to_spare(tmp_path: Path) -> None:
    """The file of a process that was killed before its header does not take the run id."""
    (tmp_path / LOG_NAME).touch()
    log = LogFile.create(tmp_path)
    log.stage("", header())
    log.close()

    assert events_in(log.path) == [header()]


def test_an_existing_log_is_not_overwritten(sealed: Path) -> None:
    """`create` refuses a folder that has a log, and lets go of it again."""
    before = sealed.read_bytes()
    with pytest.raises(LogExists, match=str(sealed)):
        LogFile.create(sealed.parent)

    assert sealed.read_bytes() == before
    LogFile.reopen(sealed.parent)[0].close()


def test_a_missing_log_cannot_be_reopened(tmp_path: Path) -> None:
    """`reopen` refuses an empty folder and leaves nothing in it."""
    with pytest.raises(LogMissing):
        LogFile.reopen(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_reopened_log_goes_on(sealed: Path) -> None:
    """After reopening, numbers and chain continue; a new seal counts the old one."""
    log, reader = LogFile.reopen(sealed.parent)
    assert reader.lines == 6
    log.stage("T/0", code("after"))
    log.seal()
    log.close()

    lines = list(LogReader(sealed))
    assert [line.seq for line in lines] == list(range(8))
    assert isinstance(lines[-1].event, LogSealed)
    assert lines[-1].event.events == 7


def test_a_seal_counts_and_names_the_line_before_it(begun: LogFile) -> None:
    """The seal holds how many lines stand before it and the digest of the last of them."""
    begun.stage("T/0", code())
    begun.seal()

    seal = list(LogReader(begun.path))[-1]
    assert seal.event == LogSealed(events=2, head=seal.prev)


@pytest.mark.parametrize("damage", [b"garbage\n", b""], ids=["foreign", "empty"])
def test_a_refused_log_is_not_changed_nor_held(tmp_path: Path, damage: bytes) -> None:
    """A log that `reopen` refuses stays as it is, and the lock is let go."""
    (tmp_path / LOG_NAME).write_bytes(damage)
    for _ in range(2):
        with pytest.raises(LogForeign):
            LogFile.reopen(tmp_path)

    assert (tmp_path / LOG_NAME).read_bytes() == damage


def test_a_corrupt_log_is_not_changed(sealed: Path) -> None:
    """Damage before good lines is refused by `reopen` without touching the file."""
    damaged = sealed.read_bytes().replace(b"return 1", b"return 2", 1)
    sealed.write_bytes(damaged)

    with pytest.raises(LogCorrupt):
        LogFile.reopen(sealed.parent)

    assert sealed.read_bytes() == damaged


def test_a_torn_tail_is_moved_aside(unsealed: Path) -> None:
    """The unfinished line lies, byte for byte, in a file named by its offset; the reader tells its size."""
    begin = tear(unsealed, b"half a li")
    log, reader = LogFile.reopen(unsealed.parent)
    log.close()

    assert (unsealed.parent / f"torn-{begin}").read_bytes() == b"half a li"
    assert (reader.torn, unsealed.stat().st_size) == (9, begin)


def test_a_log_goes_on_after_a_torn_tail(unsealed: Path) -> None:
    """What is written after a recovery follows the last good line."""
    tear(unsealed)
    log, _ = LogFile.reopen(unsealed.parent)
    log.stage("T/0", code("after"))
    log.close()

    assert events_in(unsealed)[5:] == [code("after")]


def test_a_second_torn_tail_does_not_replace_the_first(unsealed: Path) -> None:
    """Two tails torn at one offset are both kept."""
    begin = unsealed.stat().st_size
    for tail in (b"first", b"second"):
        tear(unsealed, tail)
        LogFile.reopen(unsealed.parent)[0].close()

    kept = [(unsealed.parent / name).read_bytes() for name in (f"torn-{begin}", f"torn-{begin}.2")]
    assert kept == [b"first", b"second"]


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


def test_a_write_is_one_system_call_and_one_sync(begun: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines a batch holds, it is one write and then one fdatasync."""
    calls: list[str] = []
    write, sync = os.write, os.fdatasync

    def counted_write(file: int, data: bytes) -> int:
        calls.append("write")
        return write(file, data)

    def counted_sync(file: int) -> None:
        calls.append("sync")
        sync(file)

    monkeypatch.setattr(os, "write", counted_write)
    monkeypatch.setattr(os, "fdatasync", counted_sync)
    for number in range(100):
        begun.stage("T/0", code(f"{number}"))

    begun.commit()

    assert calls == ["write", "sync"]


def test_an_empty_commit_does_not_touch_the_disk(begun: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing staged there is no write and no sync."""
    monkeypatch.setattr(os, "write", failing)
    monkeypatch.setattr(os, "fdatasync", failing)

    begun.commit()


def test_a_log_of_the_same_events_is_the_same_bytes(tmp_path: Path) -> None:
    """Nothing but time tells two logs of the same events apart."""
    data = []
    for name in ("one", "other"):
        log = LogFile.create(tmp_path / name, clock=lambda: 1.0)
        log.stage("", header())
        log.seal()
        log.close()
        data.append(log.path.read_bytes())

    assert data[0] == data[1]
