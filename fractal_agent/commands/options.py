"""Options that several commands share, and how results are printed."""

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[str, typer.Argument(help="A run's id, a path to it, or `latest`.", metavar="RUN")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
RunsDir = Annotated[
    Path | None,
    typer.Option(help="Where runs lie.  [default: $FRACTAL_AGENT_RUNS_DIR, else runs]", metavar="DIR"),
]
Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin", help="A Python file or module with roles or architectures. Repeatable.", metavar="FILE"
    ),
]


def runs_dir_or_default(runs_dir: Path | None) -> Path:
    from fractal_agent.config import runs_dir as default

    return runs_dir or default()


def print_json(result: object) -> None:
    """The result as one indented JSON document on stdout."""
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
