"""An engine that asks an OpenAI-compatible server, and adapts to what the server refuses."""

import os
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

import anyio

from events import GenerationCompleted, GenerationRequested
from fractal_agent.engines.base import (
    EngineFailed,
    EngineInfo,
    RequestFailed,
    before_later_stop,
    before_stop,
)
from fractal_agent.engines.openai.answers import Answer
from fractal_agent.engines.openai.connection import Connection
from fractal_agent.engines.openai.entering import found_at
from fractal_agent.engines.openai.parameters import (
    STOPS_TAKEN,
    Attempt,
    Sent,
    probe_of,
    sent_for,
    without_stops,
)
from fractal_agent.engines.openai.patience import Gate, Health, Patience, spoken
from fractal_agent.engines.openai.refusals import Kind, Refusal
from fractal_agent.engines.openai.settings import access_to
from fractal_agent.engines.thinking import parted

AT_ONCE, AT_ONCE_VLLM = 16, 256
"""Requests that a server is given at a time: vLLM batches many, and of others that is not known."""

PASSING = frozenset({Kind.BUSY, Kind.SHAKY, Kind.SLOW})
"""What another time might bring an answer."""


class Asked(NamedTuple):
    """A request as the server was asked, and what it said."""

    sent: Sent
    said: Answer | Refusal


class OpenAIEngine:
    """A model behind an OpenAI-compatible server.

    A server that says it is vLLM is asked to go on from the prefill; for others it is left out, and
    the answer begins as the model likes. A parameter that the server refuses is left out from then on.
    While the server is overloaded or away, requests wait. More requests than the server takes at a time
    wait here. `say` is told of all this once.

    Raises, on entering:
        EngineUnavailable: the server is not reached, refuses the key, or has no such model.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        say: Callable[[str], None] = lambda text: None,
        patience: Patience | None = None,
    ) -> None:
        self._model = model
        self._base_url = base_url
        self._api_key = api_key
        self._say = say
        self._patience = patience or Patience()
        self._gate = Gate(self._patience, say)
        self._health = Health()
        self._probing = anyio.Lock()
        self._lacking: frozenset[str] = frozenset()
        """Parameters that the server has refused."""
        self._accepted: set[tuple[str, ...]] = set()
        """Forms of requests that the server has answered."""
        self._is_vllm = False
        self._turns = anyio.CapacityLimiter(AT_ONCE)
        self.info = EngineInfo(model_origin="server")

    async def __aenter__(self) -> Self:
        access = access_to(self._base_url, self._api_key, os.environ)
        self._connection = Connection(self._model, access)
        try:
            self._is_vllm = await found_at(self._connection, self._gate, self._model)
        except BaseException:
            await self._connection.close()
            raise
        if self._is_vllm:
            self._turns = anyio.CapacityLimiter(AT_ONCE_VLLM)
        self.info = EngineInfo(
            model_origin="server", settings={"base_url": access.shown, "prefill": str(self._is_vllm).lower()}
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        async with self._turns:
            return await self._generate(request, path)

    async def _generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        before = self._health.answered
        asked = await self._adapted(request)
        if isinstance(asked.said, Answer):
            return await self._completed(asked.sent, asked.said)
        return await self._unanswered(request, asked.sent, asked.said, path, before)

    async def _adapted(self, request: GenerationRequested) -> Asked:
        """The last form in which the server was asked, and what it said: other parameters change nothing."""
        attempt = Attempt(self._lacking)
        while True:
            sent = self._sent(request, attempt.lacking)
            said = await self._ask(sent)
            if isinstance(said, Answer):
                self._learn(attempt.lacking)
                self._accepted.add(sent.form)
                return Asked(sent, said)
            named = said.kind is Kind.SHAKY and bool(said.named or said.mentioned)
            if not (said.kind is Kind.REQUEST or named) or not attempt.adapt(said, sent, self._accepted):
                return Asked(sent, said)

    def _sent(self, request: GenerationRequested, lacking: frozenset[str]) -> Sent:
        return sent_for(
            request, lacking, prefills=self._is_vllm, stops=None if self._is_vllm else STOPS_TAKEN
        )

    async def _ask(self, sent: Sent) -> Answer | Refusal:
        said = await self._gate.through(lambda: self._connection.chat(sent))
        if isinstance(said, Answer):
            self._health.succeeded()
        return said

    def _learn(self, lacking: frozenset[str]) -> None:
        """From now on the server is not sent these; what is new about that is said once."""
        new, self._lacking = lacking - self._lacking, self._lacking | lacking
        if "max_tokens" in new and "max_completion_tokens" not in self._lacking:
            new -= {"max_tokens"}
            self._say(
                "The server takes max_completion_tokens in place of max_tokens, and gets it from now on"
            )
        if new:
            self._say(f"The server refuses {', '.join(sorted(new))}; requests go without from now on")

    async def _completed(self, sent: Sent, answer: Answer) -> GenerationCompleted:
        """The answer. One that a stop string ended before it began is asked for again without."""
        if _stopped_too_early(sent, answer):
            again = await self._ask(without_stops(sent))
            answer = again if isinstance(again, Answer) else answer
        return completed(sent, answer)

    async def _unanswered(
        self, request: GenerationRequested, sent: Sent, said: Refusal, path: str, before: int
    ) -> GenerationCompleted:
        match said.kind:
            case Kind.PROMPT:
                if not self._health.answered:  # a server that takes no prompt at all has not refused this one
                    await self._require_answer(request, said, path)
                return GenerationCompleted(
                    text="", finish_reason="refused", error=said.words, dropped=sent.dropped
                )
            case Kind.CUT:
                return GenerationCompleted(
                    text="", finish_reason="length", uncounted=True, error=said.words, dropped=sent.dropped
                )
            case Kind.REQUEST:
                await self._require_answer(request, said, path)
                raise RequestFailed("openai", path, f"the server refuses it: {said}")
        if said.kind in PASSING and self._health.only_this_failed(before):
            raise RequestFailed("openai", path, self._told(said))
        raise EngineFailed("openai", path, self._told(said))

    async def _require_answer(self, request: GenerationRequested, refused: Refusal, path: str) -> None:
        """Returns when the server answers something else than what it refused.

        Raises:
            EngineFailed: it refuses a request of one line as well.
        """
        before = self._health.answered
        async with self._probing:
            if self._health.answered > before:
                return
            said = (await self._adapted(probe_of(request))).said
        if isinstance(said, Refusal) and said.kind is not Kind.CUT:
            raise EngineFailed("openai", path, f"the server refuses every request: {refused}")

    def _told(self, said: Refusal) -> str:
        """The server's words, and what to do about them."""
        return f"{said}{advice(said, self._connection, self._patience.bound)}"


