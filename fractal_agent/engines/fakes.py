"""A small OpenAI-compatible server in this process, for tests of whatever talks to one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec

from fractal_agent.engines.base import before_stop
from fractal_agent.engines.scripted import words_of

Reply = tuple[int, object]
"""An HTTP status and the JSON document that goes with it."""


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """A reply byte for byte, for what servers do that is no JSON document."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = msgspec.field(default_factory=lambda: {"content-type": "application/json"})
    closes: bool = False
    """Nothing is written and the connection is closed."""


Said = str | Raw | Reply
"""An answer's text, or a reply in place of one."""


class FakeServer:
    """Answers `/v1/models` and `/v1/chat/completions`, the latter by a function of the request.

    A token is a word. Prompts of `context` words or more are refused as vLLM's server refuses them.
    """

    def __init__(
        self,
        say: Callable[[dict[str, object]], Said | Awaitable[Said]],
        *,
        model: str = "fake",
        owned_by: str = "someone",
        context: int = 4096,
    ) -> None:
        self._say = say
        self._model = model
        self._owned_by = owned_by
        self._context = context
        self.url = ""
        """The address for `--base-url`, once the server is open."""
        self.failing: list[Reply | Raw] = []
        """Given instead of an answer, first to last, as long as there are any."""
        self.listing: Reply | Raw | None = None
        """Given instead of the list of models."""
        self.asked_for: list[str] = []
        """The paths of all requests so far, with their queries."""
        self.headers: list[str] = []
        """The heads of all requests so far."""
        self.requests: list[dict[str, object]] = []
        """The bodies of all chat requests so far."""
        self.answering = 0
        """Chat requests that are being answered and whose client is still there."""
        self.idle = asyncio.Event()
        """Set while nothing is being answered."""
        self.idle.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Attends to one connection until the client closes it."""
        try:
            while request := await _read_request(reader):
                reply = await self._reply_unless_gone(request, reader)
                if reply is None:
                    break
                if isinstance(reply, Raw) and reply.closes:
                    break
                writer.write(_raw(reply) if isinstance(reply, Raw) else _http(*reply))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away in the middle, as is its right
        finally:
            writer.close()

    async def _reply_unless_gone(
        self, request: tuple[str, bytes], reader: asyncio.StreamReader
    ) -> Reply | Raw | None:
        head, body = request
        asked = head.split(" ")[1]
        self.asked_for.append(asked)
        self.headers.append(head)
        path = asked.partition("?")[0]
        if not path.endswith("/chat/completions"):
            return self._models() if path.endswith("/models") else (404, {"error": {"message": "not here"}})
        self.answering += 1
        self.idle.clear()
        answer = asyncio.ensure_future(self._complete(msgspec.json.decode(body, type=dict[str, object])))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait([answer, gone], return_when=asyncio.FIRST_COMPLETED)
            return await answer if answer.done() else None
        finally:
            for task in (answer, gone):
                task.cancel()
            await asyncio.wait([answer, gone])
            self.answering -= 1
            if not self.answering:
                self.idle.set()

    def _models(self) -> Reply | Raw:
        if self.listing is not None:
            return self.listing
        model = {"id": self._model, "object": "model", "created": 0, "owned_by": self._owned_by}
        return 200, {"object": "list", "data": [model]}

    async def _complete(self, request: dict[str, object]) -> Reply | Raw:
        self.requests.append(request)
        if self.failing:
            return self.failing.pop(0)
        asked = len(msgspec.json.encode(request["messages"]).split())
        if asked >= self._context:
            message = f"This model's maximum context length is {self._context} tokens, you gave {asked}."
            return 400, {"error": {"message": message, "type": "BadRequestError", "code": 400}}
        said = self._say(request)
        said = await said if isinstance(said, Awaitable) else said
        return (200, completion(said, request, asked)) if isinstance(said, str) else said


@asynccontextmanager
async def serving(server: FakeServer) -> AsyncIterator[FakeServer]:
    """The server, listening on a free port of this machine until the block ends."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    server.url = f"http://{host}:{port}/v1"
    try:
        yield server
    finally:
        listening.close()


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, bytes] | None:
    head = await reader.readuntil(b"\r\n\r\n")
    _, *fields = head.decode().split("\r\n")
    lengths = [field.partition(":")[2] for field in fields if field.lower().startswith("content-length:")]
    return head.decode(), await reader.readexactly(int(lengths[0]) if lengths else 0)


def _http(status: int, document: object) -> bytes:
    return _raw(Raw(status=status, body=msgspec.json.encode(document)))


def _raw(reply: Raw) -> bytes:
    fields = {"content-length": str(len(reply.body))} | reply.headers
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {reply.status} -\r\n{head}\r\n".encode() + reply.body


def completion(said: str, request: dict[str, object], asked: int = 1) -> dict[str, object]:
    """The document that answers a request with this text, cut at the stop strings and the budget."""
    stops = msgspec.convert(request.get("stop") or [], list[str])
    words = words_of(before_stop(said, stops))
    budget = msgspec.convert(request.get("max_tokens", request.get("max_completion_tokens", 4096)), int)
    choice = {
        "index": 0,
        "finish_reason": "length" if len(words) > budget else "stop",
        "message": {"role": "assistant", "content": "".join(words[:budget])},
    }
    usage = {"prompt_tokens": asked, "completion_tokens": min(len(words), budget), "total_tokens": 0}
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [choice],
        "usage": usage,
    }
