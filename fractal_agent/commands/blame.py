"""`blame`: find the step of a failed case that most often decides it."""

from fractal_agent.commands.options import Json, Run, RunsDir


def blame(run: Run, runs_dir: RunsDir = None, json: Json = False) -> None:
    """Find the step of a failed case that most often decides it."""
    raise NotImplementedError(run)
