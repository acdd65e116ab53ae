"""The command line: one command, one function. Nothing is possible here that the packages do not offer.

Each command imports what it needs when it runs, so that `--help` answers at once.
"""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from fractal_agent.commands import (
    blame,
    catalog,
    check,
    diff,
    doctor,
    examples,
    exec,  # noqa: A004  # a module, named after its command
    experiment,
    export,
    fork,
    replay,
    resume,
    runs,
    salvage,
    show,
    solve,
    verify,
)
from fractal_agent.commands.options import Telling
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
app.command()(experiment.experiment)
app.command()(resume.resume)
app.command()(replay.replay)
app.command()(fork.fork)
app.command()(blame.blame)
app.command()(show.show)
app.command()(diff.diff)
app.command()(runs.runs)
app.command()(verify.verify)
app.command()(salvage.salvage)
app.command()(export.export)
app.command()(catalog.roles)
app.command()(catalog.architectures)
app.command()(examples.examples)
app.command()(check.check)
app.command()(exec.exec)
app.command()(doctor.doctor)


@app.callback(invoke_without_command=True)
def before_any_command(
    ctx: typer.Context,
    verbose: int = typer.Option(
        0,
        "--verbose",
        "-v",
        count=True,
        show_default=False,
        help="Tell on stderr what a run is doing; -vv tells more.",
    ),
    log_json: bool = typer.Option(False, "--log-json", help="Write what -v tells as lines of JSON."),
    version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True),
) -> None:
    if version:
        from fractal_agent import __version__

        print(__version__)
        raise typer.Exit
    ctx.obj = Telling(verbose, log_json)


def main() -> NoReturn:
    """Runs the command and ends the process with its exit code."""
    _leave(run())


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command in the arguments, which are the process's own by default.

    An expected error becomes one message; any other is raised.
    """
    try:
        app(args=arguments, prog_name="python -m fractal_agent")
    except SystemExit as left:
        return _code(left)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:  # what is not expected is raised again, with its traceback
        code = exit_for(error)
        if code is None:
            raise
        from fractal_agent.terminal import visible

        print(visible(f"error: {error}"), file=sys.stderr)
        return code
    return Exit.DONE


def _code(left: SystemExit) -> int:
    """The code that Python itself would end with; a text is printed, as it would be there."""
    if left.code is None or isinstance(left.code, int):
        return left.code or Exit.DONE
    print(left.code, file=sys.stderr)
    return Exit.FAILED


def _leave(code: int) -> NoReturn:
    """Ends the process with what it printed written out, quietly where nobody reads it any more.

    After an interrupt it does not wait for its threads: one may be importing vLLM or fetching weights
    for an engine that is no longer wanted. By now the log is sealed and no child process is left.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if code == Exit.INTERRUPTED:
        os._exit(code)
    sys.exit(code)
