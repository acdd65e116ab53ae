"""A server that fails as it is told, an engine that asks it, and a clock that nobody waits for."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio.lowlevel
import pytest

from events import GenerationRequested, Message
from fractal_agent.engines.fakes import FakeServer, serving
from fractal_agent.engines.openai import OpenAIEngine
from fractal_agent.engines.openai.patience import Patience

VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

Connect = Callable[..., AbstractAsyncContextManager[OpenAIEngine]]


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await anyio.lowlevel.checkpoint()

    def patience(self, **options: Any) -> Patience:
        return Patience(clock=lambda: self.now, sleep=self.sleep, **options)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, no address, no proxy and no certificate of the machine that runs the tests."""
    for name in (*VARIABLES, *PROXIES, *(name.upper() for name in PROXIES)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    """What the engine has said."""
    return []


@pytest.fixture
def connect(clock: Clock, said: list[str]) -> Connect:
    """Makes an engine for a server, both open until the block ends."""

    @asynccontextmanager
    async def connected(
        server: FakeServer, model: str = "fake", **options: Any
    ) -> AsyncIterator[OpenAIEngine]:
        given = {"api_key": "none", "patience": clock.patience(), "say": said.append} | options
        async with serving(server), OpenAIEngine(model, **{"base_url": server.url, **given}) as engine:
            yield engine

    return connected


@pytest.fixture
def asks() -> Callable[..., GenerationRequested]:
    def request(content: str = "hello", **options: Any) -> GenerationRequested:
        return GenerationRequested(messages=(Message(role="user", content=content),), **options)

    return request
