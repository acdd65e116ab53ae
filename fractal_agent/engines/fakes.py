"""A small OpenAI-compatible server in this process, for tests of whatever talks to one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec

from fractal_agent.engines.base import before_stop
from fractal_agent.engines.scripted import words_of

Reply = tuple[int, dict[str, object]]
"""An HTTP status and the JSON document that goes with it."""


class FakeServer:
    """Answers `/v1/models` and `/v1/chat/completions`, the latter by a function of the request.

    A token is a word. Prompts of `context` words or more are refused as vLLM's server refuses them.
    """

    def __init__(
        self,
        say: Callable[[dict[str, object]], str | Awaitable[str]],
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
        self.failing: list[Reply] = []
        """Given instead of an answer, first to last, as long as there are any."""
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
                writer.write(_http(*reply))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away in the middle, as is its right
        finally:
            writer.close()

    async def _reply_unless_gone(
        self, request: tuple[str, bytes], reader: asyncio.StreamReader
    ) -> Reply | None:
        path, body = request
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

    def _models(self) -> Reply:
        model = {"id": self._model, "object": "model", "created": 0, "owned_by": self._owned_by}
        return 200, {"object": "list", "data": [model]}

    async def _complete(self, request: dict[str, object]) -> Reply:
        self.requests.append(request)
        if self.failing:
            return self.failing.pop(0)
        asked = len(msgspec.json.encode(request["messages"]).split())
        if asked >= self._context:
            message = f"This model's maximum context length is {self._context} tokens, you gave {asked}."
            return 400, {"error": {"message": message, "type": "BadRequestError", "code": 400}}
        said = self._say(request)
        return 200, _completion(said if isinstance(said, str) else await said, request, asked)


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
    line, *fields = head.decode().split("\r\n")
    lengths = [field.partition(":")[2] for field in fields if field.lower().startswith("content-length:")]
    return line.split(" ")[1], await reader.readexactly(int(lengths[0]) if lengths else 0)


def _http(status: int, document: dict[str, object]) -> bytes:
    body = msgspec.json.encode(document)
    head = f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _completion(said: str, request: dict[str, object], asked: int) -> dict[str, object]:
    stops = msgspec.convert(request.get("stop") or [], list[str])
    words = words_of(before_stop(said, stops))
    budget = msgspec.convert(request["max_tokens"], int)
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
