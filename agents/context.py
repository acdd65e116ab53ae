"""What a role may ask of the world: a generation, an execution, a random number. Nothing else."""

from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Literal, Protocol

from events.effects import ExecutionCompleted, GenerationCompleted, Message
from events.work import Example

NO_FILES: Mapping[str, str] = MappingProxyType({})


class Context(Protocol):
    """A role's only door to the world. Every answer is recorded, so a replay gives it again.

    Effects of one role happen one after the other: a second call before the first has returned is
    an error. To do things side by side, let the architecture use `stage.each`.
    """

    @property
    def random(self) -> Random:
        """A generator seeded from the run's seed and this place in the work: the same in every replay."""
        ...

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
        """The model's answer to a chat, `prefill` included where the engine could set one.

        Raises:
            TypeError, ValueError: an argument does not fit, and nothing was asked.
        """
        ...

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
        """How `program` fares in the sandbox when each example is run against it; errors as `generate`.

        `kind`, `compare` and `files` are the problem's own.
        """
        ...
