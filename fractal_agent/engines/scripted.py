"""An engine that answers from a script: for tests, demonstrations and new roles without a model."""

import re
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from events import GenerationCompleted, GenerationRequested
from fractal_agent.engines.base import (
    EngineFailed,
    EngineInfo,
    EngineMisused,
    before_later_stop,
    before_stop,
)
from fractal_agent.engines.thinking import parted

CONTEXT = 4096
"""In words; as many tokens as the vLLM engine takes."""

_WORD = re.compile(r"\s*\S+|\s+")

Answer = Callable[[GenerationRequested, str], str | Awaitable[str]]


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a script file: the first that matches a request gives the answer."""

    text: str
    """What the model is to say, from the prefill on; stop strings and the token budget apply to it."""
    path: str = "*"
    """A shell pattern for the request's path or an end of it: `HumanEval/0/coder.*`, in any branch."""
    contains: str = ""
    """Text that one of the request's messages must hold."""


class ScriptedEngine:
    """Answers by a function of (request, path). A token is a word, so budgets can be tested.

    A prompt of `context` words or more is refused, as a model refuses one beyond its context.
    """

    def __init__(self, answer: Answer, *, description: str = "function", context: int = CONTEXT) -> None:
        self._answer = answer
        self._context = context
        self.info = EngineInfo(model_origin="script", settings={"script": description})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        asked = sum(len(message.content.split()) for message in request.messages)
        if asked >= self._context:
            problem = f"the prompt has {asked} words, {self._context - 1} are taken"
            return GenerationCompleted(text="", finish_reason="refused", prompt_tokens=asked, error=problem)
        said = self._answer(request, path)
        written = (said if isinstance(said, str) else await said).removeprefix(request.prefill)
        return _completed(written, request, asked)


def _completed(written: str, request: GenerationRequested, asked: int) -> GenerationCompleted:
    """The budget counts the thinking too, as it does for a model; stop strings apply to the answer."""
    said = parted(written, prefill=request.prefill)
    stopped = before_stop if request.prefill else before_later_stop
    thoughts, words = words_of(said.reasoning), words_of(stopped(said.answer, request.stop))
    left = max(request.max_tokens - len(thoughts), 0)
    used = len(thoughts) + len(words)
    return GenerationCompleted(
        text=request.prefill + "".join(words[:left]),
        finish_reason="length" if used > request.max_tokens else "stop",
        prompt_tokens=asked,
        completion_tokens=min(used, request.max_tokens),
        reasoning="".join(thoughts[: request.max_tokens]),
    )


def words_of(text: str) -> list[str]:
    """The text cut into words, each with the space before it; together they are the text."""
    return _WORD.findall(text)


def scripted(lines: Sequence[Line]) -> Answer:
    """The answer of the first line that matches; a request that none matches fails the engine."""

    def answer(request: GenerationRequested, path: str) -> str:
        for line in lines:
            told = any(line.contains in message.content for message in request.messages)
            if told and (fnmatchcase(path, line.path) or fnmatchcase(path, f"*/{line.path}")):
                return line.text
        raise EngineFailed("scripted", path, f"no line of the script matches. Add one: {_line_for(path)}")

    return answer


def _line_for(path: str) -> str:
    return msgspec.json.encode({"path": path, "text": "..."}).decode()


def placeholder(request: GenerationRequested, path: str) -> str:
    """The answer when there is no script: a body that does nothing, so that a run shows its plumbing."""
    return "    pass\n" if "def " in request.prefill else " Do nothing."


def read_script(path: Path) -> Answer:
    """The script in a JSONL file of `Line`s.

    Raises:
        EngineMisused: there is no such file, or a line is malformed; the message says which.
    """
    try:
        written = path.read_bytes()
    except OSError as error:
        raise EngineMisused(f"{path}: cannot be read as a script ({error.strerror}).") from None
    if b"\0" in written:  # in every text of UTF-16 or UTF-32 that has a JSON object in it
        raise EngineMisused(f"{path}: is not UTF-8 (it may be UTF-16). Save it as UTF-8.")
    lines: list[Line] = []
    for number, row in enumerate(written.splitlines(), start=1):
        told = row.removeprefix(BOM_UTF8).strip()
        if not told:
            continue
        try:
            lines.append(msgspec.json.decode(told, type=Line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            expected = f"an object like {_line_for('HumanEval/0/coder.*')}"
            raise EngineMisused(f"{path}, line {number}: {error}; expected {expected}.") from None
    return scripted(lines)
