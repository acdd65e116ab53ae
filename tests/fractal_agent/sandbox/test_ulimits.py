"""Limits inherited from a shell are kept where they are lower, and said."""

import subprocess
import sys
from pathlib import Path

import pytest

from fractal_agent.sandbox import Limits
from fractal_agent.sandbox.ulimits import kept

ROOT = Path(__file__).parents[3]


def tried(folder: Path, ulimits: str) -> subprocess.CompletedProcess[str]:
    """`exec` of a small program in a shell with these limits."""
    (folder / "program.py").write_text("def f():\n    return 1\n")
    (folder / "tests.py").write_text("assert f() == 1\n")
    command = [sys.executable, "-m", "fractal_agent", "exec", str(folder / "program.py")]
    shell = f'ulimit {ulimits}; exec "$@"'
    return subprocess.run(
        ["bash", "-c", shell, "shell", *command, "--tests", str(folder / "tests.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("ulimits", "told"),
    [
        ("-f 1000", "`ulimit -f 1000`"),
        ("-v 1500000", ""),
        ("-v 600000", "`ulimit -v 600000`"),
        ("-n 48", "`ulimit -n 48`"),
        ("-t 6", "`ulimit -t 6`"),
        ("-f 1000 -v 1500000 -n 48", "`ulimit -f 1000` and `ulimit -n 48`"),
        ("-S -f 1000", "`ulimit -f 1000`"),
    ],
)
def test_lower_limit_is_kept_and_said(tmp_path: Path, ulimits: str, told: str) -> None:
    """The program passes as it would elsewhere; each limit that is lower than the sandbox's own is named."""
    done = tried(tmp_path, ulimits)

    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "passed")
    assert told in done.stderr
    assert bool(told) is ("this process inherited" in done.stderr)


def test_nothing_inherited() -> None:
    """Limits below those of this process stay as they are, without a word."""
    small = Limits(memory_bytes=1 << 20, file_bytes=1, open_files=3, cpu_seconds=1, processes=1)

    assert kept(small).limits == small
    assert kept(small).notice == ""
