"""`experiment`: every architecture, model and seed on the same problems, and one table of them all."""

from pathlib import Path
from typing import Annotated

import typer

from fractal_agent.commands.options import (
    AcceptDrift,
    BaseUrl,
    Candidates,
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
    Script,
    Temperature,
    UnsafeSandbox,
)
from fractal_agent.exits import Exit


def experiment(
    ctx: typer.Context,
    architectures: Annotated[
        str, typer.Option(help="Names with commas between them; `architectures` lists them.", metavar="A,B")
    ] = "baseline,flat,tree,guided,repair",
    dataset: Dataset = "humaneval",
    subset: Annotated[
        str | None,
        typer.Option(
            help="Only these problems: a list's name, a file of ids, or ids.", metavar="NAME|FILE|IDS"
        ),
    ] = None,
    limit: Limit = None,
    models: Annotated[
        str | None,
        typer.Option(
            help="Hub ids or folders, with commas between.  [default: Qwen/Qwen2.5-Coder-0.5B-Instruct]",
            metavar="M,N",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many: 0, 1, and so on.", metavar="N", min=1)] = 1,
    feedback: Feedback = "visible",
    rounds: Rounds = 2,
    candidates: Candidates = 8,
    max_tokens: MaxTokens = None,
    temperature: Temperature = None,
    engine: Engine = "vllm",
    base_url: BaseUrl = None,
    script: Script = None,
    concurrency: Concurrency = 0,
    plugin: Plugins = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Where the cells lie.  [default: experiment in the folder of runs]", metavar="DIR"),
    ] = None,
    apart: Annotated[
        bool, typer.Option("--apart", help="Ask anew in each cell, also for what another was answered.")
    ] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Only write the report anew, from the cells that are there.")
    ] = False,
    accept_drift: AcceptDrift = False,
    check_data: CheckData = True,
    unsafe_sandbox: UnsafeSandbox = False,
    json: Json = False,
) -> None:
    """Compare architectures on the same problems.

    One run a model, seed and architecture, each in a folder of its own in --out; then a table, its data and a
    picture. The same command goes on where it was stopped; what is completed is not run again.

    \b
    For example:
      experiment --limit 20 --out runs/first
      experiment --architectures baseline,repair,resample --seeds 3 --out runs/three-seeds
      experiment --report --out runs/first
    """  # noqa: D301 - the backspace keeps the lines apart
    from events import Settings
    from fractal_agent.catalog import located
    from fractal_agent.commands._data import unfit_tasks
    from fractal_agent.commands.comparing import compare, listed, show_report
    from fractal_agent.commands.options import runs_dir_or_default
    from fractal_agent.commands.reading import loaded, say
    from fractal_agent.commands.running import budgets, check_engine, default_model, temperatures
    from fractal_agent.datasets import load, select
    from fractal_agent.experiment import Experiment, subset_ids
    from fractal_agent.opening import load_for
    from fractal_agent.runs import run_folders

    folder = out or runs_dir_or_default(None) / "experiment"
    if report:
        if not run_folders(folder):
            raise typer.BadParameter(f"--report: no cells lie in {folder}; run the experiment first")
        say(load_for(run_folders(folder), plugin or ()).notes)
        problem, _ = show_report(folder, json)
        if problem:
            typer.echo(f"error: {problem}", err=True)
            raise typer.Exit(Exit.FAILED)
        return
    catalog = loaded(plugin)
    chosen = listed("--architectures", architectures)
    for name in chosen:
        catalog.architecture(name)
    check_engine(engine, base_url=base_url, script=script)
    tasks = select(load(dataset), ids=() if subset is None else subset_ids(subset), limit=limit)
    for name in chosen:
        catalog.architecture(name).check(one.problem for one in tasks)
    shared = Settings(
        dataset=dataset,
        tasks=tuple(one.problem.task_id for one in tasks),
        architecture="",
        model="",
        engine=engine,
        rounds=rounds,
        concurrency=concurrency,
        plugins=tuple(located(one) for one in plugin or ()),
        base_url=base_url or "",
        script=str(script) if script else "",
        feedback=feedback,
        candidates=candidates,
        max_tokens=budgets(max_tokens or (), catalog),
        temperature=temperatures(temperature or (), catalog),
    )
    made = Experiment(
        settings=shared,
        architectures=chosen,
        models=listed("--models", default_model(engine) if models is None else models),
        seeds=range(seeds),
        tasks=tasks,
        catalog=catalog,
        folder=folder,
        share=not apart,
        accept_drift=accept_drift,
        unsafe_sandbox=unsafe_sandbox,
        unfit=unfit_tasks(dataset, tasks, check=check_data, unsafe_sandbox=unsafe_sandbox),
    )
    compare(made, json, ctx.obj)
