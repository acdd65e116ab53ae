"""What the client of a server makes of answers, refusals and failures."""

import re
import socket
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from events import GenerationRequested
from fractal_agent.engines import EngineFailed, EngineUnavailable, RequestFailed
from fractal_agent.engines.fakes import FakeServer, Raw, Reply, Said, serving
from fractal_agent.engines.openai import OpenAIEngine
from fractal_agent.engines.openai.engine import AT_ONCE
from fractal_agent.engines.openai.parameters import STOPS_TAKEN

Asks = Callable[..., GenerationRequested]
OPTIONAL = {
    "seed",
    "temperature",
    "top_p",
    "stop",
    "max_tokens",
    "continue_final_message",
    "add_generation_prompt",
}


def saying(text: Said, **options: Any) -> FakeServer:
    return FakeServer(lambda request: text, **options)


def error(status: int, message: str = "") -> Reply:
    return status, {"error": {"message": message or f"a {status} of its own"}}


def refusing(refuses: Callable[[dict[str, Any]], Reply | Raw | None], **options: Any) -> FakeServer:
    """A server that says ok to what the function does not refuse."""
    return FakeServer(lambda request: refuses(request) or "ok", **options)


async def test_prefill_of_a_vllm_server(connect: Any, asks: Asks) -> None:
    """A server that says it is vLLM is asked to go on from the prefill, which the answer begins with."""
    server = saying(" 4", owned_by="vllm")
    async with connect(server) as engine:
        answer = await engine.generate(asks(prefill="1, 2, 3,"), "p")

    assert answer.text == "1, 2, 3, 4"
    [request] = server.requests
    assert request["messages"] == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "1, 2, 3,"},
    ]
    assert (request["continue_final_message"], request["add_generation_prompt"]) == (True, False)


async def test_prefill_of_another_server(connect: Any, asks: Asks) -> None:
    """Another server gets no prefill, because it would take it for an answer that was given."""
    server = saying("1, 2, 3, 4")
    async with connect(server) as engine:
        answer = await engine.generate(asks(prefill="1, 2, 3,"), "p")

    assert (answer.text, answer.dropped) == ("1, 2, 3, 4", ())
    assert server.requests[0]["messages"] == [{"role": "user", "content": "hello"}]
    assert engine.info.settings == {"base_url": f"{server.url}/", "prefill": "false"}


async def test_stops_without_their_prefill(connect: Any, asks: Asks) -> None:
    """Where the prefill is left out, so are the stop strings that presume it, here and at the server."""
    written = "The import:\n```\nfrom typing import List\n```\nThe function:\n```\ndef f(): ...\n```"
    server = saying(written)
    async with connect(server) as engine:
        answer = await engine.generate(asks(prefill="```python\n", stop=("\n```\n",)), "p")

    assert answer.text == written
    assert "stop" not in server.requests[0]


async def test_more_stops_than_the_protocol_has(connect: Any, asks: Asks) -> None:
    """Stop strings beyond those a server takes are applied to what it wrote."""
    server = saying("a b c d e f")
    async with connect(server) as engine:
        answer = await engine.generate(asks(stop=("1", "2", "3", "4", "e")), "p")

    assert len(server.requests[0]["stop"]) == STOPS_TAKEN  # type: ignore[arg-type]
    assert (answer.text, answer.finish_reason) == ("a b c d ", "stop")


async def test_stop_that_begins_the_answer(connect: Any, asks: Asks) -> None:
    """An answer that begins with a stop string is asked for without, and ends before the next."""
    server = saying("```\nGo through the list.\n```\nDone.")
    async with connect(server) as engine:
        answer = await engine.generate(asks(stop=("```",)), "p")

    assert answer.text == "```\nGo through the list.\n"
    assert [request.get("stop") for request in server.requests] == [["```"], None]


async def test_stop_in_the_thinking(connect: Any, asks: Asks) -> None:
    """A stop string in the thinking does not end the answer."""
    server = saying("<think>\n```\ndraft\n```\n</think>\nGo through the list.")
    async with connect(server) as engine:
        answer = await engine.generate(asks(stop=("```",)), "p")

    assert (answer.text, answer.reasoning) == ("Go through the list.", "```\ndraft\n```")


