"""Stands for the engine where every answer is expected to be on record."""

from events import GenerationCompleted, GenerationRequested
from fractal_agent.engines.base import EngineInfo
from replay.signals import Signal


class ModelNeeded(Signal):
    """An answer was asked for that is on no record."""

    rank = 0

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: no answer is recorded")
        self.path = path


class NoEngine:
    """An engine without a model: whoever asks it, ends in `ModelNeeded`."""

    info = EngineInfo(model_origin="none")

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        raise ModelNeeded(path)
