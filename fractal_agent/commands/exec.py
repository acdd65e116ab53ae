"""`exec`: run one program against tests in the sandbox."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fractal_agent.commands.options import Json, UnsafeSandbox
from fractal_agent.exits import Exit

if TYPE_CHECKING:
    from fractal_agent.sandbox.trying import Trial


def exec(  # noqa: A001  # a command is named after its function
    file: Annotated[Path, typer.Argument(help="The program.", metavar="FILE")],
    tests: Annotated[
        Path,
        typer.Option(
            help="Python that defines check(candidate) or asserts, or JSON pairs of input and output.",
            metavar="FILE",
        ),
    ],
    entry_point: Annotated[
        str | None,
        typer.Option(help="The function to test.  [default: the last, but for main]", metavar="NAME"),
    ] = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="Follow the variables of the first failing call.")
    ] = False,
    unsafe_sandbox: UnsafeSandbox = False,
    json: Json = False,
) -> None:
    """Run one program against tests in the sandbox.

    Every failing assertion is told: call, expected, actual; the first 20 of them. Exits with 0 when all hold,
    1 when not, 2 when the tests or the program cannot be tried at all, be it for want of a sandbox.

    \b
    For example:
      exec answer.py --tests tests.py --entry-point add
    """  # noqa: D301 - the backspace keeps the lines apart
    import sys

    import anyio

    from fractal_agent.commands.options import print_json
    from fractal_agent.sandbox import SandboxError
    from fractal_agent.sandbox.trying import try_file
    from fractal_agent.terminal import visible

    async def run() -> "Trial":
        return await try_file(file, tests, entry_point=entry_point, trace=trace, unsafe=unsafe_sandbox)

    try:
        trial = anyio.run(run)
    except SandboxError as error:
        print(visible(f"error: {error}"), file=sys.stderr)
        raise typer.Exit(Exit.USAGE) from None
    if trial.notice:
        print(trial.notice, file=sys.stderr)
    if json:
        print_json(trial)
    else:
        _print(trial)
    raise typer.Exit(Exit.DONE if trial.outcome == "passed" else Exit.FAILED)


def _print(trial: "Trial") -> None:
    from rich.text import Text

    from fractal_agent.commands.options import console
    from fractal_agent.terminal import visible_line

    page = console()

    def line(text: str, style: str = "") -> None:
        page.print(Text(visible_line(text), style=style), soft_wrap=True)

    style = "green" if trial.outcome == "passed" else "bold red"
    held = "1 assertion" if trial.passed == 1 else f"{trial.passed} assertions"
    counts = f": {held} held, {trial.failures} did not"
    page.print(Text.assemble((trial.outcome, style), counts))
    for failure in trial.failed:
        found = f"  ->  {failure.actual}" if failure.actual else ""
        line(f"  {failure.call or 'the tests'}{found}")
        if failure.error:
            line(f"    {failure.error}")
        if failure.expected:
            line(f"    expected {failure.expected}", style="dim")
    if len(trial.failed) < trial.failures:
        line(f"  and {trial.failures - len(trial.failed)} more")
    if trial.error and not trial.failed:
        line(f"  {trial.error}")
    if trial.stdout and trial.outcome != "passed":
        line("  printed:", style="dim")
        for printed in trial.stdout.splitlines():
            line(f"    {printed}")
    for step in trial.trace:
        changed = ", ".join(f"{name} = {value}" for name, value in step.changed.items())
        line(f"  {step.line:4}  {step.source:40}  {changed}")
