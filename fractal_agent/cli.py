"""The command line: one command, one function. Nothing is possible here that the packages do not offer.

Each command imports what it needs when it runs, so that `--help` answers at once.
"""

import sys

import typer

from fractal_agent.commands import catalog, examples, replay, resume, runs, show, solve
from fractal_agent.exits import Exit, exit_for

app = typer.Typer(
    name="fractal_agent",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=(
        "Solve programming problems with a planner, a coder, a critic and a repairer, "
        "and replay any run from its log without the model."
    ),
    epilog="Exit codes: 0 done, 1 run failed, 2 usage, 3 replay diverged, 4 log corrupt, 130 interrupted.",
)
app.command()(solve.solve)
app.command()(resume.resume)
app.command()(replay.replay)
app.command()(show.show)
app.command()(runs.runs)
app.command()(catalog.roles)
app.command()(catalog.architectures)
app.command()(examples.examples)


@app.callback(invoke_without_command=True)
def version(
    version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True),
) -> None:
    if version:
        from fractal_agent import __version__

        print(__version__)
        raise typer.Exit


def main() -> None:
    """Runs the command; an expected error becomes one message and its exit code."""
    try:
        app(prog_name="python -m fractal_agent")
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(Exit.DONE)
    except Exception as error:  # what is not expected is raised again, with its traceback
        code = exit_for(error)
        if code is None:
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(code)
