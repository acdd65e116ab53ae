"""`resume`: go on with a run that was stopped."""

import typer

from fractal_agent.commands.options import Json, Plugins, Run, RunsDir


def resume(
    ctx: typer.Context, run: Run, plugin: Plugins = None, runs_dir: RunsDir = None, json: Json = False
) -> None:
    """Go on with a run that was stopped.

    What is recorded is not done again. Settings are the run's own.
    """
    from events import LOG_NAME, LogReader
    from fractal_agent.catalog import load_catalog
    from fractal_agent.commands.options import runs_dir_or_default
    from fractal_agent.commands.running import carry_out, conclude
    from fractal_agent.datasets import load, select
    from fractal_agent.runs import find_run, require_header
    from fractal_agent.solving import Job, is_completed
    from fractal_agent.solving import resume as resume_job
    from replay.timeline import Timeline

    folder = find_run(run, runs_dir_or_default(runs_dir))
    started = require_header(folder)
    settings = started.settings
    catalog = load_catalog(plugin or settings.plugins)
    timeline = Timeline.of(LogReader(folder / LOG_NAME))
    if is_completed(timeline):
        typer.echo("Nothing to do: the run is completed.", err=True)
        conclude(timeline, folder, json)
    job = Job(
        run_id=started.run_id,
        folder=folder,
        settings=settings,
        tasks=select(load(settings.dataset), ids=settings.tasks),
        catalog=catalog,
    )
    carry_out(resume_job, job, json, ctx.obj)