async def test_seed_and_sampling(connect: Any, asks: Asks) -> None:
    """Seed, temperature and top_p reach the server as they were asked for."""
    server = saying("x")
    async with connect(server) as engine:
        await engine.generate(asks(seed=7, temperature=0.8, top_p=0.9, max_tokens=5), "p")

    names = ("seed", "temperature", "top_p", "max_tokens")
    assert [server.requests[0][name] for name in names] == [7, 0.8, 0.9, 5]


@pytest.mark.parametrize(("owner", "most"), [("vllm", 40), ("someone", AT_ONCE)])
async def test_requests_at_once(connect: Any, asks: Asks, owner: str, most: int) -> None:
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

    async with connect(FakeServer(answer, owned_by=owner)) as engine, anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(engine.generate, asks(), f"p{number}")

    assert highest == most


async def test_server_error_that_passes(connect: Any, asks: Asks) -> None:
    """A server that is overloaded for a moment is asked again."""
    server = saying("x")
    async with connect(server) as engine:
        server.failing = [error(503), error(429), error(500)]
        answer = await engine.generate(asks(), "p")

    assert (answer.text, len(server.requests)) == ("x", 4)


async def test_server_error_that_stays(connect: Any, asks: Asks) -> None:
    """A server that never answered and keeps failing fails the engine, with the path and its words."""
    async with connect(saying(error(500))) as engine:
        with pytest.raises(EngineFailed, match=r"case/coder\.0.*a 500 of its own"):
            await engine.generate(asks(), "case/coder.0")


async def test_errors_of_one_request(connect: Any, asks: Asks) -> None:
    """A request on which the server fails, fails alone; the third such failure in a row fails the engine."""
    server = refusing(lambda request: error(500) if "cat" in str(request["messages"]) else None)
    async with connect(server) as engine:
        await engine.generate(asks(), "p")
        for _ in range(2):
            with pytest.raises(RequestFailed, match="a 500 of its own"):
                await engine.generate(asks("cat"), "q")
        with pytest.raises(EngineFailed, match="a 500 of its own"):
            await engine.generate(asks("cat"), "r")


async def test_unknown_model(connect: Any) -> None:
    """A model that the server does not have is refused on entering, naming those it has."""
    with pytest.raises(EngineUnavailable, match=r"no model 'other' here; --model can be: fake\."):
        async with connect(saying("x"), "other"):
            pass


async def test_no_server() -> None:
    """Where nobody listens, the message says at once why, and how to name another address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    url = f"http://127.0.0.1:{address[1]}/v1"

    with pytest.raises(EngineUnavailable, match=re.escape(f"{url}/: no server answers (")) as failure:
        async with OpenAIEngine("fake", base_url=url, api_key="none"):
            pass
    assert "--base-url http://HOST:PORT/v1" in str(failure.value)


async def test_refused_key(connect: Any) -> None:
    """A key that the server does not take is named as the problem."""
    server = saying("x")
    server.listing = error(401)
    with pytest.raises(EngineUnavailable, match=r"refuses the key .*OPENAI_API_KEY"):
        async with connect(server):
            pass


async def test_no_key(asks: Asks) -> None:
    """The hosted service needs a key; a server of one's own is asked without."""
    with pytest.raises(EngineUnavailable, match=r"OPENAI_API_KEY.*--base-url"):
        async with OpenAIEngine("gpt"):
            pass

    server = saying("x")
    async with serving(server), OpenAIEngine("fake", base_url=server.url) as engine:
        assert (await engine.generate(asks(), "p")).text == "x"


async def test_cancelled_while_waiting(connect: Any, asks: Asks) -> None:
    """A request that waits for a busy server ends at once when it is cancelled."""
    server = saying(error(503))
    async with connect(server, patience=None) as engine:
        with anyio.move_on_after(0.05) as scope:
            await engine.generate(asks(), "p")

    assert scope.cancelled_caught
