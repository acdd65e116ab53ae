"""`blame`: find the step of a failed case that most often decides it."""

from typing import Annotated

import typer

from fractal_agent.commands.options import (
    AcceptDrift,
    BaseUrl,
    Json,
    OtherEngine,
    Plugins,
    Run,
    RunId,
    RunsDir,
    UnsafeSandbox,
)


def blame(
    ctx: typer.Context,
    run: Run,
    case: Annotated[str, typer.Argument(help="The failed case.", metavar="CASE")],
    samples: Annotated[int, typer.Option(help="How often each step is drawn.", metavar="N", min=1)] = 8,
    temperature: Annotated[
        float,
        typer.Option(
            help="At which a step is drawn that was recorded greedily.", metavar="T", min=0.01, max=2.0
        ),
    ] = 0.8,
    engine: OtherEngine = None,
    base_url: BaseUrl = None,
    plugin: Plugins = None,
    run_id: RunId = None,
    runs_dir: RunsDir = None,
    accept_drift: AcceptDrift = False,
    unsafe_sandbox: UnsafeSandbox = False,
    json: Json = False,
) -> None:
    """Find the step of a failed case that most often decides it.

    Draws each step of the model anew, many times, from what was recorded before it, lets the case go on from
    there, and tells how often a different answer at that step led to a pass. All samples are in a run of
    their own, which can be resumed: the same command with its --run-id goes on. The run's own model answers;
    --engine and --base-url say where else it is served.

    \b
    For example:
      blame latest HumanEval/44 --samples 16
    """  # noqa: D301 - the backspace keeps the lines apart
    from functools import partial

    from events import LOG_NAME
    from fractal_agent.answering import engine_edits, what_answers
    from fractal_agent.blaming import blame_job, blame_of, blaming_run, require_same_engine
    from fractal_agent.commands.fork import asked_of
    from fractal_agent.commands.options import runs_dir_or_default
    from fractal_agent.commands.reading import opened, say, whole
    from fractal_agent.commands.running import Report, carry_out
    from fractal_agent.forking import resume_fork_job
    from fractal_agent.recording import Recording
    from fractal_agent.report.blamed import render_blame
    from fractal_agent.runs import check_run_id, derived_run_id
    from fractal_agent.solving import resume, solve
    from replay.timeline import Timeline

    runs = runs_dir_or_default(runs_dir)
    found = opened(run, runs, plugin)
    parent, catalog = found.recording, whole(found)
    edits = engine_edits(parent.started.settings, asked_of({"engine": engine, "base_url": base_url}))
    free = derived_run_id(parent.started.run_id, "blame", runs)
    name = check_run_id(run_id) if run_id is not None else free

    def report(timeline: Timeline, folder: str) -> object:
        return blame_of(Recording(runs / name), parent)

    if (runs / name / LOG_NAME).exists():
        begun = blaming_run(runs / name, parent, case, samples, temperature)
        require_same_engine(begun, parent, edits)
        job = resume_fork_job(begun, catalog)
        say([what_answers(parent.started.settings, job.settings)])
        go_on = partial(resume, accept_drift=accept_drift)
        carry_out(go_on, job, json, ctx.obj, unsafe_sandbox, Report(report, render_blame))
    job = blame_job(
        parent,
        catalog,
        folder=runs / name,
        case=case,
        samples=samples,
        temperature=temperature,
        edits=edits,
    )
    say([what_answers(parent.started.settings, job.settings)])
    carry_out(solve, job, json, ctx.obj, unsafe_sandbox, Report(report, render_blame))
