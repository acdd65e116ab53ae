"""What a role asked of the world and what the world answered: generations and executions."""

from typing import Literal

import msgspec

from events.base import Event
from events.work import Example, ExampleResult


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class GenerationRequested(Event, frozen=True, kw_only=True):
    """A chat to be continued by the model."""

    messages: tuple[Message, ...]
    prefill: str = ""
    """How the answer is to begin: an engine that can, lets the model go on from here."""
    max_tokens: int = 512
    temperature: float = 0.0
    """0 is greedy decoding."""
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    """Generation ends before the first of these strings that the model writes."""
    seed: int = 0
    """Derived from (run seed, path). Sent to the engine, never relied on."""
    reused: bool = False
    """True when the answer was copied from the record of the same request, and nobody was asked."""


class GenerationCompleted(Event, frozen=True, kw_only=True):
    text: str
    """The whole answer; it begins with the prefill where the engine could set one."""
    finish_reason: Literal["stop", "length", "refused"]
    """`length`: the token budget ran out. `refused`: the engine would not take the request."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tokens_digest: str = ""
    """sha256 of the completion's token ids, comma-separated; empty where the engine does not tell."""
    error: str = ""
    """Why the request was refused."""
    reasoning: str = ""
    """What a reasoning model thought before it answered. Recorded, and no part of the answer."""
    uncounted: bool = False
    """True when the engine reported no token counts; those above are then 0 and mean nothing."""
    dropped: tuple[str, ...] = ()
    """Parameters of the request that the server refuses and was therefore not sent: `seed`, `prefill`."""


class ExecutionRequested(Event, frozen=True, kw_only=True):
    """A program to be run against examples in the sandbox."""

    program: str
    entry_point: str
    examples: tuple[Example, ...] = ()
    reused: bool = False
    """True when the answer was copied from the record of the same request, and nobody was asked."""
    tests_digest: str = ""
    """sha256 of the hidden tests that are run too, hex; empty unless the feedback is an oracle's."""
    kind: Literal["function", "program"] = "function"
    """As in the problem; of a program, an example is an input and its output."""
    compare: str = ""
    """As in the problem."""
    files: dict[str, str] = {}  # noqa: RUF012  # msgspec copies it
    """As in the problem."""


class ExecutionCompleted(Event, frozen=True, kw_only=True):
    """How the program fared. A broken sandbox is an exception, never one of these."""

    outcome: Literal["passed", "failed", "error", "timeout", "killed"]
    """`error`: the program could not be loaded. `killed`: it exited or hit a limit other than time."""
    results: tuple[ExampleResult, ...] = ()
    error: str = ""
    stdout: str = ""
    """What the program printed, cut to a bound."""


class GradingRequested(Event, frozen=True, kw_only=True):
    """The submission goes to the hidden tests, which the log names by digest and never contains."""

    code: str
    entry_point: str
    tests_digest: str
    """sha256 of the tests' source, hex."""
    plus_digest: str = ""
    """The same of stricter tests that give a second verdict; empty where there are none."""
    reused: bool = False
    """True when the answer was copied from the record of the same request, and nobody was asked."""


class GradingCompleted(Event, frozen=True, kw_only=True):
    outcome: Literal["passed", "failed", "error", "timeout", "killed"]
    error: str = ""
    """Why it could not be loaded, or an exception's type and line; hidden tests are not quoted."""
    passed: int = 0
    """Assertions that held; 0 in logs from before they were counted."""
    failed: int = 0
    """Assertions that did not hold, and calls that raised or were stopped; 0 as above."""
    plus: Literal["", "passed", "failed", "error", "timeout", "killed"] = ""
    """The verdict of the stricter tests; empty where there were none."""
    plus_error: str = ""
