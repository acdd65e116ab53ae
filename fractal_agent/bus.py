"""How events reach roles: one inbox a role, one task a request, a reply that is a value or an error."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from agents.context import Context
from agents.role import Role
from events import Event
from fractal_agent.scope import StrayCancellation, UnexpectedExit, is_cancelled
from replay.signals import Signal, gravest

In = TypeVar("In", bound=Event)
Out = TypeVar("Out", bound=Event)


class _Request:
    """An event on its way to a role, and the slot for the reply."""

    def __init__(self, event: Event, ctx: Context) -> None:
        self.event = event
        self.ctx = ctx
        self.scope = anyio.CancelScope()
        self._settled = anyio.Event()
        self._value: Event | None = None
        self._error: BaseException | None = None

    def settle(self, value: Event | None, error: BaseException | None) -> None:
        self._value, self._error = value, error
        self._settled.set()

    async def reply(self) -> Event:
        """The role's answer, or its error raised here. When the asker is cancelled, so is the role."""
        try:
            await self._settled.wait()
        finally:
            self.scope.cancel()
        if self._error is not None:
            raise self._error
        assert self._value is not None
        return self._value


class Bus:
    """Carries requests to roles. Inboxes hold nothing: a send returns when the role has taken it."""

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._inboxes: dict[Role[Any, Any], MemoryObjectSendStream[_Request]] = {}

    async def ask(self, role: Role[In, Out], event: In, ctx: Context) -> Out:
        """The role's answer to the event; its errors are raised here, its work ends with the asker."""
        request = _Request(event, ctx)
        await self._inbox(role).send(request)
        return cast(Out, await request.reply())

    def _inbox(self, role: Role[Any, Any]) -> MemoryObjectSendStream[_Request]:
        if role not in self._inboxes:
            send, receive = anyio.create_memory_object_stream[_Request]()
            self._inboxes[role] = send
            self._tasks.start_soon(self._attend, role, receive, name=f"inbox of {role.name}")
        return self._inboxes[role]

    async def _attend(self, role: Role[Any, Any], inbox: MemoryObjectReceiveStream[_Request]) -> None:
        async with inbox:
            async for request in inbox:
                self._tasks.start_soon(self._serve, role, request, name=role.name)

    async def _serve(self, role: Role[Any, Any], request: _Request) -> None:
        with request.scope:
            try:
                request.settle(await role.act(request.event, request.ctx), None)
            except BaseException as error:  # the asker gets it
                if is_cancelled(error):
                    raise
                request.settle(None, told(error, role.name))

    def close(self) -> None:
        for inbox in self._inboxes.values():
            inbox.close()


def told(error: BaseException, path: str) -> BaseException:
    """What an asker gets for an error: the signal inside a group, an exception for what would end more."""
    if isinstance(error, BaseExceptionGroup) and isinstance(gravest([error]), Signal):
        return gravest([error])
    if isinstance(error, anyio.get_cancelled_exc_class()):
        return StrayCancellation(path)
    if isinstance(error, Exception | Signal):
        return error
    left = UnexpectedExit(path, error)
    left.__cause__ = error  # so that a traceback shows where
    return left


@asynccontextmanager
async def open_bus() -> AsyncIterator[Bus]:
    """A bus that owns every task it starts: none is left when the block ends."""
    async with anyio.create_task_group() as tasks:
        bus = Bus(tasks)
        try:
            yield bus
        finally:
            bus.close()
