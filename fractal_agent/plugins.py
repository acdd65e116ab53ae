"""Loading plug-ins: files and modules that a user names, and those that installed packages bring."""

import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import linecache
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec

from agents.role import Role, roles_in
from events.base import Event, known_events, misdeclared, withdraw
from events.upcast import forget_upcasters, known_tags, upcaster_module
from fractal_agent.architectures.base import Architecture, architectures_in
from replay.fingerprint import fingerprint

ENTRY_POINTS = "fractal_agent.plugins"
"""Packages that name a module in this entry-point group are loaded on every start."""

OFF = "FRACTAL_AGENT_PLUGINS=off"
"""What leaves out all plug-ins of installed packages."""

_CONTENT = "__fractal_agent_content__"
"""Where a plug-in's module keeps the digest of its file."""


class PluginFailed(Exception):
    """A plug-in could not be loaded, or brings a name that is taken.

    `place` is where in it that happened (`line 7`), `source` the text of that line.
    """

    def __init__(self, plugin: str, problem: str, *, place: str = "", source: str = "") -> None:
        where = f", {place}" if place else ""
        quoted = f"\n    {source}" if source else ""
        self.sentence = f"plug-in {plugin}{where}: {problem}."
        """The message in one line, without the text of the plug-in's own line."""
        super().__init__(self.sentence + quoted)
        self.plugin = plugin


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """What a plug-in brings, once it is loaded."""

    name: str
    """As an error tells of it: the file, the module, or its distribution and entry point."""
    key: str
    """As a run records it: the file, the module, or the name of the entry point."""
    identity: str
    """`my_roles 1.2 (my_roles.roles)` for an entry point, else the fingerprint of its source."""
    roles: Mapping[str, Role[Any, Any]]
    architectures: Mapping[str, Architecture]


class Installed(NamedTuple):
    """An entry point, and the distribution and version that bring it."""

    point: EntryPoint
    distribution: str

    @property
    def name(self) -> str:
        return f"{self.distribution} (entry point {self.point.name})"

    @property
    def identity(self) -> str:
        return f"{self.distribution} ({self.point.value})"


def located(plugin: str) -> str:
    """How a run remembers a plug-in: a file by its full path, so that it is found from any folder."""
    return str(Path(plugin).resolve()) if plugin.endswith(".py") else plugin


def load_named(plugin: str) -> Plugin:
    """The plug-in in that file or module.

    Raises:
        PluginFailed: it is missing, raises when it is imported, or declares what cannot work.
    """
    if plugin.endswith(".py"):
        path = Path(plugin).resolve()
        name = f"fractal_agent_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
        with _loading(plugin, name, [path]):
            module = _import_file(path, name)
    else:
        _look_here()
        with _loading(plugin, plugin, _homes(plugin)):
            module = importlib.import_module(plugin)
    return Plugin(
        name=plugin,
        key=located(plugin),
        identity=fingerprint(_source_of(module)),
        roles=roles_in(module),
        architectures=architectures_in(module),
    )


def load_installed(installed: Installed) -> Plugin:
    """The plug-in that an entry point names: a module, or one role or architecture in it.

    Raises:
        PluginFailed: as `load_named`.
    """
    roles, architectures = _imported(installed)
    return Plugin(
        name=installed.name,
        key=installed.point.name,
        identity=installed.identity,
        roles=roles,
        architectures=architectures,
    )


def _imported(installed: Installed) -> tuple[Mapping[str, Role[Any, Any]], Mapping[str, Architecture]]:
    point = installed.point
    name, _, attributes = (part.strip() for part in point.value.partition("[")[0].partition(":"))
    with _loading(installed.name, name, _homes(name)):
        if not name or not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"its value {point.value!r} names no module")
        module = importlib.import_module(name)
        found: object = module
        for attribute in filter(None, attributes.split(".")):
            found = getattr(found, attribute)
        return _brought(point, found)


def find_installed() -> tuple[list[Installed], list[PluginFailed]]:
    """The entry points of all installed packages, each once, and what cannot even be read of them."""
    try:
        points = list(importlib.metadata.entry_points(group=ENTRY_POINTS))
    except Exception:  # noqa: BLE001 - one package whose list is malformed; the others are asked one by one
        return _asked_one_by_one()
    return [Installed(point, _distribution_of(point.dist)) for point in points], []


def _asked_one_by_one() -> tuple[list[Installed], list[PluginFailed]]:
    found, failed = dict[tuple[str, str], Installed](), list[PluginFailed]()
    for dist in importlib.metadata.distributions():
        try:
            points = [point for point in dist.entry_points if point.group == ENTRY_POINTS]
        except Exception as error:  # noqa: BLE001 - as above
            if ENTRY_POINTS in (dist.read_text("entry_points.txt") or ""):
                failed.append(
                    PluginFailed(_distribution_of(dist), f"its entry_points.txt cannot be read: {error}")
                )
            continue
        for point in points:
            found.setdefault((point.name, point.value), Installed(point, _distribution_of(dist)))
    return list(found.values()), failed


def _distribution_of(dist: importlib.metadata.Distribution | None) -> str:
    """`my_roles 1.2`, as far as the package says."""
    told = []
    for field in ("name", "version"):
        try:
            told.append(str(getattr(dist, field)))
        except Exception:  # noqa: BLE001, S112 - a package without metadata raises one thing or another
            continue
    return " ".join(part for part in told if part != "None") or "a package without a name"


