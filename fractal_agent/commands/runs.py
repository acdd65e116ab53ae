"""`runs`: the runs on disk."""

from fractal_agent.commands.options import Json, RunsDir


def runs(runs_dir: RunsDir = None, json: Json = False) -> None:
    """List the runs, oldest first.

    \b
    For example:
      runs --runs-dir examples
    """  # noqa: D301 - the backspace keeps the lines apart
    from fractal_agent.commands.options import console, print_json, runs_dir_or_default
    from fractal_agent.report.listing import list_runs, render_runs

    folder = runs_dir_or_default(runs_dir)
    listed = list_runs(folder)
    if json:
        print_json(listed)
    elif listed:
        console().print(render_runs(listed), crop=False)
    else:
        from fractal_agent.config import program

        print(f"No runs in {folder} yet. Make one: {program()} solve --limit 10")
