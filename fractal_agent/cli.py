"""The command line: one command, one function. Nothing is possible here that the packages do not offer.

Each command imports what it needs when it runs, so that `--help` answers at once.
"""

import os
import sys
from collections.abc import Sequence
from functools import cache
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
from fractal_agent.config import WORKING_FOLDER_GONE, as_started, program, working_folder_exists
from fractal_agent.exits import Exit, exit_for, refusal
from fractal_agent.streams import failure_of, prepare_streams

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
    epilog=(
        "Exit codes: 0 done, 1 run failed or cases set aside, 2 usage, 3 replay diverged, 4 log corrupt, "
        "130 interrupted."
    ),
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
    prepare_streams()
    _leave(run())


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command in the arguments, which are the process's own by default.

    An expected error becomes one message, and so does what the system refuses; any other is raised.
    """
    from fractal_agent.commands.advice import LACKING, fitting

    own = options_of(sys.argv[1:] if arguments is None else arguments)
    before = LACKING.set(all_options() - own)
    try:
        app(args=arguments, prog_name=program())
    except SystemExit as left:
        return _code(left)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:  # what is not expected is raised again, with its traceback
        code = exit_for(error)
        if code is None and (refused := refusal(error)):
            code, said = Exit.FAILED, refused
        elif code is None:
            raise
        else:
            said = fitting(str(error))
        _say_error(said)
        return code
    finally:
        LACKING.reset(before)
    return Exit.DONE


@cache
def _options() -> dict[str, frozenset[str]]:
    """Command to its options; those of every command under an empty name."""
    group = typer.main.get_command(app)
    commands = {"": group, **getattr(group, "commands", {})}
    return {
        name: frozenset(option for each in command.params for option in each.opts)
        for name, command in commands.items()
    }


def options_of(arguments: Sequence[str]) -> frozenset[str]:
    """The options of the command that the arguments name, and those of every command."""
    known = _options()
    return known[""] | next((known[argument] for argument in arguments if argument in known), frozenset())


def all_options() -> frozenset[str]:
    """The options that some command has."""
    return frozenset().union(*_options().values())


def _say_error(said: str) -> None:
    from fractal_agent.terminal import visible

    gone = "" if working_folder_exists() else f" {WORKING_FOLDER_GONE}"
    print(visible(f"error: {as_started(said)}{gone}"), file=sys.stderr)


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
    if problem := failure_of(sys.stdout):
        print(f"error: stdout: not everything could be written to it ({problem}).", file=sys.stderr)
        code = code or Exit.FAILED
    failure_of(sys.stderr)
    if code == Exit.INTERRUPTED:
        os._exit(code)
    sys.exit(code)
