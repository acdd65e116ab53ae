"""What answers generations: vLLM in this machine, an OpenAI-compatible server, or a script."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec

from fractal_agent.engines.base import (
    Engine,
    EngineError,
    EngineFailed,
    EngineInfo,
    EngineMisused,
    EngineUnavailable,
    RequestFailed,
)

__all__ = [
    "ENGINES",
    "Engine",
    "EngineChoice",
    "EngineError",
    "EngineFailed",
    "EngineInfo",
    "EngineMisused",
    "EngineUnavailable",
    "RequestFailed",
    "open_engine",
]


class EngineChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which engine, and what it needs to know."""

    engine: str
    model: str
    base_url: str | None = None
    """For `openai`; None leaves it to the client, which reads OPENAI_BASE_URL."""
    script: Path | None = None
    """For `scripted`: a JSONL file of answers."""
    log: Path
    """Where the engine's own output goes."""
    cases: int = 64
    """How many problems will be in flight, about: what the engine reserves memory for."""
    max_tokens: int = 0
    """The largest token budget that the settings give a role; 0 where roles keep their own."""


Say = Callable[[str], None]
"""Called with a short text on what is being done, before it is done."""


def open_engine(choice: EngineChoice, say: Say) -> AbstractAsyncContextManager[Engine]:
    """The chosen engine, to be entered with `async with`. Weights are fetched here if need be.

    Raises:
        ModelError: the weights are not to be had.
        EngineMisused: a script that cannot be read.
        KeyError: there is no such engine; `ENGINES` lists them.
    """
    return ENGINES[choice.engine](choice, say)


def _vllm(choice: EngineChoice, say: Say) -> AbstractAsyncContextManager[Engine]:
    from fractal_agent.engines.vllm import VllmEngine
    from fractal_agent.models import resolve

    source = resolve(choice.model, lambda step: say(step.text))
    return VllmEngine(source, log=choice.log, cases=choice.cases, max_tokens=choice.max_tokens)


def _openai(choice: EngineChoice, say: Say) -> AbstractAsyncContextManager[Engine]:
    from fractal_agent.engines.openai import OpenAIEngine

    return OpenAIEngine(choice.model, base_url=choice.base_url, say=say)


def _scripted(choice: EngineChoice, say: Say) -> AbstractAsyncContextManager[Engine]:
    from fractal_agent.engines.scripted import ScriptedEngine, placeholder, read_script

    if choice.script is None:
        return ScriptedEngine(placeholder, description="placeholder")
    return ScriptedEngine(read_script(choice.script), description=str(choice.script))


ENGINES: Mapping[str, Callable[[EngineChoice, Say], AbstractAsyncContextManager[Engine]]] = {
    "vllm": _vllm,
    "openai": _openai,
    "scripted": _scripted,
}