def _brought(
    point: EntryPoint, found: object
) -> tuple[Mapping[str, Role[Any, Any]], Mapping[str, Architecture]]:
    match found:
        case ModuleType():
            return roles_in(found), architectures_in(found)
        case Role():
            return {found.name: found}, {}
        case Architecture():
            return {}, {found.name: found}
    kind = type(found).__name__
    raise TypeError(f"{point.value} is a {kind}; expected a module, a role or an architecture")


@contextmanager
def _loading(plugin: str, module: str, homes: list[Path]) -> Iterator[None]:
    """While it is entered, a plug-in is imported as that module: what it prints goes to stderr.

    If it fails, its events and upcasters are taken back, and `PluginFailed` says where it failed.
    """
    before, tags = set(known_events()), known_tags()
    try:
        with redirect_stdout(sys.stderr):
            yield
        _refuse_misdeclared(plugin, set(known_events()) - before)
    except PluginFailed:
        sys.modules.pop(module, None)  # half of it is there, and would pass for a whole
        raise
    except BaseException as error:  # a plug-in may raise anything; it is reported with its name
        if isinstance(error, KeyboardInterrupt) and not _raised_by(error, homes):
            raise
        _take_back(set(known_events()) - before, known_tags() - tags)
        raise _failure(plugin, module, error, homes) from error


def _refuse_misdeclared(plugin: str, brought: Iterable[type[Event]]) -> None:
    """Raises `PluginFailed` for an event that no log can hold; all that came with it is taken back."""
    for cls in brought:
        if problem := misdeclared(cls):
            place = f"line {inspect.getsourcelines(cls)[1]}"
            withdraw(brought)
            for module in {one.__module__ for one in brought}:
                sys.modules.pop(module, None)
            raise PluginFailed(plugin, problem, place=place)


def _take_back(brought: set[type[Event]], tags: Iterable[str]) -> None:
    """Forgets what modules have declared that did not come to their end."""
    withdraw(cls for cls in brought if cls.__module__ not in sys.modules)
    forget_upcasters(tag for tag in tags if upcaster_module(tag) not in sys.modules)


def _failure(plugin: str, module: str, error: BaseException, homes: list[Path]) -> PluginFailed:
    file, line, source = _place(error, homes)
    place = f"line {line}" if line else ""
    if file and str(Path(plugin).resolve()) != file:
        place = f"{file}, {place}"
    told = error.msg if isinstance(error, SyntaxError) and line else str(error)
    named = told.replace(module, plugin) if _MODULE.fullmatch(module) else told
    told = _MODULE.sub(lambda name: _file_of(name[0]), named).removesuffix(".")
    problem = f"{type(error).__name__}: {told}" if told else type(error).__name__
    missing = not line and isinstance(error, FileNotFoundError | ModuleNotFoundError | TypeError | ValueError)
    return PluginFailed(plugin, problem + (_expected(plugin) if missing else ""), place=place, source=source)


_MODULE = re.compile(r"fractal_agent_plugin_\w+")


def _file_of(module: str) -> str:
    """The file of a plug-in's module, which is what a user knows it by."""
    return str(getattr(sys.modules.get(module), "__file__", module))


def _expected(plugin: str) -> str:
    if Path(f"{plugin}.py").is_file():
        return f"; the file is {plugin}.py"
    return "; expected a Python file or an importable module"


def _place(error: BaseException, homes: list[Path]) -> tuple[str, int, str]:
    """File, line and text of the innermost code of the plug-in that raised; of a syntax error, its own."""
    if isinstance(error, SyntaxError) and error.lineno and Path(error.filename or "").is_file():
        return str(error.filename), error.lineno, (error.text or "").strip()
    trace, found = error.__traceback__, ("", 0, "")
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if any(Path(file).is_relative_to(home) for home in homes):
            found = file, trace.tb_lineno, linecache.getline(file, trace.tb_lineno).strip()
        trace = trace.tb_next
    return found


def _raised_by(error: BaseException, homes: list[Path]) -> bool:
    """True when a line of the plug-in raises the error itself, so that it is no Ctrl-C."""
    return _place(error, homes)[2].startswith("raise")


def _homes(module: str) -> list[Path]:
    """Where the code of a module's package lies; nowhere for one that cannot be found."""
    try:
        spec = importlib.util.find_spec(module.partition(".")[0])
    except (ImportError, ValueError, AttributeError):
        return []
    if spec is None:
        return []
    return [Path(place) for place in spec.submodule_search_locations or filter(None, [spec.origin])]


def _look_here() -> None:
    """Lets modules in the working directory be found, after all that is installed."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)


def _import_file(path: Path, name: str) -> ModuleType:
    """The module in that file: the one that is there already, unless the file has changed since."""
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    if getattr(there := sys.modules.get(name), _CONTENT, "") == content and there is not None:
        return there  # a second one would make second classes of its events, which equal none of the first
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    setattr(module, _CONTENT, content)
    return module


def _source_of(module: ModuleType) -> str:
    """The text of the module; empty where it has none."""
    try:
        return inspect.getsource(module)
    except (OSError, TypeError):
        return ""
