"""`diff`: two runs aligned by path."""

from typing import Annotated

import typer

from fractal_agent.commands.options import Json, Plugins, Run, RunsDir
from fractal_agent.exits import Exit


def diff(
    run: Run,
    other: Annotated[str, typer.Argument(help="The run to compare it with.", metavar="OTHER")],
    case: Annotated[str | None, typer.Option(help="Only this case, in full.", metavar="ID")] = None,
    plugin: Plugins = None,
    runs_dir: RunsDir = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when the runs differ, as diff(1) does.")
    ] = False,
    json: Json = False,
) -> None:
    """Compare two runs by path.

    Tells what was set or made differently, which verdicts OTHER won and lost against RUN, and where each case
    first parts. Exits with 0 whether they differ or not, unless --exit-code is given.

    \b
    For example:
      diff examples/repair examples/repair-fork
      diff latest 20261124-051500-repair --case HumanEval/44
    """  # noqa: D301 - the backspace keeps the lines apart
    from events import LOG_NAME, LogReader
    from fractal_agent.catalog import UnknownName
    from fractal_agent.commands.options import console, print_json
    from fractal_agent.commands.reading import located_runs
    from fractal_agent.report.comparison import document, render
    from replay.compare import compare

    folders = located_runs([run, other], runs_dir, plugin)
    compared = compare(*(LogReader(folder / LOG_NAME) for folder in folders))
    if case is not None:
        if case not in compared.cases:
            raise UnknownName("case", case, compared.cases)
        compared = compared.of(case)
    if json:
        print_json(document(compared))
    else:
        console().print(render(compared, whole=case is not None))
    raise typer.Exit(Exit.DONE if compared.equal or not exit_code else Exit.FAILED)
