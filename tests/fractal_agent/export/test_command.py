"""`export` on the command line: what goes where, and with which exit code."""

import json
import sys
from pathlib import Path

import pytest

from events.fakes import write_run
from fractal_agent.cli import run
from fractal_agent.exits import Exit


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a run that was cut short."""
    write_run(tmp_path / "runs" / "made", sealed=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_says_where_it_wrote(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The result names the file on stdout; that the log is not sealed is a note on stderr."""
    assert run(["export", "made", "--to", "otel-json"]) == Exit.DONE

    printed = capsys.readouterr()
    assert printed.out == "run: 5 events written to made.otel.jsonl\n"
    assert "not sealed" in printed.err
    assert (here / "made.otel.jsonl").exists()


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json stdout is one document."""
    run(["export", "made", "--to", "otel-json", "--output", "file", "--json"])

    document = json.loads(capsys.readouterr().out)
    assert (document["file"], document["to"], document["sealed"]) == ("file", "otel-json", False)


def test_mistakes_are_usage_errors(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong format, a file that is there, a folder that is not and a missing package exit with 2."""
    Path("taken").touch()
    monkeypatch.setitem(sys.modules, "duckdb", None)

    for arguments, told in {
        ("--to", "parqet"): "did you mean parquet",
        ("--to", "otel-json", "--output", "taken"): "--force",
        ("--to", "otel-json", "--output", "no/file"): "cannot be written",
        ("--to", "parquet"): "pip install 'fractal-agent[export]'",
    }.items():
        assert run(["export", "made", *arguments]) == Exit.USAGE
        assert told in capsys.readouterr().err
