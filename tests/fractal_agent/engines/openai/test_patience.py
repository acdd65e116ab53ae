"""How long a request waits for a server, and what the others do meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anyio
import pytest

from events import GenerationRequested
from fractal_agent.engines import EngineFailed, RequestFailed
from fractal_agent.engines.fakes import FakeServer, Raw
from fractal_agent.engines.openai.patience import Health, spoken

Asks = Callable[..., GenerationRequested]


def busy(status: int, **headers: str) -> Raw:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Raw(status=status, body=b"busy", headers={"content-type": "text/plain", **given})


def saying(said: Any) -> FakeServer:
    return FakeServer(lambda request: said)


@pytest.mark.parametrize("reply", [*map(busy, (429, 502, 503, 504, 529)), Raw(closes=True)])
async def test_long_spell(connect: Any, asks: Asks, clock: Any, said: list[str], reply: Raw) -> None:
    """A server that is busy or away for minutes is waited for, and that is said."""
    server = saying("x")
    async with connect(server) as engine:
        server.failing = [reply] * 15
        answer = await engine.generate(asks(), "p")

    assert answer.text == "x"
    assert 240 < clock.now < 600
    assert clock.slept[:4] == [0.5, 1, 2, 4]
    assert len(said) == 2
    assert said[0].startswith("The server ")
    assert said[0].endswith("trying again for up to 10 minutes")
    assert said[1] == "The server answers again"


async def test_short_spell(connect: Any, asks: Asks, said: list[str]) -> None:
    """A server that is busy for a moment is not worth a word."""
    server = saying("x")
    async with connect(server) as engine:
        server.failing = [busy(503)]
        await engine.generate(asks(), "p")

    assert said == []


async def test_spell_without_end(connect: Any, asks: Asks, clock: Any) -> None:
    """A server that stays busy beyond the bound fails the engine, which never answered."""
    async with connect(saying(busy(503))) as engine:
        with pytest.raises(EngineFailed, match=r"busy \(status 503\), for 10 minutes \(server http"):
            await engine.generate(asks(), "p")

    assert 560 < clock.now <= 600


@pytest.mark.parametrize(
    ("header", "seconds"),
    [({"retry_after": "33"}, 33), ({"retry_after": "2.5"}, 2.5), ({"retry_after_ms": "1500"}, 1.5)],
)
async def test_asked_to_wait(
    connect: Any, asks: Asks, clock: Any, header: dict[str, str], seconds: float
) -> None:
    """A server that says how long to wait is asked again after that time."""
    server = saying("x")
    async with connect(server) as engine:
        server.failing = [busy(429, **header)]
        await engine.generate(asks(), "p")

    assert clock.now == seconds


async def test_asked_to_wait_until(connect: Any, asks: Asks, clock: Any) -> None:
    """A server may say until when to wait by a date."""
    server = saying("x")
    async with connect(server) as engine:
        server.failing = [busy(503, retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=90)))]
        await engine.generate(asks(), "p")

    assert 80 < clock.now < 91


@pytest.mark.parametrize("value", ["soon", "-5", "nan", "inf", "", "99999999999999999999999"])
async def test_asked_for_nonsense(connect: Any, asks: Asks, value: str) -> None:
    """A time to wait that is none never breaks a request."""
    server = saying("x")
    async with connect(server) as engine:
        server.failing = [busy(503, retry_after=value)]
        if len(value) > 9:
            with pytest.raises(EngineFailed, match="asks to wait"):
                await engine.generate(asks(), "p")
        else:
            assert (await engine.generate(asks(), "p")).text == "x"


async def test_wait_in_words(connect: Any, asks: Asks, clock: Any) -> None:
    """A time to wait that stands in the server's words is kept to."""
    server = saying("x")
    async with connect(server) as engine:
        server.failing = [(429, {"error": {"message": "Rate limit reached. Please try again in 1m2.5s."}})]
        await engine.generate(asks(), "p")

    assert clock.now == 62.5


async def test_asked_to_wait_too_long(connect: Any, asks: Asks, clock: Any) -> None:
    """A server that asks to wait for longer than anybody will is told of at once."""
    async with connect(saying(busy(429, retry_after="86400"))) as engine:
        with pytest.raises(EngineFailed, match="asks to wait 1440 minutes"):
            await engine.generate(asks(), "p")

    assert clock.now == 0


async def test_others_wait(connect: Any, asks: Asks) -> None:
    """While the server is busy one request tries again, and the others wait for it."""
    server = FakeServer(lambda request: "x" if len(server.requests) > 30 else busy(503), owned_by="vllm")

    async with connect(server) as engine, anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(engine.generate, asks(), f"p{number}")

    assert len(server.requests) <= 50  # twenty first tries, ten of one at a time, twenty answers


async def test_mistakes_of_the_server(connect: Any, asks: Asks, clock: Any) -> None:
    """A server that gives half a document is asked a few times, and not for minutes."""
    server = saying(Raw(body=b'{"id": "x", "choices": [{"index": 0, "mes'))
    async with connect(server) as engine:
        with pytest.raises(EngineFailed, match="answer is a JSON document that breaks off or is malformed"):
            await engine.generate(asks(), "p")

    assert len(server.requests) == 4
    assert clock.now < 5


async def test_failure_among_answers(connect: Any, asks: Asks) -> None:
    """A request that finds the server busy for too long fails alone if others were answered meanwhile."""
    server = FakeServer(lambda request: busy(503) if "cat" in str(request["messages"]) else "x")

    async with connect(server) as engine:
        await engine.generate(asks(), "p")
        with pytest.raises(RequestFailed, match="busy"):
            await engine.generate(asks("cat"), "q")


def test_health() -> None:
    """Failures are of one request after an answer to another, and the third in a row is the server's."""
    health = Health()
    assert not health.only_this_failed(0)
    health.succeeded()
    assert health.only_this_failed(0)
    assert [health.only_this_failed(1) for _ in range(3)] == [True, True, False]
    health.succeeded()
    assert health.only_this_failed(2)


@pytest.mark.parametrize(
    ("seconds", "words"), [(600, "10 minutes"), (90, "90 seconds"), (7.5, "7.5 seconds")]
)
def test_spoken(seconds: float, words: str) -> None:
    """A time is told in the unit that people would choose."""
    assert spoken(seconds) == words
