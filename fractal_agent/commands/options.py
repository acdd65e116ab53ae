"""Options that several commands share, and how results are printed."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

if TYPE_CHECKING:
    from rich.console import Console

Run = Annotated[str, typer.Argument(help="A run's id, a path to it, or `latest`.", metavar="RUN")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
RunsDir = Annotated[
    Path | None,
    typer.Option(help="Where runs lie.  [default: $FRACTAL_AGENT_RUNS_DIR, else runs]", metavar="DIR"),
]
RunId = Annotated[
    str | None,
    typer.Option(help="Name of the new run.  [default: made from the old one's]", metavar="ID"),
]
UnsafeSandbox = Annotated[
    bool,
    typer.Option(
        "--unsafe-sandbox",
        help="Run programs even where this machine cannot keep them from your files.",
    ),
]
Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        help="A Python file or module with roles or architectures; by default a run's own. Repeatable.",
        metavar="FILE",
    ),
]
Dataset = Annotated[
    str,
    typer.Option(
        help="`humaneval`, `humaneval+`, `mbpp+`, or a JSONL file; see docs/datasets.md.",
        metavar="NAME|FILE",
    ),
]
Limit = Annotated[int | None, typer.Option(help="Only the first N problems.", metavar="N", min=1)]
Feedback = Annotated[
    Literal["visible", "oracle"],
    typer.Option(help="What the Critic may run: visible examples, or hidden tests as well."),
]
Rounds = Annotated[int, typer.Option(help="Plan revisions at most.", metavar="K", min=0)]
Candidates = Annotated[
    int,
    typer.Option(
        help="Answers that `resample` draws after a first failed; `redraft` at most twice as many.",
        metavar="N",
        min=0,
    ),
]
Engine = Annotated[str, typer.Option(help="vllm, openai or scripted.", metavar="NAME")]
BaseUrl = Annotated[
    str | None,
    typer.Option(help="Server for --engine openai; the key is $OPENAI_API_KEY.", metavar="URL"),
]
Script = Annotated[
    Path | None,
    typer.Option(
        help="Answers for --engine scripted, as JSONL.", metavar="FILE", exists=True, dir_okay=False
    ),
]
Cast = Annotated[
    list[str] | None,
    typer.Option(help="Let one role play another's part: critic=skeptic. Repeatable.", metavar="PART=ROLE"),
]
NoCheckData = Annotated[
    bool,
    typer.Option(
        "--no-check-data", help="Do not try the tests of a file of your own before the engine is started."
    ),
]
SkipUnfit = Annotated[
    bool,
    typer.Option("--skip-unfit", help="Leave out tasks whose tests cannot judge, instead of stopping."),
]
AcceptDrift = Annotated[
    bool,
    typer.Option(
        "--accept-drift",
        help="Go on although roles or prompts have changed: unfinished cases begin anew under the "
        "present code, and reuse each answer to a request that is still the same.",
    ),
]
Concurrency = Annotated[
    int, typer.Option(help="Problems in flight at most; 0 is all of them.", metavar="N", min=0)
]


PIPED_WIDTH = 10_000
"""Columns where there is no terminal: what is piped into another program must not be cut."""


class Telling(NamedTuple):
    """What the options before the command say about the operators' log."""

    verbose: int
    as_json: bool


def runs_dir_or_default(runs_dir: Path | None) -> Path:
    from fractal_agent.config import runs_dir as default

    return runs_dir or default()


def print_json(result: object) -> None:
    """The result as one indented JSON document on stdout."""
    import msgspec

    from fractal_agent.terminal import visible

    print(visible(msgspec.json.format(msgspec.json.encode(result), indent=2).decode()))


def console(fitting: Iterable[str] | None = None) -> "Console":
    """Where results for people are printed: as wide as the terminal, or as wide as they need.

    What they quote of programs and models cannot steer the terminal.

    `fitting` are the lines that must fit where there is no terminal; without it nearly anything does.
    """
    from fractal_agent.terminal import Terminal

    made = Terminal(highlight=False)
    if not made.is_terminal:
        made.width = PIPED_WIDTH if fitting is None else max((len(line) + 1 for line in fitting), default=80)
    return made
