"""The Parquet file has a row for each line, its place in columns and its event as it stands in the log."""

import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from events import Event
from fractal_agent.export import export_run
from fractal_agent.export.parquet import COLUMNS

duckdb = pytest.importorskip("duckdb")


class ExportProbed(Event, frozen=True, kw_only=True):
    """An event with the names of columns and other types."""

    text: tuple[str, ...] = ("a",)
    passed: int = 1
    completion_tokens: int = 2**63
    plan: str = "the plan"


def rows(folder: Path, columns: str) -> list[Any]:
    file = folder / "file.parquet"
    export_run(folder, "parquet", output=file, force=True)
    return duckdb.sql(f"SELECT {columns} FROM '{file}' ORDER BY seq").fetchall()


def test_columns(write: Callable[..., Path], facts: list[Any]) -> None:
    """The file has the columns of `COLUMNS`, in that order, with these types."""
    file = write(facts) / "file.parquet"
    export_run(file.parent, "parquet", output=file)

    described = duckdb.sql(f"DESCRIBE SELECT * FROM '{file}'").fetchall()

    assert {name: kind for name, kind, *_ in described} == COLUMNS
    assert [name for name, *_ in described] == list(COLUMNS)


def test_no_column_needs_quotes(write: Callable[..., Path], facts: list[Any]) -> None:
    """Each column can be named in SQL as it is."""
    assert rows(write(facts), ", ".join(COLUMNS))


def test_events_are_those_of_the_log(write: Callable[..., Path], facts: list[Any]) -> None:
    """Each event is in the file byte for byte, and its line's fields are beside it."""
    folder = write(facts)
    lines = (folder / "log.jsonl").read_text().split("\n")[:-1]

    found = rows(folder, "event, seq, path, cause, type, run_id, logged_at")

    for line, (event, seq, path, cause, kind, run_id, logged_at) in zip(lines, found, strict=True):
        whole = json.loads(line)
        assert f'"event":{event},"crc"' in line
        assert (whole["seq"], whole["path"], whole["cause"]) == (seq, path, cause)
        assert (whole["event"]["type"], run_id) == (kind, "run")
        assert logged_at == datetime.fromtimestamp(whole["at"], UTC).replace(tzinfo=None)


def test_places_and_fields(write: Callable[..., Path], facts: list[Any]) -> None:
    """A line's case and role are columns, and so are the fields of its event; what it lacks is NULL."""
    found = rows(write(facts), "case_id, task_id, role, text, completion_tokens, outcome")

    assert found[0] == (None, None, None, None, None, None)
    assert found[3] == ("T/0", "T/0", "coder", "    return 1\n", 5, None)
    assert found[10] == ("T/0", "T/0", None, None, None, "failed")


def test_branch_of_a_fork(write: Callable[..., Path], forked: list[Any]) -> None:
    """In a fork's branch the case has the branch in front, and the task has not."""
    assert rows(write(forked), "case_id, task_id, role")[3] == ("sample-0/T/0", "T/0", "coder")


def test_fields_of_another_type(write: Callable[..., Path], facts: list[Any]) -> None:
    """A field that a column cannot hold is NULL there and whole in the event's JSON."""
    folder = write([facts[0], facts[1], ("T/0/probe.0", ExportProbed(), 1)])

    found = rows(folder, "type, role, text, passed, completion_tokens, plan, event")[2]

    assert found[:6] == ("ExportProbed", "probe", None, None, None, "the plan")
    assert json.loads(found[6])["completion_tokens"] == 2**63


def test_unknown_event(write: Callable[..., Path], facts: list[Any]) -> None:
    """An event that only a plug-in knows is exported like any other, with its JSON as it stands."""
    folder = write([facts[0], facts[1], ("T/0/probe.0", ExportProbed(), 1)], seal=False)
    known = rows(folder, "*")
    name = "ExportProbed"
    log = folder / "log.jsonl"
    log.write_bytes(forged(log.read_bytes(), name, "ExportUnheard"))

    assert rows(folder, "*") == [
        tuple(cell.replace(name, "ExportUnheard") if isinstance(cell, str) else cell for cell in row)
        for row in known
    ]


def forged(log: bytes, name: str, other: str) -> bytes:
    """The log with the last line's event renamed, and a checksum that fits."""
    *kept, last = log.splitlines(keepends=True)
    body = last.replace(name.encode(), other.encode())[: -len(b',"crc":"00000000"}\n')]
    return b"".join([*kept, b'%s,"crc":"%08x"}\n' % (body, zlib.crc32(body))])


def test_text_of_any_kind(write: Callable[..., Path], facts: list[Any]) -> None:
    """Line separators, NUL and characters beyond the basic plane come back as they were."""
    text = "a\u2028b\x00c\U0001f600\n'\"\\"
    odd = ExportProbed(plan=text)

    assert rows(write([*facts[:2], ("T/0/probe.0", odd, 1)]), "plan")[2] == (text,)


def test_many_lines(write: Callable[..., Path], facts: list[Any]) -> None:
    """A run of more lines than go over in one batch is there to the last, in order."""
    many = [*facts[:2], *[(f"T/0/probe.{n}", ExportProbed(plan=str(n)), 1) for n in range(2500)]]

    found = rows(write(many), "seq, plan")

    assert [seq for seq, _ in found] == list(range(2503))
    assert found[2501] == (2501, "2499")
