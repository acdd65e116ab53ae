"""`examples`: what the Critic may know of each problem."""

from typing import Annotated

import typer

from fractal_agent.commands.options import Json


def examples(
    dataset: Annotated[
        str, typer.Option(help="`humaneval`, or a JSONL file in HumanEval's format.", metavar="NAME|FILE")
    ] = "humaneval",
    task: Annotated[
        list[str] | None, typer.Option(help="Only this problem. Repeatable.", metavar="ID")
    ] = None,
    json: Json = False,
) -> None:
    """List the examples that stand in the problems' own prompts."""
    from fractal_agent.commands.options import print_json
    from fractal_agent.datasets import load, select

    found = {one.problem.task_id: one.problem.examples for one in select(load(dataset), ids=task or ())}
    if json:
        print_json(found)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console()
    for name, shown in found.items():
        console.print(Text(name, style="bold"))
        for example in shown:
            console.print(Text(f"  {example.call}  ->  {example.expected}"), soft_wrap=True)
        if not shown:
            console.print(Text("  (none)", style="dim"))
