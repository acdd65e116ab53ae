"""An engine that answers from a script: for tests, demonstrations and new roles without a model."""

from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from events import GenerationCompleted, GenerationRequested
from fractal_agent.engines.base import EngineFailed, EngineInfo, EngineUnavailable

Answer = Callable[[GenerationRequested, str], str | Awaitable[str]]


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a script file: the first that matches a request gives the answer."""

    text: str
    """What the model is to say; stop strings and the token budget apply to it."""
    path: str = "*"
    """A shell pattern for the request's path: `HumanEval/0/coder.*`."""
    contains: str = ""
    """Text that one of the request's messages must hold."""


class ScriptedEngine:
    """Answers by a function of (request, path). A token is a word, so budgets can be tested."""

    def __init__(self, answer: Answer, *, description: str = "function") -> None:
        self._answer = answer
        self.info = EngineInfo(model_origin="script", settings={"script": description})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        said = self._answer(request, path)
        written = said if isinstance(said, str) else await said
        kept = _before_stop(written, request.stop)
        words = kept.split(" ")
        text = " ".join(words[: request.max_tokens])
        return GenerationCompleted(
            text=request.prefill + text,
            finish_reason="length" if len(words) > request.max_tokens else "stop",
            prompt_tokens=sum(len(message.content.split()) for message in request.messages),
            completion_tokens=min(len(words), request.max_tokens),
        )


def scripted(lines: Sequence[Line]) -> Answer:
    """The answer of the first line that matches; a request that none matches fails the engine."""

    def answer(request: GenerationRequested, path: str) -> str:
        for line in lines:
            told = any(line.contains in message.content for message in request.messages)
            if fnmatchcase(path, line.path) and told:
                return line.text
        raise EngineFailed("scripted", path, "no line of the script matches this request")

    return answer


def placeholder(request: GenerationRequested, path: str) -> str:
    """The answer when there is no script: a body that does nothing, so that a run shows its plumbing."""
    return "    pass\n" if "def " in request.prefill else " Do nothing."


def read_script(path: Path) -> Answer:
    """The script in a JSONL file of `Line`s.

    Raises:
        EngineUnavailable: there is no such file, or a line is malformed; the message says which.
    """
    try:
        rows = path.read_bytes().splitlines()
    except OSError as error:
        raise EngineUnavailable(f"{path}: cannot be read as a script ({error.strerror}).") from None
    lines: list[Line] = []
    for number, row in enumerate(rows, start=1):
        try:
            lines.append(msgspec.json.decode(row, type=Line))
        except msgspec.DecodeError as error:
            expected = 'an object like {"path": "HumanEval/0/coder.*", "text": "..."}'
            raise EngineUnavailable(f"{path}: line {number}: {error}; expected {expected}.") from None
    return scripted(lines)


def _before_stop(text: str, stops: Sequence[str]) -> str:
    ends = [at for stop in stops if (at := text.find(stop)) >= 0]
    return text[: min(ends)] if ends else text
