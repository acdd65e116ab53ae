"""Writing a log: what is staged, in what order it stands in the file, and what seals it."""

import os
from pathlib import Path

import pytest

from events import LOG_NAME, EventUnencodable, LogExists, LogFile, LogReader, LogSealed
from events.fakes import code, header
from tests.events.tails import events_in


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


def test_a_seal_counts_and_names_the_line_before_it(begun: LogFile) -> None:
    """The seal holds how many lines stand before it and the digest of the last of them."""
    begun.stage("T/0", code())
    begun.seal()

    seal = list(LogReader(begun.path))[-1]
    assert seal.event == LogSealed(events=2, head=seal.prev)


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
