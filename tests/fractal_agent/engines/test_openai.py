"""What the client of a server makes of answers, refusals and failures."""

import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from events import GenerationRequested, Message
from fractal_agent.engines import EngineFailed, EngineUnavailable
from fractal_agent.engines.fakes import FakeServer, Reply, serving
from fractal_agent.engines.openai import AT_ONCE, STOPS_TAKEN, OpenAIEngine


def asks(**options: Any) -> GenerationRequested:
    return GenerationRequested(messages=(Message(role="user", content="hello"),), **options)


@asynccontextmanager
async def connected(server: FakeServer, model: str = "fake") -> AsyncIterator[OpenAIEngine]:
    async with serving(server), OpenAIEngine(model, base_url=server.url, api_key="none") as engine:
        yield engine


def saying(text: str, **options: Any) -> FakeServer:
    return FakeServer(lambda request: text, **options)


def error(status: int) -> Reply:
    return status, {"error": {"message": f"a {status} of its own"}}


async def test_prefill_of_a_vllm_server() -> None:
    """A server that says it is vLLM is asked to go on from the prefill, which the answer begins with."""
    server = saying(" 4", owned_by="vllm")
    async with connected(server) as engine:
        answer = await engine.generate(asks(prefill="1, 2, 3,"), "p")

    assert answer.text == "1, 2, 3, 4"
    [request] = server.requests
    assert request["messages"] == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "1, 2, 3,"},
    ]
    assert (request["continue_final_message"], request["add_generation_prompt"]) == (True, False)


async def test_prefill_of_another_server() -> None:
    """Another server gets no prefill, because it would take it for an answer that was given."""
    server = saying("1, 2, 3, 4")
    async with connected(server) as engine:
        answer = await engine.generate(asks(prefill="1, 2, 3,"), "p")

    assert answer.text == "1, 2, 3, 4"
    assert server.requests[0]["messages"] == [{"role": "user", "content": "hello"}]
    assert engine.info.settings == {"base_url": f"{server.url}/", "prefill": "false"}


async def test_more_stops_than_the_protocol_has() -> None:
    """Stop strings beyond those a server takes are applied to what it wrote."""
    server = saying("a b c d e f")
    async with connected(server) as engine:
        answer = await engine.generate(asks(stop=("1", "2", "3", "4", "e")), "p")

    assert len(server.requests[0]["stop"]) == STOPS_TAKEN  # type: ignore[arg-type]
    assert (answer.text, answer.finish_reason) == ("a b c d ", "stop")


async def test_seed_and_sampling() -> None:
    """Seed, temperature and top_p reach the server as they were asked for."""
    server = saying("x")
    async with connected(server) as engine:
        await engine.generate(asks(seed=7, temperature=0.8, top_p=0.9, max_tokens=5), "p")

    names = ("seed", "temperature", "top_p", "max_tokens")
    assert [server.requests[0][name] for name in names] == [7, 0.8, 0.9, 5]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_refused(status: int) -> None:
    """A request that the server will not take is an answer with the server's reason."""
    server = saying("x")
    server.failing = [error(status)]
    async with connected(server) as engine:
        answer = await engine.generate(asks(), "p")

    assert answer.finish_reason == "refused"
    assert f"a {status} of its own" in answer.error


@pytest.mark.parametrize(
    ("param", "message", "fails"),
    [
        ("max_tokens", "unsupported", True),
        ("seed", "not here", True),
        ("messages", "too long", False),
        ("max_tokens", "too large for the context length of 8", False),
    ],
)
async def test_refused_parameter(param: str, message: str, fails: bool) -> None:
    """A server that refuses a parameter of every request has failed; one that refuses a prompt has not."""
    server = saying("never")
    server.failing = [(400, {"error": {"message": message, "param": param}})]
    async with connected(server) as engine:
        if fails:
            with pytest.raises(EngineFailed, match=message):
                await engine.generate(asks(), "p")
        else:
            assert (await engine.generate(asks(), "p")).finish_reason == "refused"


