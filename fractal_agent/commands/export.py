"""`export`: write a run in another format."""

from fractal_agent.commands.options import Json, Run, RunsDir


def export(run: Run, runs_dir: RunsDir = None, json: Json = False) -> None:
    """Write a run in another format."""
    raise NotImplementedError(run)
