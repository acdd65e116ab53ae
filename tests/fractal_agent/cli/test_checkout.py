"""Recordings that git checks out with line ends of Windows, and what keeps it from doing so."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import Printed

ROOT = Path(__file__).parents[3]
LOG = ROOT / "examples" / "repair" / "log.jsonl"

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True)


def cloned(folder: Path, attributes: str) -> Path:
    """The folder of a run in a clone, made with `core.autocrlf`, of a repository with these attributes."""
    source = folder / "source"
    (source / "recordings" / "one").mkdir(parents=True)
    shutil.copy(LOG, source / "recordings" / "one")
    (source / ".gitattributes").write_text(attributes)
    git(source, "init", "-q")
    git(source, "add", ".")
    git(source, "commit", "-qm", "one")
    git(folder, "clone", "-q", "-c", "core.autocrlf=true", str(source), "clone")
    return folder / "clone" / "recordings" / "one"


def test_checked_out_with_other_line_ends(tmp_path: Path, call: Callable[..., Printed]) -> None:
    """Such a log is told as what it is, and the command that is advised makes a run of it that replays."""
    run = cloned(tmp_path, "")
    refused = call("replay", run)
    mended = call("salvage", run, "--runs-dir", tmp_path / "runs", "--run-id", "mended")
    replayed = call("replay", tmp_path / "runs" / "mended")

    assert refused.code == Exit.CORRUPT
    assert (
        "ends in CR LF, the line end of Windows, which git's autocrlf or an editor put there" in refused.err
    )
    assert "byte for byte as it was written" in mended.out
    assert (mended.code, replayed.code) == (Exit.DONE, Exit.DONE)
    assert (tmp_path / "runs" / "mended" / "log.jsonl").read_bytes() == LOG.read_bytes()


@pytest.mark.parametrize("attributes", ["*.jsonl -text\n", (ROOT / ".gitattributes").read_text()])
def test_attributes_keep_a_log_as_it_is(tmp_path: Path, attributes: str) -> None:
    """With the line that the message and the page on recordings advise, and with our own, nothing changes."""
    assert (cloned(tmp_path, attributes) / "log.jsonl").read_bytes() == LOG.read_bytes()
