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
        raise RoleError(f"role {name} is not an async function; expected {shape}")
    parameters = list(inspect.signature(act).parameters)
    if len(parameters) != 2:
        raise RoleError(f"role {name} takes {len(parameters)} parameters; expected {shape}")
    hints = get_type_hints(act)
    accepts, returns = _events(hints.get(parameters[0])), _events(hints.get("return"))
    if reserved := [cls.__name__ for cls in (*accepts, *returns) if cls.__module__ in _RESERVED]:
        raise RoleError(
            f"role {name} exchanges {reserved[0]}, which only the run itself may log; "
            "expected an event of events.work or one of your own"
        )
    if not accepts or not returns:
        raise RoleError(f"role {name} does not say which event it takes and returns; expected {shape}")
    return accepts, returns


def _events(hint: object) -> tuple[type, ...]:
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    events = tuple(m for m in members if isinstance(m, type) and issubclass(m, Event))
    return events if len(events) == len(members) else ()


def _names(events: tuple[type, ...]) -> str:
    return " | ".join(cls.__name__ for cls in events)
