"""A stand-in for the world: `await planner.act(problem, ScriptedContext(["1. Add."]))` in a unit test."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Literal

import msgspec

from agents.asking import execution, generation
from agents.context import NO_FILES
from events.effects import (
    ExecutionCompleted,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    Message,
)
from events.work import Example


class ScriptedContext:
    """A `Context` that gives the listed answers in order and keeps what it was asked.

    Asked for more than was listed, it raises `AssertionError`.
    """

    def __init__(
        self, answers: Sequence[str] = (), executions: Sequence[ExecutionCompleted] = (), *, seed: int = 0
    ) -> None:
        if isinstance(answers, str):
            raise TypeError(f"answers is the string {answers!r}; expected a sequence of answers")
        self._answers = list(answers)
        self._executions = list(executions)
        self.random = Random(seed)
        self.generations: list[GenerationRequested] = []
        self.executed: list[ExecutionRequested] = []

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        prefill: str = "",
        max_tokens: int = 512,
        temperature: float = 0.0,
        top_p: float = 1.0,
        stop: str | Sequence[str] = (),
    ) -> GenerationCompleted:
        """The next answer, after the prefill. Refuses what a run would refuse."""
        request = generation(
            messages, prefill=prefill, max_tokens=max_tokens, temperature=temperature, top_p=top_p, stop=stop
        )
        assert self._answers, "the role asked for more generations than the test listed"
        self.generations.append(request)
        return GenerationCompleted(text=prefill + self._answers.pop(0), finish_reason="stop")

    async def execute(
        self,
        program: str,
        *,
        entry_point: str,
        examples: Sequence[Example],
        kind: Literal["function", "program"] = "function",
        compare: str = "",
        files: Mapping[str, str] = NO_FILES,
    ) -> ExecutionCompleted:
        """The next listed execution. Refuses what a run would refuse."""
        request = execution(program, entry_point=entry_point, examples=examples)
        assert self._executions, "the role asked for more executions than the test listed"
        self.executed.append(msgspec.structs.replace(request, kind=kind, compare=compare, files=dict(files)))
        return self._executions.pop(0)