def advice(said: Refusal, connection: Connection, bound: float) -> str:
    """What to do about a refusal, as far as that is known."""
    where = f" (server {connection.access.shown})"
    match said.kind:
        case Kind.KEY:
            return f"{where}. The server refuses the key: set OPENAI_API_KEY to one that it takes."
        case Kind.CREDIT:
            return f"{where}. The account can pay for no more requests."
        case Kind.MISSING:
            return f"{where}. Check --model, and that the address ends where the API begins (usually in /v1)."
        case Kind.BUSY if said.retry_after > bound:
            return f"{where}; it asks to wait {spoken(said.retry_after)}."
        case Kind.BUSY:
            return f", for {spoken(bound)}{where}.{connection.hint(said)}"
        case _:
            return where


def completed(sent: Sent, answer: Answer) -> GenerationCompleted:
    """The answer as an event: its thinking split off, ended at the first stop string."""
    said = parted(answer.text, prefill=sent.prefill)
    kept = (before_stop if sent.prefill else before_later_stop)(said.answer, sent.stops)
    stopped = answer.finish == "length" and kept != said.answer
    return GenerationCompleted(
        text=sent.prefill + kept,
        finish_reason="stop" if stopped else answer.finish,
        error=answer.error,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        reasoning="\n\n".join(filter(None, (answer.reasoning, said.reasoning))),
        uncounted=answer.uncounted,
        dropped=sent.dropped,
    )


def _stopped_too_early(sent: Sent, answer: Answer) -> bool:
    """True for an answer that a stop string ended before it began, or in the midst of the thinking."""
    told = "stop" in sent.options and not sent.prefill and answer.finish == "stop"
    return told and not parted(answer.text).answer.strip()
