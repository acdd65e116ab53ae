"""Reopening a log: it goes on after its last good line, and what is not a log stays as it is."""

from pathlib import Path

import pytest

from events import LOG_NAME, LogCorrupt, LogFile, LogForeign, LogMissing, LogReader, LogSealed
from events.fakes import code
from tests.events.tails import events_in, tear


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
