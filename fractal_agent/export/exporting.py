"""Writing a run to a file of another format: whole, or not at all."""

import contextlib
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import msgspec

from fractal_agent.export.base import ExportExists, ExportUnwritable, Format, Recorded
from fractal_agent.export.otel_json import write_otel_json
from fractal_agent.export.parquet import write_parquet

FORMATS = {
    "otel-json": Format(suffix=".otel.jsonl", write=write_otel_json),
    "parquet": Format(suffix=".parquet", write=write_parquet),
}
"""By the name that `--to` takes."""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was exported, as `export --json` tells it."""

    run_id: str
    to: str
    file: str
    """`-` is stdout."""
    events: int
    """How many lines of the log are in the file."""
    sealed: bool
    """False when the run goes on, or was cut short: then this is as far as its log went."""
    torn_bytes: int
    """The length of an unfinished last line, which was left out."""


def export_run(
    folder: Path, to: str, *, output: Path | None = None, content: bool = False, force: bool = False
) -> Exported:
    """Writes the run in `folder` to `output`; by default into the working directory, named after the folder.

    The log is read and verified to its end before anything is written. The file appears whole, in one
    step, or not at all. `content` includes prompts and answers where the format leaves them out by
    default; a parquet file always has them.

    Raises:
        KeyError: `to` is none of `FORMATS`.
        ExportExists: there is a file at `output` and `force` is false.
        ExportUnwritable: the disk or the folder refuses it.
        ExtraMissing: the format needs a package that is not installed.
        LogError: there is no log, or it is damaged.
    """
    run = Recorded(folder)
    if output is None:
        output = Path(folder.resolve().name + FORMATS[to].suffix)
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        if output.exists() and not force:
            raise ExportExists(output)
        part.touch()  # a folder that refuses it is told before a long log is read
        part.unlink()
        FORMATS[to].write(run, part, content)
        part.replace(output)
    except OSError as error:
        raise ExportUnwritable(output, error.strerror or str(error)) from error
    finally:
        with contextlib.suppress(OSError):  # by now it has the file's name, or was never made
            part.unlink()
    return _exported(run, to, str(output))


def stream_run(folder: Path, to: str, stream: BinaryIO, *, content: bool = False) -> Exported:
    """Writes the run in `folder` to a stream, once all of the export is made.

    Raises:
        OSError: there is no room for it among the temporary files, or the stream takes no more.
        KeyError, ExtraMissing, LogError: as `export_run`.
    """
    run = Recorded(folder)
    with TemporaryDirectory() as place:
        part = Path(place) / "part"
        FORMATS[to].write(run, part, content)
        with part.open("rb") as made:
            shutil.copyfileobj(made, stream)
        stream.flush()
    return _exported(run, to, "-")


def _exported(run: Recorded, to: str, file: str) -> Exported:
    return Exported(
        run_id=run.started.run_id,
        to=to,
        file=file,
        events=run.reader.lines,
        sealed=run.reader.sealed,
        torn_bytes=run.reader.torn,
    )
