"""How a run with the real model ends: interrupted while it starts, while it solves, and killed."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from events import LOG_NAME
from fractal_agent.config import DEFAULT_MODEL
from fractal_agent.models import ModelError, resolve

pytestmark = [pytest.mark.real, pytest.mark.slow]

ROOT = Path(__file__).parents[3]

Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a run in a process group of its own; returns it when it has said a given word on stderr."""
    try:
        resolve(DEFAULT_MODEL, lambda step: None)
    except ModelError as error:
        pytest.skip(f"the weights are not here: {error}")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "fractal_agent", "-v", "solve", "--limit", "2", "--json"),
            *("--architecture", "baseline", "--run-id", "one", "--runs-dir", str(tmp_path)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )

    def start(word: str) -> subprocess.Popen[str]:
        assert process.stderr is not None
        told = [next(line for line in process.stderr if word in line)]
        assert told
        return process

    with process:
        yield start
        process.kill()


def children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def test_interrupt_while_it_starts(start: Start, tmp_path: Path) -> None:
    """Ctrl-C while vLLM is being imported ends the command at once: 130, no process, nothing recorded."""
    process = start("Starting")
    left = children(process)

    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=10)

    assert process.returncode == 130
    assert (out, err.splitlines()[-1]) == ("", "Stopped before anything was recorded.")
    assert "Traceback" not in err
    assert not (tmp_path / "one" / LOG_NAME).exists()
    assert psutil.wait_procs(left, timeout=5)[1] == []


def test_interrupt_while_it_solves(start: Start, tmp_path: Path) -> None:
    """Ctrl-C in the middle seals the log and leaves nothing: no process, no file, no word of vLLM."""
    process = start("engine started")
    left = children(process)

    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert json.loads(out)["state"] == "interrupted"
    told = [line for line in err.splitlines() if "[info" not in line]
    assert told == [
        "Stopping: sealing the log",
        f"To go on: python -m fractal_agent resume {tmp_path / 'one'}",
    ]
    assert b'"type":"LogSealed"' in (tmp_path / "one" / LOG_NAME).read_bytes().splitlines()[-1]
    assert psutil.wait_procs(left, timeout=5)[1] == []


def test_killed_run(start: Start) -> None:
    """When the command is killed, vLLM's process ends too."""
    process = start("engine started")
    [engine] = [child for child in children(process) if "EngineCor" in child.name()]
    watched = os.pidfd_open(engine.pid)

    process.kill()
    ended, _, _ = select.select([watched], [], [], 10)
    os.close(watched)

    assert ended
