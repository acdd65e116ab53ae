"""`solve`: run an architecture on a data set and leave a log."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fractal_agent.commands.options import Json, Plugins, RunsDir, UnsafeSandbox


def solve(
    ctx: typer.Context,
    dataset: Annotated[
        str,
        typer.Option(
            help="`humaneval`, `humaneval+`, `mbpp+`, or a JSONL file; see docs/datasets.md.",
            metavar="NAME|FILE",
        ),
    ] = "humaneval",
    limit: Annotated[int | None, typer.Option(help="Only the first N problems.", metavar="N", min=1)] = None,
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
    engine: Annotated[str, typer.Option(help="vllm, openai or scripted.", metavar="NAME")] = "vllm",
    base_url: Annotated[
        str | None,
        typer.Option(help="Server for --engine openai; the key is $OPENAI_API_KEY.", metavar="URL"),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(
            help="Answers for --engine scripted, as JSONL.", metavar="FILE", exists=True, dir_okay=False
        ),
    ] = None,
    concurrency: Annotated[
        int, typer.Option(help="Problems in flight at most; 0 is all of them.", metavar="N", min=0)
    ] = 0,
    seed: Annotated[int, typer.Option(help="What all seeds are derived from.", metavar="S")] = 0,
    rounds: Annotated[int, typer.Option(help="Plan revisions at most.", metavar="K", min=0)] = 2,
    candidates: Annotated[
        int,
        typer.Option(
            help="Answers that `resample` draws after a first failed; `redraft` at most twice as many.",
            metavar="N",
            min=0,
        ),
    ] = 8,
    feedback: Annotated[
        Literal["visible", "oracle"],
        typer.Option(help="What the Critic may run: visible examples, or hidden tests as well."),
    ] = "visible",
    cast: Annotated[
        list[str] | None,
        typer.Option(
            help="Let one role play another's part: critic=skeptic. Repeatable.", metavar="PART=ROLE"
        ),
    ] = None,
    plugin: Plugins = None,
    runs_dir: RunsDir = None,
    run_id: Annotated[
        str | None, typer.Option(help="Name of the run.  [default: time and architecture]", metavar="ID")
    ] = None,
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
    from fractal_agent.catalog import UnknownName, load_catalog, located
    from fractal_agent.commands.options import runs_dir_or_default
    from fractal_agent.commands.running import carry_out, only_with, parts
    from fractal_agent.config import DEFAULT_MODEL
    from fractal_agent.datasets import load, select
    from fractal_agent.engines import ENGINES
    from fractal_agent.job import Job
    from fractal_agent.runs import check_run_id, new_run_id
    from fractal_agent.solving import solve as solve_job

    catalog = load_catalog(plugin or [])
    catalog.architecture(architecture)
    if engine not in ENGINES:
        raise UnknownName("engine", engine, ENGINES)
    only_with("--script", script, "scripted", engine)
    only_with("--base-url", base_url, "openai", engine)
    chosen = parts(cast or [])
    catalog.cast(chosen)
    tasks = select(load(dataset), ids=task or (), limit=limit)
    runs = runs_dir_or_default(runs_dir)
    name = check_run_id(run_id) if run_id else new_run_id(architecture, datetime.now(), runs)
    settings = Settings(
        dataset=dataset,
        tasks=tuple(one.problem.task_id for one in tasks),
        architecture=architecture,
        model=model or ("none" if engine == "scripted" else DEFAULT_MODEL),
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
    )
    job = Job(run_id=name, folder=runs / name, settings=settings, tasks=tasks, catalog=catalog)
    carry_out(solve_job, job, json, ctx.obj, unsafe_sandbox)
