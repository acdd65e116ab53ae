"""Opening a recorded run: its plug-ins are loaded first, because their events are in its log."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from events import LOG_NAME, EventMisfit, LogError, LogReader, Unknown
from fractal_agent.catalog import Catalog, load_catalog
from fractal_agent.config import installed_plugins_wanted, misread_plugins_setting
from fractal_agent.plugins import OFF
from fractal_agent.recording import Recording
from fractal_agent.runs import require_header

_UP = 4
"""In how many folders a plug-in that has moved is looked for: the run's own, and those above it."""


class Loaded(NamedTuple):
    """What a run can be read with."""

    catalog: Catalog
    """Its `lacking` says which of the run's own plug-ins are not here; `whole()` raises for them."""
    plugins: tuple[str, ...]
    """The files and modules that were loaded, where they lie today."""
    notes: tuple[str, ...]
    """What a reader has to know: plug-ins that are broken, missing or moved."""


class Opened(NamedTuple):
    """A run, read with the plug-ins that it needs."""

    recording: Recording
    loaded: Loaded

    @property
    def catalog(self) -> Catalog:
        """All that the run needs.

        Raises:
            PluginFailed: one of its own plug-ins cannot be loaded.
        """
        return self.loaded.catalog.whole()


def open_recording(folder: Path, plugins: Sequence[str] = ()) -> Opened:
    """The run in a folder, read after its plug-ins are loaded; arguments and errors as `load_for`.

    Raises:
        LogError: the log is missing or damaged, or holds an event of a plug-in whose class has changed.
    """
    loaded = load_for([folder], plugins)
    return Opened(Recording(folder), loaded)


def load_for(folders: Sequence[Path], plugins: Sequence[str] = ()) -> Loaded:
    """Loads what the runs in these folders need to be read: the given plug-ins, else the runs' own.

    A file that a run names and that has moved is looked for beside the run, by the end of its path.
    Plug-ins of the run's own that cannot be loaded are left out: their events are read as data.

    Raises:
        PluginFailed: a given plug-in cannot be loaded.
        LogForeign, LogMissing: there is no log, or it has no header.
    """
    headers = [require_header(folder) for folder in folders]
    notes: list[str] = []
    named = list(plugins)
    if not plugins:
        for folder, header in zip(folders, headers, strict=True):
            named += [where_now(plugin, folder.resolve(), notes) for plugin in header.settings.plugins]
    named = list(dict.fromkeys(named))
    catalog = load_catalog(named, required=bool(plugins))
    notes += broken_notes(catalog)
    for folder in folders:
        notes += _absent_notes(folder, catalog)
    return Loaded(catalog, tuple(named), tuple(dict.fromkeys(notes)))


def broken_notes(catalog: Catalog) -> list[str]:
    """One note for each installed plug-in that was left out, and one for a setting that is misread."""
    notes = [f"warning: {failed}\nIt is left out." for failed in catalog.broken]
    if value := misread_plugins_setting():
        notes.append(
            f"warning: FRACTAL_AGENT_PLUGINS is {value!r}; expected off. Installed plug-ins are loaded."
        )
    return notes


def where_now(plugin: str, folder: Path, notes: list[str]) -> str:
    """Where the plug-in of a run in that folder lies today; as the run names it where it is nowhere."""
    if not plugin.endswith(".py") or Path(plugin).is_file():
        return plugin
    parts = [part for part in re.split(r"[\\/]", plugin) if part]
    for base in [folder, *folder.parents][:_UP]:
        for count in range(min(_UP, len(parts)), 0, -1):
            moved = base.joinpath(*parts[-count:])
            if moved.is_file():
                notes.append(f"note: plug-in {plugin} is not there any more; {moved} is used in its place.")
                return str(moved)
    return plugin


def _absent_notes(folder: Path, catalog: Catalog) -> Iterator[str]:
    """What the run was made with and is not here, where something in the run depends on it."""
    header = require_header(folder)
    settings, recorded = header.settings, dict(header.provenance.plugins)
    missing = [
        f"this run used {_told(identity)}, {_instead(key, catalog)}"
        for key, identity in recorded.items()
        if identity.endswith(")") and catalog.plugins.get(key) != identity
    ]
    missing += [failed.sentence.removesuffix(".") for failed in catalog.lacking]
    if not missing:
        return
    types, misfit = _unread(folder)
    unknown = {*settings.cast.values()} - catalog.roles.keys() | {
        settings.architecture
    } - catalog.architectures.keys()
    if types or misfit or unknown:
        shown = f"; events of type {', '.join(types)} are shown as data" if types else ""
        for sentence in missing:
            yield f"note: {sentence}{shown}."


def _told(identity: str) -> str:
    """`my_roles 1.2 (my_roles.roles)` as `my_roles 1.2 (entry point my_roles.roles)`."""
    name, _, module = identity.rpartition(" (")
    return f"{name} (entry point {module}" if name else identity


def _instead(key: str, catalog: Catalog) -> str:
    """What is here in the place of an entry point that a run was made with."""
    if key in catalog.plugins:
        return f"and {_told(catalog.plugins[key])} is installed"
    if not installed_plugins_wanted():
        return f"which {OFF} leaves out"
    broken = any(f"(entry point {key})" in failed.plugin for failed in catalog.broken)
    return "which does not load" if broken else "which is not installed"


def _unread(folder: Path) -> tuple[list[str], bool]:
    """The types of events that no class here is of, in order; and whether a class has changed."""
    types: dict[str, None] = {}
    try:
        for entry in LogReader(folder / LOG_NAME):
            if isinstance(entry.event, Unknown):
                types[entry.event.type] = None
    except EventMisfit:
        return list(types), True
    except LogError:
        pass  # whoever reads the run next says so
    return list(types), False
