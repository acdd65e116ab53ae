"""Salvage of a damaged run: a new run of what is undamaged and what a replay still comes by."""

import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import anyio
import msgspec

from events import LOG_NAME, LogCorrupt, LogError, LogForeign, LogReader, LostPart, RunStarted
from events.log import write_log
from events.rewritten import restored
from events.salvage import Remains, remains_of, write_remains
from events.wreck import Wreck, read_wreck
from fractal_agent.bus import open_bus
from fractal_agent.catalog import CastMismatch, Catalog, PluginFailed, UnknownName, load_catalog
from fractal_agent.opening import load_for, where_now
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_case
from replay.drift import Diverged
from replay.policy import RecordingEnded, Strict


class Salvaged(msgspec.Struct, frozen=True, kw_only=True):
    """What `salvage --json` prints."""

    run_id: str
    log: str
    """Path of the new log."""
    source: str
    """Path of the damaged one, which was not touched."""
    kept: int
    """Lines of the damaged log that are in the new one."""
    lost: tuple[LostPart, ...]
    dropped: tuple[LostPart, ...]
    reopened: tuple[str, ...]
    followed: bool
    """False when the roles are not here: reopened cases then end before the first line that is lost."""


def is_damaged(folder: Path) -> bool:
    """False for a log that can be read to its end; a torn tail is no damage, `resume` sets it aside.

    Raises:
        LogMissing: there is no log.
    """
    try:
        for _ in LogReader(folder / LOG_NAME):
            pass
    except (LogCorrupt, LogForeign):
        return True
    return False


def prepare_salvage(folder: Path, plugins: Sequence[str] = ()) -> tuple[str, ...]:
    """Loads the plug-ins of a run that may be damaged, and returns what a reader has to know of them.

    Raises:
        PluginFailed: one of `plugins` cannot be loaded.
        EventMisfit: an event is not as the class of its plug-in is now, which is no damage.
    """
    try:
        return load_for([folder], plugins).notes
    except LogError:  # the header is damaged, and a search of the whole file may still find it
        return ()


def salvage_run(folder: Path, into: Path, plugins: Sequence[str] = ()) -> Salvaged:
    """Makes the run `into` of what is left of the damaged one in `folder`, which stays as it is.

    `plugins` are the run's own by default. A reopened case keeps what a replay of it comes by.

    Raises:
        LogForeign, LogUnsalvageable: nothing can be made of it.
        LogExists, LogUnwritable, LogLocked, LogWriteFailed: the new log cannot be written.
        PluginFailed, UnknownName, CastMismatch: the plug-ins that were named are not those of the run.
    """
    log = folder / LOG_NAME
    if put_right := _put_right(log, into):
        return put_right
    catalog = _catalog(read_wreck(log).header, folder, plugins)
    wreck = read_wreck(log)  # once more, because the events of plug-ins are known only now
    remains = remains_of(wreck)
    if remains.reopened:
        remains = remains.narrowed(_reached(remains, wreck, catalog) if catalog else {})
    account = write_remains(remains, wreck, source=log.resolve(), folder=into, run_id=into.name)
    return Salvaged(
        run_id=into.name,
        log=str(into / LOG_NAME),
        source=account.source,
        kept=len(remains.kept),
        lost=account.lost,
        dropped=account.dropped,
        reopened=account.reopened,
        followed=catalog is not None,
    )


def _put_right(log: Path, into: Path) -> Salvaged | None:
    """The run `into` with the log as it was before another program rewrote it, byte for byte.

    None where that is not what is wrong with it.
    """
    content = restored(log.read_bytes())
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / LOG_NAME
        copy.write_bytes(content)
        reader = LogReader(copy)
        try:
            header, *_ = [entry.event for entry in reader]
        except LogError:
            return None
    if not isinstance(header, RunStarted):
        return None
    write_log(into, content[: reader.end])
    return Salvaged(
        run_id=header.run_id,
        log=str(into / LOG_NAME),
        source=str(log.resolve()),
        kept=reader.lines,
        lost=(),
        dropped=(),
        reopened=(),
        followed=True,
    )


def _catalog(header: RunStarted, folder: Path, plugins: Sequence[str]) -> Catalog | None:
    """The roles and architectures of the run; None when its own plug-ins are not here any more."""
    try:
        own = [where_now(plugin, folder.resolve(), []) for plugin in header.settings.plugins]
        catalog = load_catalog(plugins or own)
        catalog.architecture(header.settings.architecture)
        catalog.cast(header.settings.cast)
    except (PluginFailed, UnknownName, CastMismatch):
        if plugins:
            raise
        return None
    return catalog


def _reached(remains: Remains, wreck: Wreck, catalog: Catalog) -> Mapping[str, Collection[str]]:
    """For each reopened case, the paths that a replay comes by before it misses something."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_remains(remains, wreck, source=folder, folder=folder, run_id="run")
        return anyio.run(_follow, Recording(folder), catalog, list(remains.reopened))


async def _follow(
    recording: Recording, catalog: Catalog, cases: Sequence[str]
) -> Mapping[str, Collection[str]]:
    settings = recording.started.settings
    architecture, cast = catalog.architecture(settings.architecture), catalog.cast(settings.cast)
    reached: dict[str, Collection[str]] = {}
    async with open_bus() as bus:
        for case in recording.timeline.cases.keys() & cases:
            policy = Strict(recording.journal, [case])
            try:
                await replay_case(recording, case, architecture, cast, policy, bus)
            except RecordingEnded:
                pass
            except Diverged as diverged:
                if diverged.now is not None or diverged.error is not None:
                    continue  # the roles no longer do what they did, so they tell nothing of what is lost
            reached[case] = policy.effects | policy.facts
    return reached
