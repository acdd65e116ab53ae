"""`solve`: run an architecture on a data set and leave a log."""

from typing import Annotated

import typer

from fractal_agent.commands.options import (
    BaseUrl,
    Candidates,
    Cast,
    CheckData,
    Concurrency,
    Dataset,
    Engine,
    Feedback,
    Json,
    Limit,
    MaxTokens,
    Plugins,
    Rounds,
    RunsDir,
    Script,
    Temperature,
    UnsafeSandbox,
)


def solve(
    ctx: typer.Context,
    dataset: Dataset = "humaneval",
    limit: Limit = None,
    task: Annotated[
        list[str] | None, typer.Option(help="Only this problem. Repeatable.", metavar="ID")
    ] = None,
    architecture: Annotated[
        str, typer.Option(help="How the roles work together; `architectures` lists them.", metavar="NAME")
    ] = "repair",
    model: Annotated[
        str | None,
        typer.Option(
            help="A hub id or a folder of weights.  [default: Qwen/Qwen2.5-Coder-0.5B-Instruct]",
            metavar="MODEL",
        ),
    ] = None,
    engine: Engine = "vllm",
    base_url: BaseUrl = None,
    script: Script = None,
    concurrency: Concurrency = 0,
    seed: Annotated[int, typer.Option(help="What all seeds are derived from.", metavar="S")] = 0,
    rounds: Rounds = 2,
    candidates: Candidates = 8,
    feedback: Feedback = "visible",
    max_tokens: MaxTokens = None,
    temperature: Temperature = None,
    cast: Cast = None,
    plugin: Plugins = None,
    runs_dir: RunsDir = None,
    run_id: Annotated[
        str | None, typer.Option(help="Name of the run.  [default: time and architecture]", metavar="ID")
    ] = None,
    check_data: CheckData = True,
    unsafe_sandbox: UnsafeSandbox = False,
    json: Json = False,
) -> None:
    """Solve problems, and log everything that happens.

    \b
    For example:
      solve --limit 10
      solve --task HumanEval/3 --architecture baseline
      solve --engine openai --base-url http://localhost:8000/v1 --model NAME
    """  # noqa: D301 - the backspace keeps the lines apart
    from datetime import datetime

    from events import Settings
    from fractal_agent.catalog import located
    from fractal_agent.commands._data import unfit_tasks
    from fractal_agent.commands.options import runs_dir_or_default
    from fractal_agent.commands.reading import loaded
    from fractal_agent.commands.running import (
        budgets,
        carry_out,
        check_engine,
        default_model,
        parts,
        temperatures,
    )
    from fractal_agent.datasets import load, select
    from fractal_agent.job import Job
    from fractal_agent.runs import check_run_id, new_run_id
    from fractal_agent.solving import solve as solve_job

    catalog = loaded(plugin)
    catalog.architecture(architecture)
    check_engine(engine, base_url=base_url, script=script)
    chosen = parts(cast or [])
    catalog.cast(chosen)
    tasks = select(load(dataset), ids=task or (), limit=limit)
    runs = runs_dir_or_default(runs_dir)
    name = check_run_id(run_id) if run_id is not None else new_run_id(architecture, datetime.now(), runs)
    settings = Settings(
        dataset=dataset,
        tasks=tuple(one.problem.task_id for one in tasks),
        architecture=architecture,
        model=model or default_model(engine),
        engine=engine,
        seed=seed,
        rounds=rounds,
        concurrency=concurrency,
        cast=chosen,
        plugins=tuple(located(one) for one in plugin or ()),
        base_url=base_url or "",
        script=str(script) if script else "",
        feedback=feedback,
        candidates=candidates,
        max_tokens=budgets(max_tokens or (), catalog),
        temperature=temperatures(temperature or (), catalog),
    )
    catalog.architecture(architecture).check(one.problem for one in tasks)
    unfit = unfit_tasks(dataset, tasks, check=check_data, unsafe_sandbox=unsafe_sandbox)
    job = Job(run_id=name, folder=runs / name, settings=settings, tasks=tasks, catalog=catalog, unfit=unfit)
    carry_out(solve_job, job, json, ctx.obj, unsafe_sandbox)
