"""`verify`: check a run's log, line by line and cause by cause."""

from typing import TYPE_CHECKING

import typer

from fractal_agent.commands.options import Json, Plugins, Run, RunsDir
from fractal_agent.exits import Exit

if TYPE_CHECKING:
    from replay.verify import Verified


def verify(run: Run, plugin: Plugins = None, runs_dir: RunsDir = None, json: Json = False) -> None:
    """Check a run's log, line by line and cause by cause.

    Needs no model and runs no role. Exits with 4 when anything does not hold.

    \b
    For example:
      verify latest
    """  # noqa: D301 - the backspace keeps the lines apart
    from events import LOG_NAME
    from fractal_agent.commands.options import print_json
    from fractal_agent.commands.reading import located_runs
    from replay.verify import verify_log

    [folder] = located_runs([run], runs_dir, plugin)
    verified = verify_log(folder / LOG_NAME)
    if json:
        print_json(verified)
    else:
        _print(verified)
    raise typer.Exit(Exit.DONE if verified.holds else Exit.CORRUPT)


def _print(verified: "Verified") -> None:
    from rich.text import Text

    from fractal_agent.commands.options import console

    styles = {"ok": "green", "note": "yellow", "failed": "bold red"}
    page = console()
    for check in verified.checks:
        told = f"  {check.name:9}{check.says}"
        page.print(Text.assemble((f"{check.outcome:6}", styles[check.outcome]), told), soft_wrap=True)
    page.print(Text(f"{verified.run_id}: {_sentence(verified)}"), soft_wrap=True)


def _sentence(verified: "Verified") -> str:
    from fractal_agent.report.typed import command

    failed = [check.name for check in verified.checks if check.outcome == "failed"]
    if not failed:
        return "all holds"
    salvage = f"; `{command('salvage')}` saves what is undamaged" if "lines" in failed else ""
    return f"does not hold: {', '.join(failed)}{salvage}"
