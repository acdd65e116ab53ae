"""`fork`: run on from a recorded point with something changed."""

from collections.abc import Mapping
from typing import Annotated

import typer

from fractal_agent.commands.options import (
    BaseUrl,
    Cast,
    Json,
    OtherEngine,
    OtherModel,
    Plugins,
    Run,
    RunId,
    RunsDir,
    Script,
    UnsafeSandbox,
)


def fork(
    ctx: typer.Context,
    run: Run,
    case: Annotated[
        list[str] | None,
        typer.Option(help="Only this case; by default the one of --at, else all. Repeatable.", metavar="ID"),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(help="The path of what is to change; `show RUN CASE` prints the paths.", metavar="PATH"),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Set a field of what is recorded at --at (plan, code, prompt, text, temperature and so on); "
            "without --at, one of the run's settings. @FILE reads the value from a file. Repeatable.",
            metavar="KEY=VALUE|KEY=@FILE",
        ),
    ] = None,
    engine: OtherEngine = None,
    model: OtherModel = None,
    base_url: BaseUrl = None,
    script: Script = None,
    cast: Cast = None,
    samples: Annotated[
        int,
        typer.Option(help="Run the branch so many times, and tell how often it passes.", metavar="N", min=1),
    ] = 1,
    plugin: Plugins = None,
    run_id: RunId = None,
    runs_dir: RunsDir = None,
    unsafe_sandbox: UnsafeSandbox = False,
    json: Json = False,
) -> None:
    """Run on from a recorded point, with something changed.

    Makes a new run. What the change does not touch is reused from the record; only what depends on it is
    performed. Without --set and --cast, the generation at --at and all after it are drawn anew;
    without --at as well, cases run again under the present code of the roles. With another model or script
    no recorded answer is reused; another server of the same model answers only what is not on record.

    \b
    For example:
      fork latest --at HumanEval/44/repairer.0 --set plan=@plan.txt
      fork latest --at HumanEval/44/coder.0/generate.0 --samples 8
      fork latest --set rounds=4
      fork latest --at HumanEval/44/coder.0/generate.0 --engine openai --base-url http://localhost:8000/v1
      fork latest --case HumanEval/44 --cast repairer=my_repairer --plugin my_repairer.py
    """  # noqa: D301 - the backspace keeps the lines apart
    from functools import partial

    from events import Edit
    from fractal_agent.answering import engine_edits, what_answers
    from fractal_agent.catalog import located
    from fractal_agent.commands.options import runs_dir_or_default
    from fractal_agent.commands.reading import opened, say, whole
    from fractal_agent.commands.running import Report, carry_out, changes, parts
    from fractal_agent.forking import edits_at, fork_job
    from fractal_agent.forking import samples as branches_of
    from fractal_agent.report.forked import forked, render_forked
    from fractal_agent.runs import check_run_id, derived_run_id
    from fractal_agent.solving import solve

    runs = runs_dir_or_default(runs_dir)
    found = opened(run, runs, plugin)
    parent, catalog, settings = found.recording, whole(found), found.recording.started.settings
    wanted, cases, anew = changes(change or []), case or [], ""
    of_settings = asked_of({"engine": engine, "model": model, "base_url": base_url, "script": script})
    edits: list[Edit] = []
    if not at:
        if twice := sorted(of_settings.keys() & wanted.keys()):
            raise typer.BadParameter(
                f"--set {twice[0]} and the option of that name are given; give one of them"
            )
        of_settings = {**wanted, **of_settings}
    elif len(at) > 1:
        raise typer.BadParameter("one --at at a time: fork the fork for the next change, it keeps the first")
    elif cast and not wanted:
        raise typer.BadParameter(
            "--cast is for the whole case: give --case instead of --at, or a --set as well"
        )
    else:
        place, path, edits = edits_at(parent, at[0], wanted)
        cases = cases or [place]
        if place not in cases:
            raise typer.BadParameter(
                f"--at {at[0]} lies in case {place}, and --case names {', '.join(cases)}"
            )
        anew = "" if wanted else path
    edits += engine_edits(settings, of_settings)
    if samples > 1 and not (anew or edits or cast or plugin):
        raise typer.BadParameter(
            "--samples without a change would copy one verdict: give --at, --set or --cast"
        )
    plugins = [located(one) for one in found.loaded.plugins] if plugin else list(found.loaded.plugins)
    if plugins != list(settings.plugins):
        edits.append(Edit(path="", field="plugins", value=plugins))
    name = check_run_id(run_id) if run_id is not None else derived_run_id(parent.started.run_id, "fork", runs)
    job = fork_job(
        parent,
        catalog,
        folder=runs / name,
        cases=cases,
        edits=edits,
        cast=parts(cast or []),
        branches=branches_of(samples, anew=anew),
    )
    say([what_answers(settings, job.settings)])
    carry_out(solve, job, json, ctx.obj, unsafe_sandbox, Report(partial(forked, parent), render_forked))


def asked_of(options: Mapping[str, object]) -> dict[str, str]:
    """The settings that options name; without those that are not given."""
    return {name: str(value) for name, value in options.items() if value is not None}
