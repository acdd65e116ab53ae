"""`diff`: compare two runs by path."""

from fractal_agent.commands.options import Json, Run, RunsDir


def diff(run: Run, other: Run, runs_dir: RunsDir = None, json: Json = False) -> None:
    """Compare two runs by path."""
    raise NotImplementedError(run)
