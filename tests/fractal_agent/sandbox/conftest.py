"""A real sandbox of each level, with limits short enough for tests."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Literal, TypeAlias

import pytest

from fractal_agent.sandbox import Limits, Sandbox, SandboxError, open_sandbox

Level: TypeAlias = Literal["bubblewrap", "landlock", "limits"]
Opener: TypeAlias = Callable[[Level], AbstractAsyncContextManager[Sandbox]]

LEVELS: tuple[Level, ...] = ("bubblewrap", "landlock", "limits")

QUICK = Limits(
    wall_seconds=5,
    cpu_seconds=1,
    example_cpu_seconds=0.3,
    example_wall_seconds=1,
    memory_bytes=256 << 20,
    shown_characters=200,
)


@pytest.fixture(scope="session")
def opened() -> Opener:
    """Opens a sandbox of a level, or skips the test where the machine does not have it."""

    @asynccontextmanager
    async def open_or_skip(level: Level) -> AsyncIterator[Sandbox]:
        async with AsyncExitStack() as stack:
            try:
                sandbox = await stack.enter_async_context(open_sandbox(level, QUICK, concurrency=6))
            except SandboxError as error:
                if level == "limits":
                    raise
                pytest.skip(f"this machine cannot isolate programs: {error}")
            yield sandbox

    return open_or_skip


@pytest.fixture
async def bubblewrap(opened: Opener) -> AsyncIterator[Sandbox]:
    async with opened("bubblewrap") as sandbox:
        yield sandbox


@pytest.fixture(params=LEVELS)
async def sandbox(request: pytest.FixtureRequest, opened: Opener) -> AsyncIterator[Sandbox]:
    async with opened(request.param) as sandbox:
        yield sandbox


@pytest.fixture(params=["bubblewrap", "landlock"])
async def isolated(request: pytest.FixtureRequest, opened: Opener) -> AsyncIterator[Sandbox]:
    async with opened(request.param) as sandbox:
        yield sandbox
