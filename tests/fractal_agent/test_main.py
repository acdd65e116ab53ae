"""`python -m fractal_agent` runs nothing that happens to lie in the current folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fractal_agent

NAMES = ("copy", "random", "typing", "typer", "json", "anyio", "agents", "attr", "no_such_module")
"""What the command line imports, or would if it were installed."""

PROGRAM = (
    "import os\nos.write(2, b'outside' if os.path.exists('/etc/passwd') else b'')\ndef f():\n    return 1\n"
)


@pytest.mark.parametrize("checkout", [False, True])
def test_program_called_like_a_module(tmp_path: Path, checkout: bool) -> None:
    """A file in the current folder is not imported in place of the module whose name it has."""
    if checkout:
        source = Path(fractal_agent.__file__).parent
        shutil.copytree(source, tmp_path / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in NAMES:
        if not (checkout and name == "attr"):  # There the folder is searched, but last.
            (tmp_path / f"{name}.py").write_text(PROGRAM)
    (tmp_path / "tests.txt").write_text("assert f() == 1\n")
    command = [sys.executable, "-m", "fractal_agent", "exec", "copy.py", "--tests", "tests.txt"]

    done = subprocess.run(
        [*command, "--unsafe-sandbox"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert "outside" not in done.stderr
    assert done.stdout.startswith("passed: 1 assertion held")
