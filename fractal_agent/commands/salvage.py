"""`salvage`: write what is good of a damaged log into a new run."""

from typing import TYPE_CHECKING

from fractal_agent.commands.options import Json, Plugins, Run, RunId, RunsDir

if TYPE_CHECKING:
    from fractal_agent.salvaging import Salvaged


def salvage(
    run: Run, run_id: RunId = None, plugin: Plugins = None, runs_dir: RunsDir = None, json: Json = False
) -> None:
    """Write what is good of a damaged log into a new run.

    The damaged run stays as it is. Cases that may have lost a line lose their verdict: `resume` finishes
    them, and does nothing again that was kept. A log to which git, an editor or gzip gave another form is
    written as it was.

    \b
    For example:
      salvage latest
      salvage tests/recordings/additions --run-id additions
    """  # noqa: D301 - the backspace keeps the lines apart
    from fractal_agent.commands.options import print_json, runs_dir_or_default
    from fractal_agent.commands.reading import say
    from fractal_agent.runs import check_run_id, derived_run_id, find_run
    from fractal_agent.salvaging import is_damaged, prepare_salvage, salvage_run

    runs = runs_dir_or_default(runs_dir)
    folder = find_run(run, runs)
    if run_id is not None:
        check_run_id(run_id)
    say(prepare_salvage(folder, plugin or ()))
    if not is_damaged(folder):
        if json:
            print_json(None)
        else:
            print(f"{folder}: nothing to salvage, the log is good to its end.")
        return
    name = run_id if run_id is not None else derived_run_id(folder.resolve().name, "salvaged", runs)
    salvaged = salvage_run(folder, runs / check_run_id(name), plugin or ())
    if json:
        print_json(salvaged)
    else:
        _print(salvaged)


def _print(salvaged: "Salvaged") -> None:
    from collections import Counter

    from rich.text import Text

    from fractal_agent.commands.options import console

    rows = [("kept", f"{salvaged.kept} lines")]
    rows += [
        ("lost", f"line {part.line} (byte {part.offset}, {part.length} bytes) {part.problem}")
        for part in salvaged.lost
    ]
    rows += [
        ("left out", f"{count} undamaged lines: each {problem}")
        for problem, count in Counter(part.problem for part in salvaged.dropped).items()
    ]
    if not salvaged.lost and not salvaged.dropped:
        rows.append(("note", "nothing was lost: the new log is the old one, byte for byte as it was written"))
    if salvaged.reopened:
        rows.append(("reopened", f"{len(salvaged.reopened)} cases: {', '.join(salvaged.reopened)}"))
    if not salvaged.followed:
        rows.append(("note", "the run's roles are not here; with --plugin more of those cases would be kept"))
    page = console()
    for name, value in [*rows, ("log", salvaged.log), ("next", _next(salvaged))]:
        page.print(Text.assemble((f"{name:10}", "dim"), value), soft_wrap=True)


def _next(salvaged: "Salvaged") -> str:
    from pathlib import Path

    from events import LogReader
    from fractal_agent.report.summary import next_command, summarize
    from replay.timeline import Timeline

    return next_command(summarize(Timeline.of(LogReader(Path(salvaged.log))), salvaged.log))
