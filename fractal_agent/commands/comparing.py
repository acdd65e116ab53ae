"""What `experiment` does once its options are read: watch the cells, write the report, exit."""

import sys
from pathlib import Path

import typer

from fractal_agent.commands.options import Telling, console, print_json
from fractal_agent.commands.running import TerminalViewer, explain, spoken_log
from fractal_agent.exits import Exit
from fractal_agent.experiment import Experiment, run_experiment
from fractal_agent.report.experiment import experiment_report
from fractal_agent.report.experiment_page import render_experiment, write_report
from fractal_agent.report.live import spoken_on
from fractal_agent.report.typed import command
from fractal_agent.run import RunFailed
from fractal_agent.runs import run_folders
from replay.drift import Diverged


def compare(experiment: Experiment, json: bool, telling: Telling) -> None:
    """Runs what is left, shows the report of what there is, and exits as the experiment ended."""
    failure: RunFailed | Diverged | None = None
    completed = False
    with spoken_on(sys.stderr) as spoken, spoken_log(spoken, telling):
        try:
            completed = run_experiment(experiment, TerminalViewer(spoken))
        except (RunFailed, Diverged) as error:
            failure = error
    problem, left = "", list[Path]()
    if run_folders(experiment.folder):
        problem, left = show_report(experiment.folder, json)
    if problem:
        typer.echo(f"error: {problem}", err=True)
    if failure is not None:
        explain(failure)
    if not completed:
        typer.echo("To go on: the same command.", err=True)
    if isinstance(failure, Diverged):
        raise typer.Exit(Exit.DIVERGED)
    if failure is not None or problem:
        raise typer.Exit(Exit.FAILED)
    if completed and left:
        again = f"{command('resume', str(left[0]))} --failed"
        typer.echo(f"To try what was set aside again: {again}", err=True)
        raise typer.Exit(Exit.FAILED)
    raise typer.Exit(Exit.DONE if completed else Exit.INTERRUPTED)


def show_report(folder: Path, json: bool) -> tuple[str, list[Path]]:
    """Writes the report of the cells in a folder anew and prints it.

    Returns why it could not be written, and the folders of cells with cases set aside.
    """
    report, files, problem = experiment_report(folder), list[Path](), ""
    try:
        files = write_report(report, folder)
    except OSError as error:
        problem = f"{folder}: the report cannot be written here ({error.strerror or error})."
    if json:
        print_json(report)
    else:
        console().print(render_experiment(report, files))
    return problem, [Path(cell.log).parent for cell in report.cells if cell.caveats.set_aside]


def listed(option: str, text: str) -> list[str]:
    """`a,b` as a list, each once; a usage error when there is none."""
    found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not found:
        raise typer.BadParameter(f"{option} {text!r}: expected names with commas between them")
    return found
