"""`parquet`: a table of one row an event, for SQL and data frames; written by DuckDB."""

import os
import re
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from fractal_agent.export.base import ExtraMissing, Placed, Recorded

PLACE = {
    "run_id": "VARCHAR",
    "seq": "BIGINT",
    "logged_at": "TIMESTAMP",
    "case_id": "VARCHAR",
    "task_id": "VARCHAR",
    "path": "VARCHAR",
    "role": "VARCHAR",
    "type": "VARCHAR",
    "cause": "BIGINT",
}
"""The columns that say what happened where. `logged_at` is in UTC. None is a word that SQL reserves."""

FIELDS = {
    "outcome": "VARCHAR",
    "passed": "BOOLEAN",
    "finish_reason": "VARCHAR",
    "prompt_tokens": "BIGINT",
    "completion_tokens": "BIGINT",
    "reused": "BOOLEAN",
    "error": "VARCHAR",
    "plan": "VARCHAR",
    "code": "VARCHAR",
    "text": "VARCHAR",
}
"""The columns that hold the event's field of that name, where it has one of that type; else NULL."""

COLUMNS = {**PLACE, **FIELDS, "event": "VARCHAR"}
"""Column to type. `event` is the event's JSON as the log holds it, unknown events and fields included."""

_KINDS: dict[str, type] = {"VARCHAR": str, "BIGINT": int, "BOOLEAN": bool}
_BATCH = 1000


def write_parquet(run: Recorded, part: Path, content: bool) -> None:
    """The table `COLUMNS`, in the order of the log. The run is held in memory until it is written.

    Raises:
        ExtraMissing: DuckDB is not installed.
        OSError: the file cannot be written.
        LogError: the log is damaged; nothing was written.
    """
    try:
        import duckdb
    except ModuleNotFoundError:
        raise ExtraMissing("parquet", "duckdb") from None
    with duckdb.connect() as table:
        table.execute(
            f"CREATE TABLE events ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})"
        )
        rows = (_row(run.started.run_id, placed) for placed in run)
        while batch := list(islice(rows, _BATCH)):
            table.execute(_INSERT, [list(column) for column in zip(*batch, strict=True)])
        try:
            table.sql("SELECT * FROM events ORDER BY seq").write_parquet(str(part), compression="zstd")
        except duckdb.IOException as error:
            raise _refusal(str(error)) from error


def _refusal(said: str) -> OSError:
    """What the system refused DuckDB, in the system's words where it passes its number on."""
    found = re.search(r'"errno":"(\d+)"', said)
    return OSError(int(found[1]), os.strerror(int(found[1]))) if found else OSError(said)


def _column(kind: str) -> str:
    """The SQL for one column's values of a batch, handed over as one list."""
    return "make_timestamp(unnest(?::BIGINT[]))" if kind == "TIMESTAMP" else f"unnest(?::{kind}[])"


_INSERT = f"INSERT INTO events SELECT {', '.join(map(_column, COLUMNS.values()))}"


def _row(run_id: str, placed: Placed) -> tuple[Any, ...]:  # Any: a cell is of its column's type
    line, place = placed.line, placed.place
    event = msgspec.json.decode(placed.event)
    return (
        run_id,
        line.seq,
        round(line.at * 1000) * 1000,
        place.case_id or None,
        place.task_id or None,
        line.path,
        place.role or None,
        event["type"],
        line.cause,
        *(_cell(event.get(name), _KINDS[kind]) for name, kind in FIELDS.items()),
        placed.event.decode(),
    )


def _cell(value: object, kind: type) -> object:
    """The value where the column can hold it; another event's field of the same name may be anything."""
    if type(value) is not kind or (isinstance(value, int) and value.bit_length() > 63):
        return None
    return value
