"""What a role is: a named async function from one event to one event."""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from types import ModuleType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import agents
from agents.context import Context
from events.base import Event

In = TypeVar("In", bound=Event, contravariant=True)
Out = TypeVar("Out", bound=Event, covariant=True)

_RESERVED = ("events.effects", "events.lifecycle")
"""Modules of the events that say what the world answered and how a run went."""

_TAKEN = ("grade",)
"""Names under which a case records what no role did."""

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class RoleError(Exception):
    """A role is declared or cast in a way that cannot work."""


class Role(Generic[In, Out]):
    """A role as the stage casts it. Made by `@role`; has no state."""

    def __init__(self, act: Callable[[In, Context], Awaitable[Out]]) -> None:
        self.name: str = getattr(act, "__name__", repr(act))
        self.accepts, self.returns = _signature(self.name, act)
        self.purpose = (inspect.getdoc(act) or "").partition("\n")[0]
        self._act = act

    async def act(self, event: In, ctx: Context) -> Out:
        """The role's answer to `event`.

        Raises:
            RoleError: the function returned something other than what it declares.
        """
        answer = await self._act(event, ctx)
        if not isinstance(answer, self.returns):
            wanted, found = _names(self.returns), type(answer).__name__
            raise RoleError(f"role {self.name} returned {found}, but it declares {wanted}")
        return answer

    @property
    def source(self) -> str:
        """The text of the file that the role stands in: its function and its prompts."""
        return inspect.getsource(inspect.getmodule(self._act) or self._act)

    def can_play(self, other: "Role[Any, Any]") -> bool:
        """True when this role takes all that `other` takes and returns nothing that `other` would not."""
        return all(issubclass(cls, self.accepts) for cls in other.accepts) and all(
            issubclass(cls, other.returns) for cls in self.returns
        )

    def __repr__(self) -> str:
        return f"{self.name}: {_names(self.accepts)} -> {_names(self.returns)}"


def role(act: Callable[[In, Context], Awaitable[Out]]) -> Role[In, Out]:
    """Makes a role of `async def name(event: SomeEvent, ctx: Context) -> OtherEvent`.

    Raises:
        RoleError: the function is not of that shape; the message says what is missing.
    """
    return Role(act)


def roles_in(module: ModuleType) -> dict[str, Role[Any, Any]]:
    """The roles that stand at the top level of a module, by name."""
    return {value.name: value for value in vars(module).values() if isinstance(value, Role)}


def built_in_roles() -> Mapping[str, Role[Any, Any]]:
    """Every role in this package, by name: a new file in the folder is enough to add one."""
    found: dict[str, Role[Any, Any]] = {}
    for info in sorted(pkgutil.iter_modules(agents.__path__), key=lambda info: info.name):
        found.update(roles_in(importlib.import_module(f"agents.{info.name}")))
    return found


def _signature(name: str, act: Callable[..., object]) -> tuple[tuple[type, ...], tuple[type, ...]]:
    shape = f"async def {name}(event: SomeEvent, ctx: Context) -> OtherEvent"
    if not inspect.iscoroutinefunction(act):
        kind = "an async generator" if inspect.isasyncgenfunction(act) else "not an async function"
        raise RoleError(f"role {name} is {kind}; expected {shape}")
    if name in _TAKEN:
        raise RoleError(f"a role cannot be called {name}: the run itself records under that name")
    parameters = list(inspect.signature(act).parameters.values())
    if len(parameters) != 2:
        raise RoleError(f"role {name} takes {len(parameters)} parameters; expected {shape}")
    if named := [one.name for one in parameters if one.kind not in _POSITIONAL]:
        raise RoleError(f"role {name} does not take {named[0]} by position; expected {shape}")
    try:
        hints = get_type_hints(act)
    except Exception as error:
        raise RoleError(
            f"role {name} has annotations that cannot be resolved: {type(error).__name__}: {error}; "
            "import at run time what they name"
        ) from error
    taken = _require_events(name, "take", hints.get(parameters[0].name), shape)
    return taken, _require_events(name, "return", hints.get("return"), shape)


def _require_events(name: str, verb: str, hint: object, shape: str) -> tuple[type, ...]:
    """The events that an annotation names."""
    if hint is None:
        raise RoleError(f"role {name} does not say which event it {verb}s; expected {shape}")
    events = _events(hint)
    if not events:
        found = getattr(hint, "__name__", str(hint))
        raise RoleError(f"role {name} {verb}s {found}, which is no event; expected {shape}")
    if reserved := [cls.__name__ for cls in events if cls.__module__ in _RESERVED]:
        raise RoleError(
            f"role {name} exchanges {reserved[0]}, which only the run itself may log; "
            "expected an event of events.work or one of your own"
        )
    return events


def _events(hint: object) -> tuple[type, ...]:
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    events = tuple(m for m in members if isinstance(m, type) and issubclass(m, Event))
    return events if len(events) == len(members) else ()


def _names(events: tuple[type, ...]) -> str:
    return " | ".join(cls.__name__ for cls in events)
