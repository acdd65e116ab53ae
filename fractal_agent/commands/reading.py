"""What commands have in common that read a run: find it, load its plug-ins, say what is missing."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from fractal_agent.catalog import Catalog
    from fractal_agent.opening import Opened


def opened(run: str, runs_dir: Path | None, plugin: Sequence[str] | None) -> "Opened":
    """The run that is meant, read with its plug-ins or those given; what is missing is said on stderr.

    Raises:
        RunNotFound, PluginFailed, LogError: as `find_run` and `open_recording`.
    """
    from fractal_agent.commands.options import runs_dir_or_default
    from fractal_agent.opening import Opened, load_for
    from fractal_agent.recording import Recording
    from fractal_agent.runs import find_run

    folder = find_run(run, runs_dir_or_default(runs_dir))
    loaded = load_for([folder], plugin or ())
    say(loaded.notes)  # before the log is read, because they may explain why it cannot be
    return Opened(Recording(folder), loaded)


def whole(found: "Opened") -> "Catalog":
    """All roles and architectures that the run needs.

    Raises:
        PluginFailed: a plug-in of its own cannot be loaded; the message says what stands in for it.
    """
    from fractal_agent.catalog import PluginFailed

    try:
        return found.catalog
    except PluginFailed as failed:
        advice = f"{failed.sentence} The run names it. If it lies elsewhere now, say where with --plugin."
        failed.args = (str(failed).replace(failed.sentence, advice, 1),)
        raise


def located_runs(runs: Iterable[str], runs_dir: Path | None, plugin: Sequence[str] | None) -> list[Path]:
    """The folders of the runs that are meant, whose plug-ins are now loaded; as `opened`."""
    from fractal_agent.commands.options import runs_dir_or_default
    from fractal_agent.opening import load_for
    from fractal_agent.runs import find_run

    folders = [find_run(run, runs_dir_or_default(runs_dir)) for run in runs]
    say(load_for(folders, plugin or ()).notes)
    return folders


def loaded(plugin: Sequence[str] | None) -> "Catalog":
    """Everything there is to choose from; an installed plug-in that is broken is told of on stderr.

    Raises:
        PluginFailed: a given plug-in cannot be loaded.
    """
    from fractal_agent.catalog import load_catalog
    from fractal_agent.opening import broken_notes

    catalog = load_catalog(plugin or ())
    say(broken_notes(catalog))
    return catalog


def say(notes: Iterable[str]) -> None:
    """Prints notes on stderr, which leaves what --json prints alone."""
    from fractal_agent.terminal import visible

    for note in notes:
        typer.echo(visible(note), err=True)