@pytest.mark.parametrize(("owner", "most"), [("vllm", 40), ("someone", AT_ONCE)])
async def test_requests_at_once(owner: str, most: int) -> None:
    """Forty requests at once reach a vLLM server together, and another one sixteen at a time."""
    waiting, highest, arrived = 0, 0, anyio.Event()

    async def answer(request: dict[str, object]) -> str:
        nonlocal waiting, highest
        waiting += 1
        highest = max(highest, waiting)
        if waiting == most:
            arrived.set()
        await arrived.wait()
        waiting -= 1
        return "ok"

    async with connected(FakeServer(answer, owned_by=owner)) as engine, anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(engine.generate, asks(), f"p{number}")

    assert highest == most


async def test_filtered() -> None:
    """What a server's filter held back is refused, not finished."""
    server = saying("x")
    choice = {"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": ""}}
    server.failing = [(200, {"id": "", "object": "", "created": 0, "model": "", "choices": [choice]})]
    async with connected(server) as engine:
        answer = await engine.generate(asks(), "p")

    assert (answer.finish_reason, answer.error) == ("refused", "the server's content filter")


async def test_server_error_that_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is overloaded for a moment is asked again."""
    server = saying("x")
    async with connected(server) as engine:
        monkeypatch.setattr(engine._client, "_calculate_retry_timeout", lambda *_: 0.0)
        server.failing = [error(503), error(429), error(500)]
        answer = await engine.generate(asks(), "p")

    assert (answer.text, len(server.requests)) == ("x", 4)


async def test_server_error_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that keeps failing fails the engine, with the path and the server's words."""
    server = saying("x")
    async with connected(server) as engine:
        monkeypatch.setattr(engine._client, "_calculate_retry_timeout", lambda *_: 0.0)
        server.failing = [error(500)] * 9
        with pytest.raises(EngineFailed, match=r"case/coder\.0.*a 500 of its own"):
            await engine.generate(asks(), "case/coder.0")


async def test_answer_without_choice() -> None:
    """An answer that holds no choice fails the engine."""
    server = saying("x")
    server.failing = [(200, {"id": "", "object": "", "created": 0, "model": "", "choices": []})]
    async with connected(server) as engine:
        with pytest.raises(EngineFailed, match="no choice"):
            await engine.generate(asks(), "p")


async def test_unknown_model() -> None:
    """A model that the server does not have is refused on entering, naming those it has."""
    with pytest.raises(EngineUnavailable, match=r"no model 'other' here; --model can be: fake\."):
        async with connected(saying("x"), "other"):
            pass


async def test_no_server() -> None:
    """Where nobody listens, the message says why and how to name another address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    url = f"http://127.0.0.1:{address[1]}/v1"

    with pytest.raises(EngineUnavailable, match=re.escape(f"{url}/: no server answers (")) as failure:
        async with quick(OpenAIEngine("fake", base_url=url, api_key="none")):
            pass
    assert "--base-url http://HOST:PORT/v1" in str(failure.value)


async def test_address_without_scheme() -> None:
    """An address that lacks http:// is told as that, not as a connection error."""
    with pytest.raises(EngineUnavailable, match="unsupported protocol 'localhost://'"):
        async with quick(OpenAIEngine("fake", base_url="localhost:8000", api_key="none")):
            pass


def quick(engine: OpenAIEngine) -> OpenAIEngine:
    """An engine whose client asks once."""
    make = engine._make_client
    engine._make_client = lambda: make().with_options(max_retries=0)  # type: ignore[method-assign]
    return engine


async def test_address_without_version() -> None:
    """An address without /v1 is told as that."""
    server = saying("x")
    async with serving(server):
        engine = OpenAIEngine("fake", base_url=f"{server.url}/wrong/chat", api_key="none")
        server._models = lambda: error(404)  # type: ignore[method-assign]
        with pytest.raises(EngineUnavailable, match=r"no list of models .* /v1"):
            async with engine:
                pass


async def test_refused_key() -> None:
    """A key that the server does not take is named as the problem."""
    server = saying("x")
    server._models = lambda: error(401)  # type: ignore[method-assign]
    with pytest.raises(EngineUnavailable, match=r"refuses the key .*OPENAI_API_KEY"):
        async with connected(server):
            pass


async def test_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hosted service needs a key; a server of one's own is asked without."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(EngineUnavailable, match=r"OPENAI_API_KEY.*--base-url"):
        async with OpenAIEngine("gpt"):
            pass

    server = saying("x")
    async with serving(server), OpenAIEngine("fake", base_url=server.url) as engine:
        assert (await engine.generate(asks(), "p")).text == "x"
