"""`check`: whether a data set's tests can judge."""

from typing import Annotated

import typer

from fractal_agent.commands.options import Json, Limit, UnsafeSandbox


def check(
    dataset: Annotated[
        str,
        typer.Argument(
            help="A JSONL file, or `humaneval`, `humaneval+`, `mbpp+`; see docs/datasets.md.",
            metavar="NAME|FILE",
        ),
    ],
    limit: Limit = None,
    unsafe_sandbox: UnsafeSandbox = False,
    json: Json = False,
) -> None:
    """Check that a data set's tests can judge programs.

    Tries each task's tests in the sandbox, with its canonical solution where there is one and with a program
    that does nothing. No model is asked. Exits with 1 when a task is unfit.

    \b
    For example:
      check mine.jsonl
    """  # noqa: D301 - the backspace keeps the lines apart
    from fractal_agent.commands._data import fitness_of
    from fractal_agent.commands.options import print_json
    from fractal_agent.datasets import load, select
    from fractal_agent.exits import Exit
    from fractal_agent.terminal import visible

    fitness = fitness_of(select(load(dataset), limit=limit), unsafe_sandbox=unsafe_sandbox)
    if json:
        print_json(fitness)
    else:
        print(visible(f"{dataset}: {fitness.sentence}"))
        for finding in (*fitness.unfit, *fitness.doubtful):
            print(visible(f"  {finding.sentence}"))
    raise typer.Exit(Exit.FAILED if fitness.unfit else Exit.DONE)
