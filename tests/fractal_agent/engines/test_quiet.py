"""That the output of an engine goes into its file and the terminal's is given back."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fractal_agent.engines.quiet import output_in


def test_output_of_all_kinds(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What this process and its children print inside, on both streams, is in the file and nowhere else."""
    log = tmp_path / "run" / "engine.log"
    with output_in(log):
        os.write(1, b"from this process\n")
        os.write(2, b"as an error\n")
        subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)

    assert sorted(log.read_text().splitlines()) == ["as an error", "from a child", "from this process"]
    assert capfd.readouterr() == ("", "")


def test_after_the_block(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """After the block, also one that raised, output is seen again, and the file is only added to."""
    log = tmp_path / "engine.log"
    log.write_text("earlier\n")
    with contextlib.suppress(KeyError), output_in(log):
        os.write(1, b"inside\n")
        raise KeyError
    os.write(1, b"outside\n")

    assert capfd.readouterr().out == "outside\n"
    assert log.read_text() == "earlier\ninside\n"
