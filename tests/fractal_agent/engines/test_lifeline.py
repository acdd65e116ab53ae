"""That a child process ends with the one that started it, shown with real processes and a real SIGKILL."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PARENT = """
import multiprocessing, os, signal, sys
from fractal_agent.engines.lifeline import end_with_parent, leave_terminal

def child():
    leave_terminal()
    end_with_parent()
    print(os.getpid(), os.getpgrp(), flush=True)
    signal.pause()

if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=child).start()
    signal.pause()
"""


@pytest.fixture
def parent(tmp_path: Path) -> subprocess.Popen[str]:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    return subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )


def test_killed_parent(parent: subprocess.Popen[str]) -> None:
    """When the parent is killed and can clean up nothing, the child is gone too."""
    assert parent.stdout is not None
    child = parent.stdout.readline()
    parent.send_signal(signal.SIGKILL)
    rest, _ = parent.communicate(timeout=10)  # the child has the pipe too, so this waits for its end

    assert child
    assert rest == ""


def test_group_of_its_own(parent: subprocess.Popen[str]) -> None:
    """The child is in a process group of its own, where no terminal's Ctrl-C comes."""
    assert parent.stdout is not None
    child, group = parent.stdout.readline().split()
    parent.kill()
    parent.communicate()

    assert child == group
