"""One writer a log: the second is refused and told who writes, and a lock that cannot be had says why."""

import errno
import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Literal

import pytest

from events import LogFile, LogLocked, LogReader, LogUnwritable
from events.disk import DISK, Disk
from events.lock import Holder, acquire_lock, holder_of

HOLDER = """
import sys
from pathlib import Path
from events import LogFile
log, _ = LogFile.reopen(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the log open for writing."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdin
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.stdin.close()


def test_close_may_be_repeated(begun: LogFile) -> None:
    """A second close touches nothing, not even a log that another writer has made since."""
    begun.close()
    with held(begun.path.parent) as other:
        begun.close()

        with pytest.raises(LogLocked, match=f"process {other.pid} "):
            LogFile.reopen(begun.path.parent)


def test_a_second_writer_is_told_who_writes(unsealed: Path) -> None:
    """While another process writes, neither `reopen` nor `create` succeeds, and its pid is named."""
    with held(unsealed.parent) as holder:
        for attempt in (LogFile.reopen, LogFile.create):
            with pytest.raises(LogLocked, match=f"process {holder.pid} on "):
                attempt(unsealed.parent)


def test_a_second_writer_in_one_process_is_refused(begun: LogFile) -> None:
    """The lock holds within a process too."""
    with pytest.raises(LogLocked, match=f"process {os.getpid()} "):
        LogFile.reopen(begun.path.parent)


def test_a_stale_name_in_the_lock_is_replaced(unsealed: Path) -> None:
    """What a killed writer left in the lock, however long, is not told as the holder's name."""
    (unsealed.parent / "lock").write_text(f"process 1 on {'x' * 100}\n")
    with held(unsealed.parent) as holder, pytest.raises(LogLocked) as locked:
        LogFile.reopen(unsealed.parent)

    assert locked.value.holder == f"process {holder.pid} on {socket.gethostname()}"


def test_a_lock_ends_with_its_process(unsealed: Path) -> None:
    """A killed writer leaves no lock behind, only its name."""
    with held(unsealed.parent) as holder:
        holder.kill()
        holder.wait()

    LogFile.reopen(unsealed.parent)[0].close()


def test_readers_need_no_lock(unsealed: Path) -> None:
    """A log that another process writes can be read."""
    with held(unsealed.parent):
        assert len(list(LogReader(unsealed))) == 5


def test_of_many_writers_one_gets_in(unsealed: Path) -> None:
    """Of processes that all want the log at once, one has it and the others are told so."""
    command = [sys.executable, "-c", HOLDER, str(unsealed.parent)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    writers = [subprocess.Popen(command, text=True, **pipes) for _ in range(4)]
    with writers[0], writers[1], writers[2], writers[3]:
        refused = [writer for writer in writers if writer.stdout and writer.stdout.readline() != "held\n"]
        told = [writer.communicate()[1] for writer in writers]

    assert len(refused) == 3
    assert sum("LogLocked" in errors for errors in told) == 3


class RefusingDisk(Disk):
    """A disk on which no lock can be opened."""

    def __init__(self, error: int) -> None:
        self._error = error

    def open(self, path: Path, mode: Literal["ab", "a+b", "xb"]) -> FileIO:
        raise OSError(self._error, os.strerror(self._error))


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EMFILE])
def test_a_lock_that_cannot_be_opened_says_why(unsealed: Path, tmp_path: Path, error: int) -> None:
    """Neither a new log nor an old one is opened without its lock; the error names folder and cause."""
    with pytest.raises(LogUnwritable, match=rf"{tmp_path}/new: .*\({os.strerror(error)}\)"):
        LogFile.create(tmp_path / "new", disk=RefusingDisk(error))
    with pytest.raises(LogUnwritable, match=rf"{unsealed.parent}: .*\({os.strerror(error)}\)"):
        LogFile.reopen(unsealed.parent, disk=RefusingDisk(error))


def test_a_folder_that_vanishes_is_told(unsealed: Path) -> None:
    """A run removed while it is being taken up is an error that names its folder, not a new empty log."""

    class Vanishing(Disk):
        def open(self, path: Path, mode: Literal["ab", "a+b", "xb"]) -> FileIO:
            shutil.rmtree(path.parent)
            return super().open(path, mode)

    with pytest.raises(LogUnwritable, match=f"{unsealed.parent}: .*No such file"):
        LogFile.reopen(unsealed.parent, disk=Vanishing())

    assert not unsealed.parent.exists()


