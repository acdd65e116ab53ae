"""`doctor`: what this machine has of what a run needs."""

import typer

from fractal_agent.commands.options import Json
from fractal_agent.exits import Exit


def doctor(json: Json = False) -> None:
    """Tell what this machine has of what a run needs.

    Names the sandbox's level and why it is no stronger. Exits with 1 when something is missing.

    \b
    For example:
      doctor --json
    """  # noqa: D301 - the backspace keeps the lines apart
    import anyio
    from rich.text import Text

    from fractal_agent.commands.options import console, print_json
    from fractal_agent.diagnosis import diagnose

    diagnosis = anyio.run(diagnose)
    if json:
        print_json(diagnosis)
    else:
        styles = {"ok": "green", "note": "yellow", "failed": "bold red"}
        page = console()
        for finding in diagnosis.findings:
            told = f"  {finding.name:10}{finding.says}"
            page.print(Text.assemble((f"{finding.outcome:6}", styles[finding.outcome]), told), soft_wrap=True)
    raise typer.Exit(Exit.DONE if diagnosis.healthy else Exit.FAILED)
