"""Which roles and architectures there are: the built-in ones, and those that plug-ins bring."""

import difflib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import msgspec

from agents.role import Role, built_in_roles, roles_in
from fractal_agent.architectures.base import Architecture, architectures_in, built_in_architectures

ENTRY_POINTS = "fractal_agent.plugins"
"""Packages that name a module in this entry-point group are loaded on every start."""

Value = TypeVar("Value")
_LISTED = 12
"""How many names an error lists one by one."""


class UnknownName(Exception):
    """A name that stands for nothing here; the message lists those that do, or the nearest `of` so many."""

    def __init__(self, kind: str, name: str, valid: Iterable[str], *, of: int = 0) -> None:
        names = list(dict.fromkeys(valid))
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        few = len(names) <= _LISTED
        listed = ", ".join(sorted(names)) if few else f"the {len(names)} from {names[0]} to {names[-1]}"
        which = f"the nearest of {of}" if of > len(names) else "valid"
        super().__init__(f"unknown {kind} {name!r}: {hint}{which} are {listed}")


class PluginFailed(Exception):
    """A plug-in could not be loaded, or brings a name that is taken."""

    def __init__(self, plugin: str, problem: str) -> None:
        super().__init__(f"plug-in {plugin}: {problem}.")


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    roles: Mapping[str, Role[Any, Any]]
    architectures: Mapping[str, Architecture]

    def role(self, name: str) -> Role[Any, Any]:
        """The role of that name; `UnknownName` when there is none."""
        return _find("role", name, self.roles)

    def architecture(self, name: str) -> Architecture:
        """The architecture of that name; `UnknownName` when there is none."""
        return _find("architecture", name, self.architectures)

    def cast(self, parts: Mapping[str, str]) -> dict[str, Role[Any, Any]]:
        """Role name to the role that plays it.

        Raises:
            UnknownName: a name is not a role's.
            CastMismatch: the player takes or returns other events than the part.
        """
        players = {part: self.role(player) for part, player in parts.items()}
        for part, player in players.items():
            if not player.can_play(self.role(part)):
                raise CastMismatch(player, self.role(part))
        return players


class CastMismatch(Exception):
    """A role was cast for a part whose events it does not take or return."""

    def __init__(self, player: Role[Any, Any], part: Role[Any, Any]) -> None:
        super().__init__(
            f"role {player!r} cannot play {part!r}: it must take all that the part takes "
            "and return nothing that the part does not"
        )


def located(plugin: str) -> str:
    """How a run remembers a plug-in: a file by its full path, so that it is found from any folder."""
    return str(Path(plugin).resolve()) if plugin.endswith(".py") else plugin


def load_catalog(plugins: Sequence[str] = ()) -> Catalog:
    """Everything built in, installed through entry points, and in the given files or modules.

    Raises:
        PluginFailed: a plug-in is missing or raises when it is imported.
    """
    roles, architectures = dict(built_in_roles()), dict(built_in_architectures())
    installed = [point.value for point in importlib.metadata.entry_points(group=ENTRY_POINTS)]
    for plugin in dict.fromkeys([*installed, *plugins]):
        module = _import(plugin)
        _add(plugin, "role", roles, roles_in(module))
        _add(plugin, "architecture", architectures, architectures_in(module))
    return Catalog(roles=roles, architectures=architectures)


def _add(plugin: str, kind: str, known: dict[str, Value], brought: Mapping[str, Value]) -> None:
    """Adds what the plug-in brings; what it has imported from here is the same object and no clash."""
    for name, value in brought.items():
        if known.setdefault(name, value) is not value:
            raise PluginFailed(
                plugin, f"there is a {kind} {name!r} already: choose another name, and --cast it"
            )


def _import(plugin: str) -> ModuleType:
    try:
        return _import_file(Path(plugin)) if plugin.endswith(".py") else _import_module(plugin)
    except (Exception, SystemExit) as error:  # a plug-in may raise anything; it is reported with its name
        missing = isinstance(error, FileNotFoundError | ModuleNotFoundError)
        advice = "; expected a Python file or an importable module (--plugin)" if missing else ""
        raise PluginFailed(plugin, f"{type(error).__name__}: {error}{advice}") from error


def _import_module(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # Last, so that nothing in it stands in for a module of somebody else's.
    return importlib.import_module(name)


def _import_file(path: Path) -> ModuleType:
    place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    name = f"fractal_agent_plugin_{path.stem}_{place}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _find(kind: str, name: str, known: Mapping[str, Value]) -> Value:
    if name not in known:
        raise UnknownName(kind, name, known)
    return known[name]
