"""What is made of a server before the first request."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from events import GenerationRequested
from fractal_agent.engines import EngineUnavailable
from fractal_agent.engines.fakes import FakeServer, Raw, Reply, serving
from fractal_agent.engines.openai import OpenAIEngine

Asks = Callable[..., GenerationRequested]

HTML = Raw(
    body=b"<!doctype html><html><title>A gateway</title></html>", headers={"content-type": "text/html"}
)
NOT_FOUND: Reply = (404, {"error": {"message": "no such path"}})


def saying(said: Any, listing: Reply | Raw | None = None) -> FakeServer:
    server = FakeServer(lambda request: said)
    server.listing = listing
    return server


@pytest.mark.parametrize(
    "document",
    [
        [{"id": "fake", "object": "model"}],
        {"data": [{"id": "fake"}]},
        {"data": [{"id": "models/fake", "display_name": "Fake"}]},
        {"models": [{"name": "fake:latest", "model": "fake:latest"}]},
        {"models": ["fake"]},
        {"data": [None, {}, {"id": None}, {"id": 7}, {"id": "fake", "owned_by": None}]},
    ],
)
async def test_list_of_models(connect: Any, asks: Asks, document: object) -> None:
    """A model is found in every shape of list that servers give."""
    server = saying("x", (200, document))
    async with connect(server) as engine:
        assert (await engine.generate(asks(), "p")).text == "x"

    assert len(server.requests) == 1


async def test_bare_list_without_the_model(connect: Any) -> None:
    """A model that is in no list is told with those that are, ten at most."""
    server = saying("x", (200, [{"id": f"m{number}"} for number in range(12)]))
    with pytest.raises(
        EngineUnavailable, match=r"no model 'fake' here; --model can be: m0, .*, m9 and 2 more"
    ):
        async with connect(server):
            pass


@pytest.mark.parametrize(
    "listing",
    [
        NOT_FOUND,
        (405, {"detail": "Method Not Allowed"}),
        (501, {}),
        (403, {"error": {"message": "Missing scopes: api.model.read"}}),
        HTML,
        Raw(body=b""),
        (200, {"data": []}),
        (200, {"data": None}),
        (200, {"error": "unknown endpoint"}),
        Raw(status=307, headers={"location": "/elsewhere"}),
    ],
)
async def test_no_list_of_models(connect: Any, asks: Asks, listing: Any) -> None:
    """A server without a list of models is used when it answers a question."""
    async with connect(saying("x", listing)) as engine:
        assert (await engine.generate(asks(), "p")).text == "x"


async def test_deployments(connect: Any, asks: Asks) -> None:
    """A name that is not among Azure's models may be a deployment, which is asked."""
    headers = {"content-type": "application/json", "x-ms-region": "East US"}
    async with connect(
        saying("x", Raw(body=b'{"data": [{"id": "gpt-4o"}]}', headers=headers)), "mine"
    ) as engine:
        assert (await engine.generate(asks(), "p")).text == "x"


@pytest.mark.parametrize("listing", [NOT_FOUND, HTML, (200, {"error": "Unexpected endpoint or method."})])
async def test_wrong_address(connect: Any, listing: Any) -> None:
    """A server that neither lists models nor answers is told with its words and a hint at /v1."""
    with pytest.raises(EngineUnavailable, match=r"no list of models \(.*question is not answered.*under /v1"):
        async with connect(saying(listing, listing)):
            pass


async def test_loading(connect: Any, asks: Asks, said: list[str]) -> None:
    """A server that is still loading its model is waited for."""
    server = saying("x")
    models = server._models
    waits = iter([(503, {"error": {"message": "Loading model", "code": 503}})] * 9)
    server._models = lambda: next(waits, None) or models()  # type: ignore[method-assign]
    async with connect(server) as engine:
        assert (await engine.generate(asks(), "p")).text == "x"

    assert said[0] == "The server asks to wait (503); trying again for up to 10 minutes"


async def test_model_that_the_server_cannot_pay_for(connect: Any) -> None:
    """An account without credit is told before a run begins."""
    with pytest.raises(EngineUnavailable, match="can pay for no request"):
        async with connect(saying("x", (402, {"error": {"message": "Insufficient credits"}}))):
            pass


