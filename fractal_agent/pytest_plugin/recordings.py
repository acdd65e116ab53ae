"""Recorded runs as pytest items: a log is collected as a file, and each of its cases is a test."""

import shlex
from collections.abc import Iterator
from contextlib import AbstractContextManager, chdir, nullcontext, suppress
from pathlib import Path

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr
from _pytest._io import TerminalWriter

from events import LogError
from fractal_agent.catalog import CastMismatch, Catalog, PluginFailed, UnknownName
from fractal_agent.exits import exit_for
from fractal_agent.opening import Loaded, load_for
from fractal_agent.pytest_plugin import NOTE, PLUGINS, update_option
from fractal_agent.recording import Recording
from fractal_agent.replaying import Replayed, replay_run
from fractal_agent.rerecording import rerecord
from fractal_agent.runs import require_header
from replay.drift import Diverged
from replay.signals import Signal


class RunDiverged(AssertionError):
    """The code no longer does what was recorded; the message says where, with a diff, and what to do."""

    def __init__(self, replayed: Replayed, advice: str) -> None:
        first, *others = replayed.divergences
        changed = ", ".join(replayed.changed_roles) or "neither a role nor the architecture"
        self.head = [str(first), *_raised_at(first)]
        self.diff = first.diff()
        self.rest = [
            *(f"Diverges too: {other}" for other in others),
            f"Changed since it was recorded: {changed}.",
            advice,
        ]
        super().__init__("\n".join([*self.head, *self.diff, *self.rest]))


def _raised_at(diverged: Diverged) -> list[str]:
    """The line of code that raises what is raised now, where something is."""
    trace = diverged.error.__traceback__ if diverged.error else None
    if trace is None:
        return []
    while trace.tb_next:
        trace = trace.tb_next
    return [f"raised in {trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno}"]


class Recordings:
    """What the tests of one pytest run share: each plug-in and log is read, and each run recorded, once."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._loaded: dict[Path, Loaded] = {}
        self._read: dict[Path, Recording] = {}
        self._said: set[str] = set()
        self._refused: dict[Path, str] = {}
        """Why a run could not be recorded anew."""

    @classmethod
    def of(cls, config: pytest.Config) -> "Recordings":
        return config.stash.setdefault(_SHARED, cls(config))

    def loaded(self, folder: Path) -> Loaded:
        """The plug-ins of the run in a folder, or those that pytest's settings name, loaded.

        Raises:
            PluginFailed: one that pytest's settings name is missing or raises.
            LogError: the log is missing or has no header.
        """
        if folder not in self._loaded:
            named: list[str] = self._config.getini(PLUGINS)
            here = [str(self._config.rootpath / one) if one.endswith(".py") else one for one in named]
            try:
                self._loaded[folder] = load_for([folder], here)
            except PluginFailed as error:
                raise _elsewhere(error) from None
        return self._loaded[folder]

    def catalog(self, folder: Path) -> Catalog:
        """The roles and architectures with which the run in a folder replays.

        Raises:
            PluginFailed: a plug-in is missing or raises.
            UnknownName, CastMismatch: a role or the architecture of the run is not here.
        """
        loaded = self.loaded(folder)
        if loaded.catalog.lacking:
            raise _elsewhere(loaded.catalog.lacking[0])
        settings = require_header(folder).settings
        try:
            loaded.catalog.cast(settings.cast)
            loaded.catalog.architecture(settings.architecture)
        except (UnknownName, CastMismatch) as error:
            for note in loaded.notes:
                error.add_note(note)
            raise
        return loaded.catalog

    def recording(self, folder: Path) -> Recording:
        """The run in a folder, as far as its plug-ins let it be read; errors are the log's."""
        with suppress(PluginFailed):  # each of its tests fails with that
            self.loaded(folder)
        return Recording(folder)

    def check(self, item: pytest.Item, folder: Path, case: str | None = None) -> list[str]:
        """What is to be noted of a run, or one of its cases, that replays, if need be after an update.

        `item` is the test that asks.

        Raises:
            RunDiverged: it does not.
            LogError: the log is missing or damaged.
            PluginFailed, UnknownName, CastMismatch: as `catalog`; or the run has no such case.
        """
        __tracebackhide__ = True
        catalog = self.catalog(folder)
        if folder not in self._read:
            self._read[folder] = Recording(folder)
        replayed = replay_run(self._read[folder], catalog, cases=[case] if case else None)
        if not replayed.divergences:
            return [
                *self._news(folder),
                *(["unfinished; agrees as far as it goes"] if replayed.partial else []),
            ]
        if not self._config.getoption(NOTE):
            test = shlex.quote(item.nodeid)
            update = f"pytest {update_option(self._config)} {test}"
            raise RunDiverged(replayed, f"Undo the change or, to keep it, record the run anew: {update}")
        if folder not in self._refused:
            try:
                anew = self._update(folder, catalog)
                del self._read[folder]
                return [anew]
            except (Signal, OSError) as error:
                self._refused[folder] = _advised(error)
            except Exception as error:
                if exit_for(error) is None:
                    raise
                self._refused[folder] = _advised(error)
        raise RunDiverged(
            replayed, f"It could not be recorded anew and is as it was: {self._refused[folder]}"
        )

    def _news(self, folder: Path) -> list[str]:
        """What is to be known of the plug-ins of a run, each note once in a run of pytest."""
        news = [note for note in self.loaded(folder).notes if note not in self._said]
        self._said.update(news)
        return news

    def _update(self, folder: Path, catalog: Catalog) -> str:
        """What came of recording the run anew; its progress is seen, for a model takes its time."""
        from fractal_agent.commands.running import TerminalViewer
        from fractal_agent.terminal import Terminal

        console = Terminal(stderr=True)
        with self._uncaptured(), chdir(self._config.rootpath):
            console.print()
            return f"recorded anew: {rerecord(folder, catalog, TerminalViewer(console)).sentence}"

    def _uncaptured(self) -> AbstractContextManager[None]:
        capture = self._config.pluginmanager.getplugin("capturemanager")
        return capture.global_and_fixture_disabled() if capture else nullcontext()


