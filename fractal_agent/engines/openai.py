"""Any OpenAI-compatible server (`vllm serve`, Ollama, a hosted model) through the official client."""

from types import TracebackType
from typing import Any, Self

import anyio
import openai
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from events import GenerationCompleted, GenerationRequested
from fractal_agent.engines.base import EngineFailed, EngineInfo, EngineUnavailable, before_stop

STOPS_TAKEN = 4
"""The protocol allows this many stop strings; vLLM's server takes any number."""

AT_ONCE, AT_ONCE_VLLM = 16, 256
"""Requests that a server is given at a time: vLLM batches many, and of others that is not known."""

OURS = ("max_tokens", "temperature", "top_p", "stop", "seed")
"""Parameters of every request: a server that refuses one of them can answer none."""

TOO_LARGE = 413

_ADDRESS = "give its address as --base-url http://HOST:PORT/v1."


class OpenAIEngine:
    """A model behind an OpenAI-compatible server.

    A server that says it is vLLM is asked to go on from the prefill; for others it is left out, and
    the answer begins as the model likes. The client retries what may be retried. More requests than
    the server takes at a time wait here.

    Raises, on entering:
        EngineUnavailable: the server is not reached, refuses the key, or has no such model.
    """

    def __init__(self, model: str, *, base_url: str | None = None, api_key: str | None = None) -> None:
        self._model = model
        self._base_url = base_url
        self._api_key = api_key
        self._is_vllm = False
        self._turns = anyio.CapacityLimiter(AT_ONCE)
        self.info = EngineInfo(model_origin="server")

    async def __aenter__(self) -> Self:
        self._client = self._make_client()
        try:
            await self._look_up_model()
        except BaseException:
            await self._client.close()
            raise
        return self

    def _make_client(self) -> openai.AsyncOpenAI:
        try:
            return openai.AsyncOpenAI(base_url=self._base_url, api_key=self._api_key, max_retries=4)
        except openai.OpenAIError:
            if self._base_url is None:
                raise EngineUnavailable(
                    "No key for the hosted service. Set OPENAI_API_KEY, "
                    "or name a server of your own with --base-url."
                ) from None
            return openai.AsyncOpenAI(base_url=self._base_url, api_key="none", max_retries=4)

    async def _look_up_model(self) -> None:
        url = str(self._client.base_url)
        try:
            models = [model async for model in self._client.models.list()]
        except openai.OpenAIError as error:
            raise EngineUnavailable(f"{url}: {_refusal(error)}") from error
        names = [model.id for model in models]
        if names and self._model not in names:
            listed = ", ".join(names[:10])
            raise EngineUnavailable(f"{url}: no model {self._model!r} here; --model can be: {listed}.")
        self._is_vllm = any(model.id == self._model and model.owned_by == "vllm" for model in models)
        if self._is_vllm:
            self._turns = anyio.CapacityLimiter(AT_ONCE_VLLM)
        self.info = EngineInfo(
            model_origin="server", settings={"base_url": url, "prefill": str(self._is_vllm).lower()}
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        async with self._turns:
            return await self._generate(request, path)

    async def _generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        prefill = request.prefill if self._is_vllm else ""
        try:
            answer = await self._client.chat.completions.create(
                model=self._model,
                messages=_messages(request, prefill),
                max_tokens=request.max_tokens,
                temperature=request.temperature,
                top_p=request.top_p,
                stop=list(request.stop if self._is_vllm else request.stop[:STOPS_TAKEN]) or None,
                seed=request.seed,
                extra_body=_continue(prefill),
            )
        except openai.APIStatusError as error:
            if _refuses_the_prompt(error):
                return GenerationCompleted(text="", finish_reason="refused", error=str(error))
            raise EngineFailed("openai", path, str(error)) from error
        except openai.OpenAIError as error:
            raise EngineFailed(
                "openai", path, f"{_innermost(error)} (server {self._client.base_url})"
            ) from error
        return _completed(answer, request, prefill, path)


def _refuses_the_prompt(error: openai.APIStatusError) -> bool:
    """True for a prompt that the model cannot take, false for what would be refused with any prompt."""
    if error.status_code == TOO_LARGE:
        return True
    refused = isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError)
    too_long = "context length" in str(error)  # of which some servers say that max_tokens is too large
    return refused and (too_long or error.param not in OURS)


def _refusal(error: openai.OpenAIError) -> str:
    """What was wrong with asking for the list of models, and what to do about it."""
    match error:
        case openai.APIConnectionError():
            start = "Start one there (`vllm serve MODEL`)"
            return f"no server answers ({_innermost(error)}). {start}, or {_ADDRESS}"
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return f"the server refuses the key ({error}). Set OPENAI_API_KEY to one that it takes."
        case openai.NotFoundError():
            return f"there is no list of models ({error}). Most servers have it under /v1: {_ADDRESS}"
        case _:
            return f"the server does not list its models ({error})."


def _innermost(error: BaseException) -> str:
    """The client says "Connection error."; what it was stands in the causes."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__


def _messages(request: GenerationRequested, prefill: str) -> list[ChatCompletionMessageParam]:
    turns: list[Any] = [  # Any: the client's union of message types
        {"role": message.role, "content": message.content} for message in request.messages
    ]
    return [*turns, {"role": "assistant", "content": prefill}] if prefill else turns


def _continue(prefill: str) -> dict[str, bool] | None:
    return {"continue_final_message": True, "add_generation_prompt": False} if prefill else None


def _completed(
    answer: ChatCompletion, request: GenerationRequested, prefill: str, path: str
) -> GenerationCompleted:
    if not answer.choices:
        raise EngineFailed("openai", path, "the server's answer holds no choice")
    choice, usage = answer.choices[0], answer.usage
    written = (choice.message.content or "").encode("utf-8", "replace").decode()  # no lone surrogates
    kept = before_stop(written, request.stop)
    cut = choice.finish_reason == "length" and kept == written
    filtered = choice.finish_reason == "content_filter"
    return GenerationCompleted(
        text=prefill + kept,
        finish_reason="refused" if filtered else "length" if cut else "stop",
        error="the server's content filter" if filtered else "",
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
    )
