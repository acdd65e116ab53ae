"""The folder of a program is removed, whatever the program did in it."""

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from events.effects import ExecutionRequested
from fractal_agent.sandbox import Limits, open_sandbox
from fractal_agent.sandbox.plain import LimitsJail, remove

DEEP = "import os\nfor _ in range(3000):\n    os.mkdir('d')\n    os.chdir('d')\ndef f():\n    return 1\n"


def test_deep_and_closed_folders(tmp_path: Path) -> None:
    """Folders deeper than any recursion, closed ones and links are removed, and nothing else."""
    (tmp_path / "kept").write_text("kept")
    folder = tmp_path / "left"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "closed" / "inner").mkdir(parents=True)
    (folder / "closed" / "inner").chmod(0)
    (folder / "closed").chmod(0)
    before = Path.cwd()
    os.chdir(folder)
    for _ in range(1500):
        os.mkdir("d")  # noqa: PTH102  # a path would be too long
        os.chdir("d")
    os.chdir(before)

    remove(folder)

    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize("level", ["landlock", "limits"])
async def test_program_that_leaves_too_much(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the next program nor the end of the sandbox suffers from what one left, and nothing stays."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    program = ExecutionRequested(program=DEEP, entry_point="f")
    async with open_sandbox(level, Limits(), concurrency=1) as sandbox:  # type: ignore[arg-type]  # a level is a kind
        for _ in range(2):
            assert (await sandbox.execute(program)).outcome == "passed"
        with anyio.move_on_after(0.2):
            await sandbox.execute(program)

    assert not os.listdir(tmp_path)  # noqa: PTH208  # pathlib would block, and this does too


OWNER = """
import os, signal, sys, tempfile
from fractal_agent.sandbox import Limits
from fractal_agent.sandbox.plain import LimitsJail
tempfile.tempdir = sys.argv[1]
with LimitsJail("", Limits()).enter(0) as launch:
    os.mkdir(launch.folder + "/left")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_folders_of_the_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed process left is removed by the next; what is owned, young or another's is not."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    jail = LimitsJail("", Limits())
    subprocess.run([sys.executable, "-c", OWNER, tmp_path], check=False)
    (left,) = tmp_path.iterdir()
    with jail.enter(0):
        assert left.is_dir()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / f"{left.name}-link").symlink_to("kept")
    for old in (left, tmp_path / "kept"):
        os.utime(old, (1, 1))
    with jail.enter(0) as owned:
        assert not left.exists()
        os.utime(owned.folder, (1, 1))
        with jail.enter(0) as other:
            assert sorted(tmp_path.glob("*sandbox-*/")) == sorted(
                map(Path, (owned.folder, other.folder, f"{left}-link"))
            )

    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(["kept", f"{left.name}-link"])
    assert (tmp_path / "kept" / "file").exists()
