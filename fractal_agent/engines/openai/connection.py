"""The official client, asked for raw replies: one request out, one reply or refusal back."""

import os
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import openai

from fractal_agent.engines.base import EngineUnavailable
from fractal_agent.engines.openai.answers import Answer, said_in
from fractal_agent.engines.openai.parameters import Sent
from fractal_agent.engines.openai.refusals import Kind, Refusal, refusal_of
from fractal_agent.engines.openai.settings import Access
from fractal_agent.engines.openai.surroundings import certificates_named, proxy_in_the_way, unusable

ANSWER_SECONDS = 3600.0
"""A slow machine with a long queue takes this long for one answer; a dead one closes its connections."""

CONNECT_SECONDS = 20.0


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for one request."""

    status: int
    body: str
    headers: Mapping[str, str]
    moved_to: str = ""
    """Where the server sent the client on to."""


class Connection:
    """A client for one server. It retries nothing and shows no secret."""

    def __init__(self, model: str, access: Access) -> None:
        self._model = model
        self.access = access
        self._client = _client(access)

    async def close(self) -> None:
        await self._client.close()

    async def models(self) -> Reply | Refusal:
        """The list of models as the server gives it, or a refusal."""
        return await self._reply(self._client.models.with_raw_response.list)

    async def chat(self, sent: Sent) -> Answer | Refusal:
        """The server's answer to one chat, or what it says instead."""
        turns: Any = list(sent.messages)  # Any: the client's union of message types
        options: Any = dict(sent.options)  # Any: each parameter has a type of its own
        reply = await self._reply(
            lambda: self._client.chat.completions.with_raw_response.create(
                model=self._model, messages=turns, extra_body=dict(sent.extra) or None, **options
            )
        )
        if isinstance(reply, Refusal):
            return reply
        return said_in(reply.body, budget=sent.budget, mask=self.access.mask)

    async def _reply(self, ask: Callable[[], Any]) -> Reply | Refusal:  # Any: the client's raw response
        try:
            raw = await ask()
            return _reply(raw.http_response)
        except openai.APIStatusError as error:
            return self._refusal(_reply(error.response))
        except openai.APITimeoutError as error:
            return self._unreached(error, timed_out=True)
        except openai.APIConnectionError as error:
            return self._unreached(error)
        except (openai.OpenAIError, ValueError, RuntimeError) as error:
            problem = self.access.mask(
                f"the client cannot send the request ({type(error).__name__}: {error})"
            )
            return Refusal(kind=Kind.REQUEST, words=problem)

    def _refusal(self, reply: Reply) -> Refusal:
        return refusal_of(
            reply.status, reply.body, retry_after=_retry_after(reply.headers), mask=self.access.mask
        )

    def _unreached(self, error: BaseException, *, timed_out: bool = False) -> Refusal:
        cause = _innermost(error)
        name = type(error.__cause__).__name__
        if timed_out and not name.startswith("Connect"):
            return Refusal(kind=Kind.SLOW, words=f"no answer within {ANSWER_SECONDS / 60:g} minutes")
        kind = Kind.SHAKY if name in {"DecodingError", "TooManyRedirects"} else Kind.BUSY
        return Refusal(kind=kind, words=self.access.mask(_reason(cause, name)))

    def hint(self, refusal: Refusal) -> str:
        """What in the environment may be to blame: the certificates, or a proxy; empty if nothing is."""
        if "certificate" in refusal.words.lower():
            return self.access.mask(certificates_named(os.environ))
        return self.proxy_hint

    @property
    def proxy_hint(self) -> str:
        """The proxy that requests go to, and how to go without it; empty if they go directly."""
        return self.access.mask(proxy_in_the_way(self.access.url, os.environ))


def _client(access: Access) -> openai.AsyncOpenAI:
    if problem := unusable(os.environ, access.url):  # beforehand: a client half made complains on its own
        raise EngineUnavailable(access.mask(problem))
    try:
        return openai.AsyncOpenAI(
            base_url=access.url,
            api_key=access.key,
            max_retries=0,
            timeout=openai.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            default_query=access.query or None,
            default_headers=access.headers or None,
        )
    except Exception as error:  # noqa: BLE001 - a transport may raise anything for what it reads in the environment
        problem = f"The client of the server cannot be made ({type(error).__name__}: {error})."
        raise EngineUnavailable(access.mask(problem)) from None


def _reply(response: Any) -> Reply:  # Any: the response of the transport that the client uses
    moved = str(response.url.copy_with(query=None, username=None, password=None)) if response.history else ""
    return Reply(
        status=response.status_code, body=_text(response), headers=dict(response.headers), moved_to=moved
    )


def _text(response: Any) -> str:  # Any: as above
    """The body as text. JSON is UTF-8, whatever a server says of it; a page says which it is."""
    body: bytes = response.content
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return body.decode(response.encoding or "utf-8", "replace")
    except LookupError:  # an encoding that there is not
        return body.decode("utf-8", "replace")


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the server asks to wait: a number or a date; 0 where it asks for none."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        try:
            seconds = float(value) * unit
        except ValueError:
            seconds = _until(value)
        if 0 < seconds < float("inf"):
            return seconds
    return 0.0


def _until(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0


def _innermost(error: BaseException) -> BaseException:
    """The client says "Connection error."; what it was stands in the causes."""
    while True:
        below = (
            error.exceptions[0]
            if isinstance(error, BaseExceptionGroup)
            else error.__cause__ or error.__context__
        )
        if not isinstance(below, Exception):
            return error
        error = below


def _reason(cause: BaseException, name: str) -> str:
    if isinstance(cause, ConnectionRefusedError | ConnectionResetError):
        return "connection refused" if isinstance(cause, ConnectionRefusedError) else "connection reset"
    told = str(cause) or type(cause).__name__
    if "record layer" in told.lower() or "wrong_version" in told.lower() or "http_request" in told.lower():
        return f"the server does not speak TLS there: begin the address with http:// ({told})"
    if "name or service not known" in told.lower() or type(cause).__name__ == "gaierror":
        return f"the host has no address: its name is unknown here ({told})"
    if "disconnected" in told.lower():
        return f"the connection is closed without an answer in HTTP ({told.rstrip('.')})"
    if name == "RemoteProtocolError":
        return f"what listens there does not speak HTTP ({told})"
    return told