def _elsewhere(error: PluginFailed) -> PluginFailed:
    if not getattr(error, "__notes__", []):
        error.add_note(f"If it lies elsewhere now, say where with {PLUGINS} in pytest's settings.")
    return error


_SHARED = pytest.StashKey[Recordings]()


def told(error: BaseException) -> str:
    """An error's message with its notes."""
    return "\n".join([str(error), *getattr(error, "__notes__", [])])


def _advised(error: BaseException) -> str:
    """The same without advice on options of commands, for which pytest has no place."""
    from fractal_agent.commands.advice import ENGINE, fitting

    return fitting(told(error), ENGINE)


class RecordingFile(pytest.File):
    """The log of one run."""

    def collect(self) -> Iterator["RecordedCase"]:
        try:
            recording = Recordings.of(self.config).recording(self.path.parent)
        except LogError as error:
            raise self.CollectError(str(error)) from error
        if not recording.timeline.cases:
            raise self.CollectError(
                f"{self.path}: the run stopped before its first case; nothing can replay."
            )
        for case in recording.timeline.cases:
            yield RecordedCase.from_parent(self, name=case)


class RecordedCase(pytest.Item):
    """One case: passes when it replays."""

    def setup(self) -> None:
        """Fails at once where the run cannot be replayed at all."""
        try:
            Recordings.of(self.config).catalog(self.path.parent)
        except Exception as error:
            if exit_for(error) is None:
                raise
            pytest.fail(told(error), pytrace=False)

    def runtest(self) -> None:
        for note in Recordings.of(self.config).check(self, self.path.parent, self.name):
            self.user_properties.append((NOTE, note))

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str | TerminalRepr:
        """The divergence alone: what raised it is no place in the user's code."""
        if isinstance(excinfo.value, RunDiverged):
            return _Divergence(excinfo.value, self.path)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.path.parent.name} {self.name}"


class _Divergence(TerminalRepr):
    """A divergence as a terminal shows it."""

    def __init__(self, diverged: RunDiverged, log: Path) -> None:
        self._diverged = diverged
        self.reprcrash = ReprFileLocation(str(log), 0, diverged.head[0])
        """From here pytest takes the line of its short summary."""

    def toterminal(self, tw: TerminalWriter) -> None:
        for line in self._diverged.head:
            tw.line(line, bold=True)
        for line in self._diverged.diff:
            tw.line(line, red=line.startswith("-"), green=line.startswith("+"), cyan=line.startswith("@@"))
        for line in self._diverged.rest:
            tw.line(line)
