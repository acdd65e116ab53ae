"""`fork`: run a case again from an edited record."""

from fractal_agent.commands.options import Json, Run, RunsDir


def fork(run: Run, runs_dir: RunsDir = None, json: Json = False) -> None:
    """Run a case again from an edited record."""
    raise NotImplementedError(run)
