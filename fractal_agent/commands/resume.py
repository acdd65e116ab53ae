"""`resume`: go on with a run that was stopped."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from fractal_agent.commands.options import AcceptDrift, CheckData, Json, Plugins, Run, RunsDir, UnsafeSandbox

if TYPE_CHECKING:
    from replay.timeline import Timeline


def resume(
    ctx: typer.Context,
    run: Run,
    failed: Annotated[
        bool,
        typer.Option("--failed", help="Also try the cases again that were set aside with an error."),
    ] = False,
    accept_drift: AcceptDrift = False,
    check_data: CheckData = True,
    plugin: Plugins = None,
    runs_dir: RunsDir = None,
    unsafe_sandbox: UnsafeSandbox = False,
    json: Json = False,
) -> None:
    """Go on with a run that was stopped.

    What is recorded is not done again. Settings are the run's own. Exits with 3, before anything runs,
    when the code has changed since.

    \b
    For example:
      resume latest
      resume latest --failed
    """  # noqa: D301 - the backspace keeps the lines apart
    import msgspec

    from fractal_agent.commands._data import unfit_tasks
    from fractal_agent.commands.reading import opened, whole
    from fractal_agent.commands.running import carry_out, conclude
    from fractal_agent.datasets import load, select
    from fractal_agent.forking import resume_fork_job
    from fractal_agent.job import Job
    from fractal_agent.solving import resume as resume_job

    found = opened(run, runs_dir, plugin)
    recording = found.recording
    started = recording.started
    aside = len(recording.timeline.set_aside)
    if recording.timeline.completed and not (failed and aside):
        left = f" Set aside: {aside}; --failed tries again what was set aside." if aside else ""
        typer.echo(f"Nothing to do: the run is completed.{left}", err=True)
        conclude(recording.timeline, recording.folder, json)
    catalog = whole(found)
    if started.origin is None:
        tasks = select(load(started.settings.dataset), ids=started.settings.tasks)
        open_tasks = _left(recording.timeline, failed)
        job = Job(
            run_id=started.run_id,
            folder=recording.folder,
            settings=started.settings,
            tasks=tasks,
            catalog=catalog,
            unfit=unfit_tasks(
                started.settings.dataset,
                [task for task in tasks if task.problem.task_id in open_tasks],
                check=check_data and bool(open_tasks),
                unsafe_sandbox=unsafe_sandbox,
            ),
        )
    else:
        job = resume_fork_job(recording, catalog)
        if job.parent is None:
            typer.echo(
                f"{recording.folder / started.origin.log}: the run that this one was forked from is gone. "
                "What was not copied yet is performed.",
                err=True,
            )
    job = msgspec.structs.replace(job, failed_too=failed)
    carry_out(partial(resume_job, accept_drift=accept_drift), job, json, ctx.obj, unsafe_sandbox)


def _left(timeline: "Timeline", failed: bool) -> set[str]:
    """Ids of the tasks to be worked on: without a verdict, those set aside only if that is asked for."""
    assert timeline.started is not None
    done = {case.id for case in timeline.graded}
    done |= set() if failed else {case.id for case in timeline.set_aside}
    return set(timeline.started.settings.tasks) - done