def test_a_disk_without_locks_is_told(unsealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file system has no locks, no log is written, and the cause is named."""

    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with pytest.raises(LogUnwritable, match=os.strerror(errno.ENOLCK)):
        LogFile.reopen(unsealed.parent)


def test_a_folder_in_the_place_of_the_log_is_told(tmp_path: Path) -> None:
    """A run's folder that is a file is refused with its name."""
    (tmp_path / "run").touch()
    with pytest.raises(LogUnwritable, match=f"{tmp_path}/run: "):
        LogFile.create(tmp_path / "run")


def test_a_reader_sees_who_writes(unsealed: Path) -> None:
    """While a process writes a log, anybody can ask who it is; before and after, nobody is."""
    assert holder_of(unsealed.parent) is None
    with held(unsealed.parent) as holder:
        assert holder_of(unsealed.parent) == Holder(process=holder.pid)
        assert str(holder_of(unsealed.parent)) == f"process {holder.pid}"
        holder.kill()
        holder.wait()

        assert holder_of(unsealed.parent) is None
    assert holder_of(unsealed.parent / "nowhere") is None


def test_asking_hinders_no_writer(unsealed: Path) -> None:
    """However often is asked, a writer that comes meanwhile gets the lock, and is seen in its own process."""
    with FileIO(unsealed.parent / "lock", "rb"):
        for _ in range(10):
            assert holder_of(unsealed.parent) is None
            with acquire_lock(unsealed.parent, DISK):
                assert holder_of(unsealed.parent) == Holder(process=os.getpid())


def test_a_dead_writers_name_is_no_writer(unsealed: Path) -> None:
    """The name that a killed process left in its lock is not told, though another has its number now."""
    (unsealed.parent / "lock").write_text(f"process {os.getpid()} on {socket.gethostname()}\n")

    assert holder_of(unsealed.parent) is None


def test_a_writer_on_another_machine_is_told_with_it(unsealed: Path) -> None:
    """On a disk that machines share, the name of the writer's machine is told too."""
    with acquire_lock(unsealed.parent, DISK) as lock:
        lock.truncate(0)
        lock.write(b"process 12 on elsewhere\n")

        assert holder_of(unsealed.parent) == Holder(process=12, host="elsewhere")


def test_a_lock_without_such_locks_goes_by_the_process(
    unsealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a system cannot be asked of locks, the process that is named counts while it is there."""
    monkeypatch.delattr(fcntl, "F_OFD_GETLK")
    monkeypatch.delattr(fcntl, "F_OFD_SETLK")
    with held(unsealed.parent) as holder:
        assert holder_of(unsealed.parent) == Holder(process=holder.pid)
        holder.kill()
        holder.wait()

        assert holder_of(unsealed.parent) is None


def test_nothing_is_left_of_a_log_without_lines(tmp_path: Path) -> None:
    """A log that is closed without a line takes the folders with it that were made for it, and no other."""
    LogFile.create(tmp_path / "new" / "runs" / "one").close()
    assert list(tmp_path.iterdir()) == []

    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "engine.log").touch()
    LogFile.create(tmp_path / "runs" / "one").close()
    LogFile.create(tmp_path / "runs" / "two").close()
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == [
        "runs",
        "runs/one",
        "runs/one/engine.log",
    ]


def test_a_lock_that_was_removed_meanwhile_is_not_held(tmp_path: Path) -> None:
    """Who locks a file that its last holder has just removed takes the new one in its place."""

    class Racing(Disk):
        opened = 0

        def open(self, path: Path, mode: Literal["ab", "a+b", "xb"]) -> FileIO:
            file = super().open(path, mode)
            self.opened += 1
            if self.opened == 1:
                path.unlink()
            return file

    with acquire_lock(tmp_path, racing := Racing()):
        assert racing.opened == 2
        with pytest.raises(LogLocked):
            acquire_lock(tmp_path, DISK)
