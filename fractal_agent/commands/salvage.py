"""`salvage`: write what is good of a damaged log into a new run."""

from fractal_agent.commands.options import Json, Run, RunsDir


def salvage(run: Run, runs_dir: RunsDir = None, json: Json = False) -> None:
    """Write what is good of a damaged log into a new run."""
    raise NotImplementedError(run)
