"""`export`: write a run in another format."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fractal_agent.commands.options import Json, Plugins, Run, RunsDir

if TYPE_CHECKING:
    from fractal_agent.export import Exported


def export(
    run: Run,
    to: Annotated[str, typer.Option(help="parquet or otel-json.", metavar="FORMAT")],
    output: Annotated[
        Path | None,
        typer.Option(
            help="The file to write; - is stdout.  "
            "[default: RUN.parquet or RUN.otel.jsonl, in the working directory]",
            metavar="FILE",
            dir_okay=False,
            allow_dash=True,
        ),
    ] = None,
    content: Annotated[
        bool,
        typer.Option(
            "--content",
            help="Put prompts, answers and programs into otel-json too; parquet always has them.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    plugin: Plugins = None,
    runs_dir: RunsDir = None,
    json: Json = False,
) -> None:
    """Write a run in another format.

    parquet is a table of one row an event, for SQL and data frames. otel-json is a trace of spans (run, case,
    role, what it asked of the world), for OpenTelemetry collectors and trace viewers. A run that goes on, or
    was cut short, is exported as far as its log goes.

    \b
    For example:
      export latest --to parquet
      export latest --to otel-json --content --output - | gzip > trace.jsonl.gz
    """  # noqa: D301 - the backspace keeps the lines apart
    from fractal_agent.catalog import UnknownName
    from fractal_agent.commands.options import print_json
    from fractal_agent.commands.reading import located_runs
    from fractal_agent.export import FORMATS, export_run, stream_run

    if to not in FORMATS:
        raise UnknownName("format", to, FORMATS)
    [folder] = located_runs([run], runs_dir, plugin)
    if output == Path("-"):
        if json:
            raise typer.BadParameter("--json prints on stdout too: leave it out, or name a file as --output")
        if to == "parquet" and sys.stdout.isatty():
            raise typer.BadParameter("parquet is no text for a terminal: pipe it, or name a file as --output")
        _note(stream_run(folder, to, sys.stdout.buffer, content=content))
        return
    exported = export_run(folder, to, output=output, content=content, force=force)
    if json:
        print_json(exported)
    else:
        print(f"{exported.run_id}: {exported.events} events written to {exported.file}")
    _note(exported)


def _note(exported: "Exported") -> None:
    """Tells on stderr what of the run is not in the file."""
    if exported.torn_bytes:
        print(f"note: {exported.torn_bytes} bytes of an unfinished last line are left out", file=sys.stderr)
    if not exported.sealed:
        print(
            "note: the log is not sealed, so the run goes on or was cut short; "
            "this is as far as the log goes",
            file=sys.stderr,
        )
