"""`examples`: what the Critic may know of each problem."""

from typing import Annotated

import typer

from fractal_agent.commands.options import Json


def examples(
    dataset: Annotated[
        str,
        typer.Option(
            help="`humaneval`, `humaneval+`, `mbpp+`, or a JSONL file; see docs/datasets.md.",
            metavar="NAME|FILE",
        ),
    ] = "humaneval",
    task: Annotated[
        list[str] | None, typer.Option(help="Only this problem. Repeatable.", metavar="ID")
    ] = None,
    json: Json = False,
) -> None:
    """List the examples that the prompts show.

    They are all that the Critic may run; the hidden tests only grade.

    \b
    For example:
      examples --task HumanEval/44
    """  # noqa: D301 - the backspace keeps the lines apart
    from fractal_agent.commands.options import console, print_json
    from fractal_agent.datasets import load, select

    found = {one.problem.task_id: one.problem.examples for one in select(load(dataset), ids=task or ())}
    if json:
        print_json(found)
        return
    from rich.text import Text

    page = console()
    for name, shown in found.items():
        page.print(Text(name, style="bold"))
        for example in shown:
            page.print(Text(f"  {example.call}  ->  {example.expected}"), soft_wrap=True)
        if not shown:
            page.print(Text("  (none)", style="dim"))
