"""`check`: whether the tests of a data set can judge."""

from typing import Annotated

import typer

from fractal_agent.commands.options import Json, Limit, UnsafeSandbox
from fractal_agent.exits import Exit


def check(
    dataset: Annotated[str, typer.Argument(help="A name, or a JSONL file.", metavar="NAME|FILE")],
    task: Annotated[
        list[str] | None, typer.Option(help="Only this problem. Repeatable.", metavar="ID")
    ] = None,
    limit: Limit = None,
    unsafe_sandbox: UnsafeSandbox = False,
    json: Json = False,
) -> None:
    """Try the tests of a data set without a model.

    Each task's tests must fail a program that does nothing and pass the canonical solution, where there is
    one. Exits with 0 when all tasks are fit, 1 when some are not, 2 when the file cannot be read.
    """
    from fractal_agent.commands.checking import checked
    from fractal_agent.commands.options import print_json
    from fractal_agent.datasets import load, select
    from fractal_agent.terminal import visible

    tasks = select(load(dataset), ids=task or (), limit=limit)
    fitness = checked(dataset, tasks, unsafe_sandbox=unsafe_sandbox)
    if json:
        print_json(fitness)
    else:
        for line in fitness.told():
            print(visible(line))
    raise typer.Exit(Exit.FAILED if fitness.unfit else Exit.DONE)
