"""A process is really killed: the run is taken up where it stopped. What becomes of its log, see torture/."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from events import (
    LOG_NAME,
    ExecutionCompleted,
    GenerationCompleted,
    GradingCompleted,
    Line,
    LogFile,
    LogReader,
)
from events.fakes import header

DYING = """
import os, runpy, signal, sys
from events.disk import Disk
left = int(sys.argv.pop(1))
write = Disk.write

def write_until_killed(disk, file, data):
    global left
    written = write(disk, file, data[:left])
    left -= written
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return written

Disk.write = write_until_killed
runpy.run_module("fractal_agent", run_name="__main__", alter_sys=True)
"""
"""The command line, killed when it has written so many bytes of its log, be it within a line."""

FORKED = """
import os, sys
from pathlib import Path
from events import LogFile
log, _ = LogFile.reopen(Path(sys.argv[1]))
if os.fork() == 0:
    print("forked", flush=True)
    sys.stdin.read()
    os._exit(0)
os.waitpid(-1, 0)
"""


def lines_of(folder: Path) -> list[Line]:
    return list(LogReader(folder / LOG_NAME))


def results_by_path(folder: Path) -> Counter[str]:
    results = (GenerationCompleted, ExecutionCompleted, GradingCompleted)
    return Counter(line.path for line in lines_of(folder) if isinstance(line.event, results))


def test_a_child_that_outlives_a_killed_writer_does_not_hold_its_lock(tmp_path: Path) -> None:
    """A forked worker that lives on when the writer was killed does not keep the next writer out."""
    log = LogFile.create(tmp_path)
    log.stage("", header())
    log.close()
    command = [sys.executable, "-c", FORKED, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "forked\n"
        writer.kill()
        writer.wait()

        LogFile.reopen(tmp_path)[0].close()


def told(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What a command of ours printed, and its exit code."""
    command = [sys.executable, "-m", "fractal_agent", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="session")
def solving(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The arguments of a run whose cases plan, fail, repair and are graded."""
    script = tmp_path_factory.mktemp("script") / "script.jsonl"
    answers = [
        {"path": "*/coder.0/*", "text": "    return None\n"},
        {"path": "*/coder.*", "text": "    raise ValueError('\u2028 no idea')\n"},
        {"path": "*", "text": " Think again.\n"},
    ]
    script.write_text("\n".join(json.dumps(answer) for answer in answers))
    run = ["solve", "--engine", "scripted", "--script", str(script), "--dataset", "humaneval"]
    return [*run, "--limit", "6", "--run-id", "killed", "--runs-dir"]


@pytest.fixture(scope="session")
def whole(solving: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same run, not killed."""
    runs = tmp_path_factory.mktemp("whole")
    assert told(*solving, runs).returncode == 0
    return runs / "killed"


@pytest.mark.slow
@pytest.mark.parametrize("part", [0.03, 0.6, 0.9999])
def test_a_killed_run_goes_on(solving: list[str], whole: Path, tmp_path: Path, part: float) -> None:
    """Killed when part of its log was written, a run can be seen and replayed, and goes on to the same end.

    No effect that had its result in the log is performed again.
    """
    left = int((whole / LOG_NAME).stat().st_size * part)
    folder = tmp_path / "killed"
    dying = [sys.executable, "-c", DYING, str(left), *solving, str(tmp_path)]
    died = subprocess.run(dying, check=False, capture_output=True, text=True, timeout=60)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert (folder / LOG_NAME).stat().st_size == left
    before = results_by_path(folder)
    torn = left - (folder / LOG_NAME).read_bytes().rfind(b"\n") - 1

    shown, replayed, resumed = (told(command, folder) for command in ("show", "replay", "resume"))

    assert shown.returncode == 0
    assert ("bytes of an unfinished line" in shown.stderr) == bool(torn)
    assert (replayed.returncode, replayed.stderr) == (0, "")
    assert resumed.returncode == 0, resumed.stderr
    assert set(results_by_path(folder).values()) == {1}
    assert before <= results_by_path(folder) == results_by_path(whole)


@pytest.mark.slow
def test_a_resume_that_is_killed_is_resumed(solving: list[str], whole: Path, tmp_path: Path) -> None:
    """Killed, resumed, killed in the resume, and so on, a run comes to its end with each effect done once."""
    size, folder = (whole / LOG_NAME).stat().st_size, tmp_path / "killed"
    command, arguments = solving, [str(tmp_path)]
    for part in (0.2, 0.25, 0.3):
        dying = [sys.executable, "-c", DYING, str(int(size * part)), *command, *arguments]
        died = subprocess.run(dying, check=False, capture_output=True, text=True, timeout=60)
        assert died.returncode == -signal.SIGKILL, died.stderr
        command, arguments = ["resume"], [str(folder)]

    resumed, verified = told("resume", folder), told("verify", folder)

    assert resumed.returncode == 0, resumed.stderr
    assert verified.returncode == 0, verified.stdout
    assert results_by_path(folder) == results_by_path(whole)


@pytest.mark.slow
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_killed_fork_goes_on(solving: list[str], whole: Path, tmp_path: Path, part: float) -> None:
    """A fork that is killed takes the rest from its own log and its parent's, and ends as it would have."""
    forking = [
        "fork",
        str(whole),
        "--at",
        "HumanEval/0/repairer.0",
        "--set",
        "plan=1. Think again, and well.",
    ]
    in_full = [*forking, "--run-id", "forked", "--runs-dir"]
    assert told(*in_full, tmp_path / "undisturbed").returncode == 0
    undisturbed, folder = tmp_path / "undisturbed" / "forked", tmp_path / "forked"
    left = int((undisturbed / LOG_NAME).stat().st_size * part)
    dying = [sys.executable, "-c", DYING, str(left), *in_full, str(tmp_path)]
    died = subprocess.run(dying, check=False, capture_output=True, text=True, timeout=60)
    assert died.returncode == -signal.SIGKILL, died.stderr

    resumed, replayed = told("resume", folder), told("replay", folder)

    assert resumed.returncode == 0, resumed.stderr
    assert replayed.returncode == 0, replayed.stdout
    assert results_by_path(folder) == results_by_path(undisturbed)
