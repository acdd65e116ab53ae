"""`resume`: go on with a run that was stopped."""

from fractal_agent.commands.options import Json, Run, RunsDir


def resume(run: Run, runs_dir: RunsDir = None, json: Json = False) -> None:
    """Go on with a run that was stopped; what is recorded is not done again."""
    from fractal_agent.catalog import load_catalog
    from fractal_agent.commands.options import runs_dir_or_default
    from fractal_agent.commands.running import carry_out
    from fractal_agent.datasets import load, select
    from fractal_agent.runs import find_run, require_header
    from fractal_agent.solving import Job
    from fractal_agent.solving import resume as resume_job

    folder = find_run(run, runs_dir_or_default(runs_dir))
    started = require_header(folder)
    settings = started.settings
    job = Job(
        run_id=started.run_id,
        folder=folder,
        settings=settings,
        tasks=select(load(settings.dataset), ids=settings.tasks),
        catalog=load_catalog(settings.plugins),
    )
    carry_out(resume_job, job, json)
