"""What an engine is: something that continues a chat, many at once, and can say what it is."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from events import GenerationCompleted, GenerationRequested


class EngineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's account of itself, for the log's header."""

    model_origin: str
    """Where the weights came from: `hub`, `packages`, `folder`, `server` or `script`."""
    model_digest: str = ""
    """sha256 of the weights file, hex; empty where it cannot be known."""
    settings: dict[str, str] = {}


class Engine(Protocol):
    """Continues chats. Used inside `async with`; closing releases the model without noise."""

    @property
    def info(self) -> EngineInfo: ...

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        """The model's answer; any number may be under way at once.

        `path` names the request, in scripts and in the engine's own logs. A prompt that the model
        cannot take is an answer (`finish_reason="refused"`). Cancelled, the request is aborted and
        nothing of it is left in the engine.

        Raises:
            EngineFailed: the engine cannot answer: it died, the server is gone, or it refuses every request.
            RequestFailed: it cannot answer this request, and answers others.
        """
        ...


class EngineError(Exception):
    """The base of what an engine raises. Never a property of the program under test."""


class EngineUnavailable(EngineError):
    """The engine could not be started; the message says what is missing and how to get it."""


class EngineMisused(EngineUnavailable):
    """It was asked for what cannot be: a file, an address or a model that is not there. Ask for another."""


class EngineFailed(EngineError):
    """The engine stopped answering in the middle of a run."""

    def __init__(self, engine: str, path: str, problem: str) -> None:
        super().__init__(f"{path}: the {engine} engine failed: {problem}")
        self.path = path


class RequestFailed(EngineError):
    """The engine cannot answer one request, and answers others: only its case is set aside."""

    def __init__(self, engine: str, path: str, problem: str) -> None:
        super().__init__(f"{path}: the {engine} engine failed on this request alone: {problem}")
        self.path = path


def before_stop(text: str, stops: Sequence[str]) -> str:
    """The text up to the first stop string in it, for engines that do not stop there by themselves."""
    return _cut(text, [text.find(stop) for stop in stops])


def before_later_stop(text: str, stops: Sequence[str]) -> str:
    """The same, but a stop string that begins the text is passed over: an answer may open with a fence."""
    begin = len(text) - len(text.lstrip())
    starts = [begin + (len(stop) if text.startswith(stop, begin) else 1) for stop in stops]
    return _cut(text, [text.find(stop, start) for stop, start in zip(stops, starts, strict=True)])


def _cut(text: str, ends: Sequence[int]) -> str:
    return text[: min((end for end in ends if end >= 0), default=len(text))]
