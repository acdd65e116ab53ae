"""Waiting for a server that is overloaded, restarting or briefly wrong, all requests together."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

import anyio
import msgspec

from fractal_agent.engines.openai.refusals import Kind, Refusal
from fractal_agent.logs import operator_log

T = TypeVar("T")

FAILURES_IN_A_ROW = 3
"""So many requests that fail with no answer between them fail the engine."""

NOTABLE_SECONDS = 5.0
"""A wait that is worth a word."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a request waits for a server that may answer later."""

    bound: float = 600.0
    """Seconds for which a request is tried again while the server is busy or away."""
    first: float = 0.5
    """Seconds before the second try; each further wait is twice as long."""
    longest: float = 30.0
    tries: int = 4
    """How often a request is tried whose reply is a mistake of the server: status 500, half a document."""
    clock: Callable[[], float] = anyio.current_time
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep


class Gate:
    """Sends requests. While the server is busy one of them tries again and the others wait for it."""

    def __init__(self, patience: Patience, say: Callable[[str], None]) -> None:
        self._patience = patience
        self._say = say
        self._log = operator_log("engine")
        self._trying = anyio.Lock()
        self._busy = False
        self._told = False
        self._opens = 0.0
        """Until then the server has asked to be left alone."""

    async def through(self, send: Callable[[], Awaitable[T | Refusal]]) -> T | Refusal:
        """The first reply that more patience would not change, or the last one within the bound."""
        patience, until, tries = self._patience, 0.0, 0
        while True:
            async with self._turn():
                said = await send()
            if not isinstance(said, Refusal) or said.kind not in {Kind.BUSY, Kind.SHAKY}:
                if not isinstance(said, Refusal) or said.kind is not Kind.SLOW:
                    self._over()
                return said
            tries += 1
            until = until or patience.clock() + patience.bound
            pause = max(min(patience.first * 2 ** (tries - 1), patience.longest), said.retry_after)
            gives_up = tries >= patience.tries if said.kind is Kind.SHAKY else False
            if gives_up or patience.clock() + pause > until:
                return said
            self._log.info("request is tried again", seconds=pause, status=said.status, because=said.words)
            if said.kind is Kind.BUSY:
                self._hold(said, pause, tries)
            await patience.sleep(pause)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if self._busy or self._patience.clock() < self._opens:
                await stack.enter_async_context(self._trying)
                while (left := self._opens - self._patience.clock()) > 0:
                    await self._patience.sleep(left)
                if not self._busy:
                    await stack.aclose()
            yield

    def _hold(self, said: Refusal, pause: float, tries: int) -> None:
        self._busy = True
        if said.retry_after:
            self._opens = max(self._opens, self._patience.clock() + said.retry_after)
        if not self._told and (pause >= NOTABLE_SECONDS or tries > 2):
            self._told = True
            what = f"asks to wait ({said.status})" if said.status else f"does not answer ({said.words})"
            self._say(f"The server {what}; trying again for up to {spoken(self._patience.bound)}")

    def _over(self) -> None:
        if self._told:
            self._say("The server answers again")
        self._busy = self._told = False


class Health:
    """Tells a failure of one request from a failure of the server."""

    def __init__(self) -> None:
        self.answered = 0
        """Requests that were answered so far."""
        self._failed_in_a_row = 0

    def succeeded(self) -> None:
        self.answered += 1
        self._failed_in_a_row = 0

    def only_this_failed(self, before: int) -> bool:
        """True for a failure that others need not meet; `before` is `answered` when the request began.

        That is so when another request was answered meanwhile, and for the first failures after answers.
        """
        if self.answered > before:
            return True
        self._failed_in_a_row += 1
        return self.answered > 0 and self._failed_in_a_row < FAILURES_IN_A_ROW


def spoken(seconds: float) -> str:
    """A length of time as people say it."""
    return f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} seconds"
