"""Which roles and architectures there are: the built-in ones, and those that plug-ins bring."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from agents.role import Role, built_in_roles
from fractal_agent.architectures.base import Architecture, built_in_architectures
from fractal_agent.config import installed_plugins_wanted
from fractal_agent.plugins import (
    OFF,
    Installed,
    Plugin,
    PluginFailed,
    find_installed,
    load_installed,
    load_named,
    located,
)

__all__ = ["CastMismatch", "Catalog", "PluginFailed", "UnknownName", "load_catalog", "located"]

Value = TypeVar("Value")
_LISTED = 12
"""How many names an error lists one by one."""


class UnknownName(Exception):
    """A name that stands for nothing here; the message lists those that do, or the nearest `of` so many."""

    def __init__(self, kind: str, name: str, valid: Iterable[str], note: str = "", *, of: int = 0) -> None:
        names = list(dict.fromkeys(valid))
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        few = len(names) <= _LISTED
        listed = ", ".join(sorted(names)) if few else f"the {len(names)} from {names[0]} to {names[-1]}"
        which = f"the nearest of {of}" if of > len(names) else "valid"
        super().__init__(f"unknown {kind} {name!r}: {hint}{which} are {listed}{note}")


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    roles: Mapping[str, Role[Any, Any]]
    architectures: Mapping[str, Architecture]
    plugins: Mapping[str, str] = {}
    """What was loaded beside the built-in ones, as `Provenance.plugins` has it."""
    broken: tuple[PluginFailed, ...] = ()
    """Why installed plug-ins were left out."""
    lacking: tuple[PluginFailed, ...] = ()
    """Why plug-ins that were named, but not required, were left out."""

    def role(self, name: str) -> Role[Any, Any]:
        """The role of that name; `UnknownName` when there is none."""
        return self._find("role", name, self.roles)

    def architecture(self, name: str) -> Architecture:
        """The architecture of that name; `UnknownName` when there is none."""
        return self._find("architecture", name, self.architectures)

    def whole(self) -> "Catalog":
        """The catalog itself; `PluginFailed` when something that was named is lacking."""
        for failed in self.lacking:
            raise failed
        return self

    def _find(self, kind: str, name: str, known: Mapping[str, Value]) -> Value:
        if name in known:
            return known[name]
        failures = [failed.sentence for failed in (*self.broken, *self.lacking)]
        note = f". A plug-in that does not load may bring it: {' '.join(failures)}" if failures else ""
        raise UnknownName(kind, name, known, note)

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


def load_catalog(plugins: Sequence[str] = (), *, required: bool = True) -> Catalog:
    """Everything built in, installed through entry points, and in the given files or modules.

    An installed plug-in that fails, or brings what a given one does, is left out and stands in `broken`;
    with `required=False`, a given one that fails is left out as well and stands in `lacking`.

    Raises:
        PluginFailed: a plug-in that is required is missing, raises on import, or brings what is taken.
        TypeError: `plugins` is one string.
    """
    if isinstance(plugins, str):
        raise TypeError(f"plugins is the string {plugins!r}; expected a sequence of files or modules")
    gathering, lacking = _Gathering(), list[PluginFailed]()
    for name in dict.fromkeys(plugins):
        gathering.attempt(name, lacking)
        if required and lacking:
            raise lacking[0]
    installed, broken = find_installed() if installed_plugins_wanted() else ([], [])
    for one in installed:
        if one.point.value not in plugins:
            gathering.attempt(one, broken)
    return Catalog(
        roles=gathering.roles,
        architectures=gathering.architectures,
        plugins=gathering.plugins,
        broken=tuple(broken),
        lacking=tuple(lacking),
    )


class _Gathering:
    """What there is so far: the built-in roles and architectures, and those of the plug-ins that load."""

    def __init__(self) -> None:
        self.roles = dict(built_in_roles())
        self.architectures = dict(built_in_architectures())
        self.plugins: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        """The plug-in that brings a name, which the built-in ones lack."""

    def attempt(self, plugin: str | Installed, failed: list[PluginFailed]) -> None:
        """Adds all that a plug-in brings; or nothing of it, and the reason to `failed`."""
        try:
            loaded = load_named(plugin) if isinstance(plugin, str) else load_installed(plugin)
            self._refuse_taken(loaded)
        except PluginFailed as error:
            failed.append(error)
            return
        self.roles.update(loaded.roles)
        self.architectures.update(loaded.architectures)
        self._owners.update(dict.fromkeys([*loaded.roles, *loaded.architectures], loaded.name))
        key = loaded.key if loaded.key not in self.plugins else loaded.name
        self.plugins[key] = loaded.identity

    def _refuse_taken(self, plugin: Plugin) -> None:
        """Raises `PluginFailed` for a name that is taken; what is imported from here is the same object."""
        for kind, known, brought in (
            ("role", self.roles, plugin.roles),
            ("architecture", self.architectures, plugin.architectures),
        ):
            for name, value in brought.items():
                if known.get(name, value) is not value:
                    raise PluginFailed(plugin.name, self._clash(kind, name))

    def _clash(self, kind: str, name: str) -> str:
        if owner := self._owners.get(name):
            advice = f"rename one, or leave out installed plug-ins with {OFF}"
            return f"plug-in {owner} brings a {kind} {name!r} too; {advice}"
        advice = f", and cast it as {name}" if kind == "role" else ""
        return f"there is a built-in {kind} {name!r}; choose another name{advice}"