@asynccontextmanager
async def speaking(words: bytes) -> AsyncIterator[str]:
    """A listener that says the same to everybody and closes; its address."""

    async def serve(client: anyio.abc.SocketStream) -> None:
        async with client:
            await client.receive()
            if words:
                await client.send(words)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, serve)
        yield f"127.0.0.1:{listener.extra(anyio.abc.SocketAttribute.local_port)}"
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("scheme", "words", "told"),
    [
        ("http", b"", "no server answers (.*disconnected"),
        ("http", b"220 mail ESMTP\r\n\r\n", "does not speak HTTP"),
        (
            "https",
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "does not speak TLS there: begin the address with http://",
        ),
    ],
)
async def test_other_protocols(scheme: str, words: bytes, told: str) -> None:
    """A server that closes at once or speaks another protocol is told as that."""
    async with speaking(words) as address:
        with pytest.raises(EngineUnavailable, match=told.replace("(", r"\(")):
            async with OpenAIEngine("m", base_url=f"{scheme}://{address}/v1", api_key="none"):
                pass


async def test_unknown_host() -> None:
    """A host that has no address is told by its name."""
    with pytest.raises(
        EngineUnavailable, match=r"no-such-host\.invalid.*(name is unknown|no server answers)"
    ):
        async with OpenAIEngine("m", base_url="http://no-such-host.invalid/v1", api_key="none"):
            pass


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9", "ALL_PROXY is socks5.*socksio"),
        ("HTTP_PROXY", "http://h:99999", "HTTP_PROXY is http://h:99999, which is no address"),
        ("HTTP_PROXY", "ftp://h:1", "HTTP_PROXY is ftp://h:1"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "SSL_CERT_FILE is /nowhere/ca.pem, which is no file"),
    ],
)
async def test_environment(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str) -> None:
    """A variable that keeps the client from starting is named."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(EngineUnavailable, match=told):
        async with OpenAIEngine("m", base_url="http://127.0.0.1:9/v1", api_key="none"):
            pass


async def test_file_without_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file of certificates that holds none is named by its variable."""
    (tmp_path / "ca.pem").write_text("none")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with pytest.raises(EngineUnavailable, match=r"SSL_CERT_FILE is .*ca\.pem, which holds no certificate"):
        async with OpenAIEngine("m", base_url="http://127.0.0.1:9/v1", api_key="none"):
            pass


async def test_proxy_that_catches_this_machine(monkeypatch: pytest.MonkeyPatch, connect: Any) -> None:
    """A proxy that answers in place of a server on this machine is named at once."""
    proxy = saying("x", (503, {"error": {"message": "cannot connect"}}))
    async with connect(saying("x")):  # the server, which is never reached through the proxy
        pass
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    with pytest.raises(
        EngineUnavailable, match=rf"HTTP_PROXY sends .* proxy http://127.0.0.1:{port}; set NO_PROXY="
    ):
        async with connect(proxy):
            pass


async def test_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch, connect: Any, clock: Any) -> None:
    """A proxy that cannot reach this machine is named without waiting for it."""
    proxy = saying("x", (503, {"error": {"message": "cannot connect"}}))
    async with serving(proxy):
        monkeypatch.setenv("ALL_PROXY", proxy.url.removesuffix("/v1"))
        with pytest.raises(
            EngineUnavailable, match=r"cannot connect .*ALL_PROXY sends .*set NO_PROXY=127\.0\.0\.1"
        ):
            async with connect(saying("x")):
                pass

    assert clock.now == 0


async def test_key_is_sent_and_never_shown(connect: Any, said: list[str], asks: Asks) -> None:
    """A key that a server echoes in its refusal is in no message."""
    server = saying("x", (401, {"error": {"message": "Incorrect API key provided: sk-SECRET-1."}}))
    with pytest.raises(EngineUnavailable, match=r"Incorrect API key provided: \*\*\*") as failure:
        async with connect(server, api_key="sk-SECRET-1\r\n"):
            pass

    assert all("sk-SECRET" not in str(error) for error in chain(failure.value))
    assert "authorization: Bearer sk-SECRET-1\r\n" in server.headers[0].replace(
        "Authorization", "authorization"
    )


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


async def test_password_in_the_address(monkeypatch: pytest.MonkeyPatch, connect: Any, asks: Asks) -> None:
    """A user and a query in OPENAI_BASE_URL reach the server, and the engine's account hides them."""
    server = saying("x")
    async with serving(server):
        url = server.url.replace("http://", "http://me:hunter22@")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}?api_key=hunter23&api-version=1")
        async with OpenAIEngine("fake") as engine:
            await engine.generate(asks(), "p")

    assert server.asked_for == [
        f"/v1/{path}?api_key=hunter23&api-version=1" for path in ("models", "chat/completions")
    ]
    assert all("Basic bWU6aHVudGVyMjI=" in head for head in server.headers)
    assert engine.info.settings["base_url"] == f"{server.url}/?api_key=***&api-version=1"
