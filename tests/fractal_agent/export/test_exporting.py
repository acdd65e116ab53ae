"""An export is whole or is not there; what its log cannot prove is not exported."""

import io
import sys
from pathlib import Path

import pytest

from events import LogCorrupt, LogMissing
from events.fakes import write_run
from fractal_agent.export import FORMATS, ExportExists, ExportUnwritable, ExtraMissing, export_run, stream_run


@pytest.fixture(params=sorted(FORMATS))
def to(request: pytest.FixtureRequest) -> str:
    """Each format in turn."""
    if request.param == "parquet":
        pytest.importorskip("duckdb")
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a sealed run."""
    return write_run(tmp_path / "runs" / "made").parent


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "runs")


def test_default_name(to: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file lies in the working directory and is named after the run's folder."""
    monkeypatch.chdir(tmp_path)

    exported = export_run(folder, to)

    assert left(tmp_path) == [f"made{FORMATS[to].suffix}"] == [exported.file]
    assert (exported.run_id, exported.events, exported.sealed, exported.torn_bytes) == ("run", 6, True, 0)


def test_existing_file_is_kept(to: str, folder: Path, tmp_path: Path) -> None:
    """A file that is there stays as it is, and the error says what replaces it."""
    file = tmp_path / "it's {a} *file"
    file.write_text("mine")

    with pytest.raises(ExportExists, match="--force"):
        export_run(folder, to, output=file)
    assert file.read_text() == "mine"

    export_run(folder, to, output=file, force=True)

    assert file.read_bytes() != b"mine"
    assert left(tmp_path) == [file.name]


def test_damaged_log_leaves_nothing(to: str, folder: Path, tmp_path: Path) -> None:
    """A log with a damaged line is refused, and neither a file nor a part of one is left."""
    log = folder / "log.jsonl"
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)

    with pytest.raises(LogCorrupt):
        export_run(folder, to, output=tmp_path / "file")

    assert left(tmp_path) == []


def test_damaged_log_keeps_what_was_there(to: str, folder: Path, tmp_path: Path) -> None:
    """Even with `force`, the older file stays when the log is refused."""
    log = folder / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    file = tmp_path / "file"
    file.write_text("older")

    with pytest.raises(LogCorrupt):
        export_run(folder, to, output=file, force=True)

    assert file.read_text() == "older"


def test_torn_log(to: str, folder: Path, tmp_path: Path) -> None:
    """A log whose last line is unfinished is exported up to there, and the torn bytes are told."""
    log = folder / "log.jsonl"
    log.write_bytes(log.read_bytes()[:-5])

    exported = export_run(folder, to, output=tmp_path / "file")

    assert (exported.events, exported.sealed) == (5, False)
    assert exported.torn_bytes > 0
    assert left(tmp_path) == ["file"]


def test_missing_folder_for_the_file(to: str, folder: Path, tmp_path: Path) -> None:
    """A file that cannot be made is an error that names it and its cause."""
    with pytest.raises(ExportUnwritable, match=r"nowhere/file: cannot be written \(No such file"):
        export_run(folder, to, output=tmp_path / "nowhere" / "file")


def test_folder_in_the_place_of_the_file(to: str, folder: Path, tmp_path: Path) -> None:
    """A folder is never replaced, and no part is left beside it."""
    (tmp_path / "taken").mkdir()

    with pytest.raises(ExportUnwritable):
        export_run(folder, to, output=tmp_path / "taken", force=True)

    assert left(tmp_path) == ["taken"]


def test_no_log(to: str, tmp_path: Path) -> None:
    """A folder without a log is the error that it is everywhere."""
    with pytest.raises(LogMissing):
        export_run(tmp_path, to, output=tmp_path / "file")


def test_duckdb_is_not_installed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without DuckDB the error says what to install, and nothing is left."""
    monkeypatch.setitem(sys.modules, "duckdb", None)

    with pytest.raises(ExtraMissing, match=r"pip install 'fractal-agent\[export\]'"):
        export_run(folder, "parquet", output=tmp_path / "file")

    assert left(tmp_path) == []


def test_stream_gets_what_a_file_would(to: str, folder: Path, tmp_path: Path) -> None:
    """On a stream stands the same as in a file, and no file is made."""
    file, stream = tmp_path / "file", io.BytesIO()

    exported = stream_run(folder, to, stream)
    export_run(folder, to, output=file)

    assert stream.getvalue() == file.read_bytes()
    assert (exported.file, exported.events) == ("-", 6)
    assert left(tmp_path) == ["file"]
