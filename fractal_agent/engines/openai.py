"""Any OpenAI-compatible server (`vllm serve`, Ollama, a hosted model) through the official client."""

from types import TracebackType
from typing import Any, Self

import openai
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from events import GenerationCompleted, GenerationRequested
from fractal_agent.engines.base import EngineFailed, EngineInfo, EngineUnavailable

STOPS_TAKEN = 4
"""The protocol allows this many stop strings; vLLM's server takes any number."""


class OpenAIEngine:
    """A model behind an OpenAI-compatible server.

    A server that says it is vLLM is asked to go on from the prefill; for others it is left out, and
    the answer begins as the model likes. The client retries what may be retried.

    Raises, on entering:
        EngineUnavailable: the server is not reached, refuses the key, or has no such model.
    """

    def __init__(self, model: str, *, base_url: str | None = None, api_key: str | None = None) -> None:
        self._model = model
        self._base_url = base_url
        self._api_key = api_key
        self._is_vllm = False
        self.info = EngineInfo(model_origin="server")

    async def __aenter__(self) -> Self:
        try:
            self._client = openai.AsyncOpenAI(base_url=self._base_url, api_key=self._api_key, max_retries=4)
        except openai.OpenAIError as error:
            raise EngineUnavailable(
                f"{error} For a server without keys, set OPENAI_API_KEY to any text."
            ) from None
        try:
            await self._look_up_model()
        except BaseException:
            await self._client.close()
            raise
        return self

    async def _look_up_model(self) -> None:
        url = str(self._client.base_url)
        try:
            models = [model async for model in self._client.models.list()]
        except openai.APIConnectionError as error:
            hint = "Start a server there (`vllm serve MODEL`) or give another --base-url."
            raise EngineUnavailable(f"{url}: no server answers ({error}). {hint}") from error
        except openai.APIStatusError as error:
            raise EngineUnavailable(f"{url}: the server refused ({error}). Check OPENAI_API_KEY.") from error
        names = [model.id for model in models]
        if names and self._model not in names:
            listed = ", ".join(names[:10])
            raise EngineUnavailable(f"{url}: no model {self._model!r} here; --model can be: {listed}.")
        self._is_vllm = any(model.id == self._model and model.owned_by == "vllm" for model in models)
        self.info = EngineInfo(
            model_origin="server", settings={"base_url": url, "prefill": str(self._is_vllm).lower()}
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
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
        except openai.BadRequestError as error:
            return GenerationCompleted(text="", finish_reason="refused", error=str(error))
        except openai.OpenAIError as error:
            raise EngineFailed("openai", path, str(error)) from error
        return _completed(answer, prefill, path)


def _messages(request: GenerationRequested, prefill: str) -> list[ChatCompletionMessageParam]:
    turns: list[Any] = [  # Any: the client's union of message types
        {"role": message.role, "content": message.content} for message in request.messages
    ]
    return [*turns, {"role": "assistant", "content": prefill}] if prefill else turns


def _continue(prefill: str) -> dict[str, bool] | None:
    return {"continue_final_message": True, "add_generation_prompt": False} if prefill else None


def _completed(answer: ChatCompletion, prefill: str, path: str) -> GenerationCompleted:
    if not answer.choices:
        raise EngineFailed("openai", path, "the server's answer holds no choice")
    choice, usage = answer.choices[0], answer.usage
    return GenerationCompleted(
        text=prefill + (choice.message.content or ""),
        finish_reason="length" if choice.finish_reason == "length" else "stop",
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
    )
