"""`resume`: go on with a run that was stopped."""

from functools import partial

import typer

from fractal_agent.commands.options import (
    AcceptDrift,
    Json,
    NoCheckData,
    Plugins,
    Run,
    RunsDir,
    UnsafeSandbox,
)


def resume(
    ctx: typer.Context,
    run: Run,
    accept_drift: AcceptDrift = False,
    plugin: Plugins = None,
    runs_dir: RunsDir = None,
    no_check_data: NoCheckData = False,
    unsafe_sandbox: UnsafeSandbox = False,
    json: Json = False,
) -> None:
    """Go on with a run that was stopped.

    What is recorded is not done again. Settings are the run's own. Exits with 3, before anything runs,
    when the code has changed since.
    """
    from fractal_agent.catalog import load_catalog
    from fractal_agent.commands.checking import warn_of_unfit
    from fractal_agent.commands.options import runs_dir_or_default
    from fractal_agent.commands.running import carry_out, conclude
    from fractal_agent.datasets import load, select
    from fractal_agent.forking import resume_fork_job
    from fractal_agent.job import Job
    from fractal_agent.recording import Recording
    from fractal_agent.runs import find_run
    from fractal_agent.solving import resume as resume_job

    recording = Recording(find_run(run, runs_dir_or_default(runs_dir)))
    started = recording.started
    if recording.timeline.completed:
        typer.echo("Nothing to do: the run is completed.", err=True)
        conclude(recording.timeline, recording.folder, json)
    catalog = load_catalog(plugin or started.settings.plugins)
    if started.origin is None:
        tasks = select(load(started.settings.dataset), ids=started.settings.tasks)
        done = {case.id for case in recording.timeline.graded}
        left = [one for one in tasks if one.problem.task_id not in done]
        if not no_check_data:
            warn_of_unfit(started.settings.dataset, left, unsafe_sandbox=unsafe_sandbox)
        job = Job(
            run_id=started.run_id,
            folder=recording.folder,
            settings=started.settings,
            tasks=tasks,
            catalog=catalog,
        )
    else:
        job = resume_fork_job(recording, catalog)
        if job.parent is None:
            typer.echo(
                f"{recording.folder / started.origin.log}: the run that this one was forked from is gone. "
                "What was not copied yet is performed.",
                err=True,
            )
    carry_out(partial(resume_job, accept_drift=accept_drift), job, json, ctx.obj, unsafe_sandbox)
