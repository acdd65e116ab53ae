"""`replay`: execute every role again against the record, without a model."""

from typing import TYPE_CHECKING, Annotated

import typer

from fractal_agent.commands.options import Json, Plugins, Run, RunsDir
from fractal_agent.exits import Exit

if TYPE_CHECKING:
    from events import Event, Unknown
    from fractal_agent.replaying import Replayed


def replay(
    run: Run,
    case: Annotated[list[str] | None, typer.Option(help="Only this case. Repeatable.", metavar="ID")] = None,
    plugin: Plugins = None,
    runs_dir: RunsDir = None,
    json: Json = False,
) -> None:
    """Execute a run again without the model.

    Every role acts anew, every answer comes from the log. Exits with 3 when anything is not as recorded.

    \b
    For example:
      replay examples/repair
      replay latest --case HumanEval/44
    """  # noqa: D301 - the backspace keeps the lines apart
    from fractal_agent.commands.options import print_json
    from fractal_agent.commands.reading import opened, whole
    from fractal_agent.replaying import replay_run

    found = opened(run, runs_dir, plugin)
    replayed = replay_run(found.recording, whole(found), cases=case or None)
    if json:
        print_json(_as_document(replayed))
    else:
        _print(replayed)
    raise typer.Exit(Exit.DIVERGED if replayed.divergences else Exit.DONE)


def _print(replayed: "Replayed") -> None:
    from rich.syntax import Syntax
    from rich.text import Text

    from fractal_agent.commands.options import console

    diff = replayed.divergences[0].diff() if replayed.divergences else []
    page = console(fitting=[*diff, " " * 80])
    page.print(Text(f"{replayed.run_id}: {replayed.sentence}"), soft_wrap=True)
    for name in replayed.changed_roles:
        page.print(Text(f"changed since it was recorded: {name}", style="yellow"))
    if replayed.divergences:
        first = replayed.divergences[0]
        page.print(Text("first divergence", style="bold red"), Text(first.path))
        page.print(Text(first.summary), soft_wrap=True)
        page.print(Syntax("\n".join(diff), "diff", background_color="default", word_wrap=True))


def _as_data(event: "Event | Unknown | None") -> object:
    """The event; one that no class here reads as its JSON has it."""
    from msgspec import Raw

    from events import Unknown

    return Raw(event.raw) if isinstance(event, Unknown) else event


def _as_document(replayed: "Replayed") -> dict[str, object]:
    return {
        "run_id": replayed.run_id,
        "agreed": not replayed.divergences,
        "cases": replayed.cases,
        "partial": replayed.partial,
        "effects": replayed.effects,
        "events": replayed.events,
        "passed": replayed.passed,
        "changed": replayed.changed_roles,
        "divergences": [
            {
                "path": diverged.path,
                "summary": diverged.summary,
                "recorded": _as_data(diverged.recorded),
                "now": diverged.now,
                "diff": diverged.diff(),
            }
            for diverged in replayed.divergences
        ],
    }
