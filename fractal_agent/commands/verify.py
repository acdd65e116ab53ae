"""`verify`: check a run's log, line by line and cause by cause."""

from fractal_agent.commands.options import Json, Plugins, Run, RunsDir


def verify(run: Run, plugin: Plugins = None, runs_dir: RunsDir = None, json: Json = False) -> None:
    """Check a run's log, line by line and cause by cause."""
    raise NotImplementedError(run)
