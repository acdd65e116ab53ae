"""What is sent for a request: its parameters, those left out that the server refuses."""

from collections.abc import Container, Mapping

import msgspec

from events import GenerationRequested, Message
from fractal_agent.engines.openai.refusals import Refusal
from fractal_agent.engines.openai.wording import OPTIONAL

STOPS_TAKEN = 4
"""The protocol allows this many stop strings; vLLM's server takes any number."""

PROBE = "Say ok."
PROBE_TOKENS = 16
"""Enough to answer with; some servers take no smaller budget."""

BUDGET = ("max_tokens", "max_completion_tokens")
"""Names of the token budget, in the order in which they are tried."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One request in the form in which a server is asked."""

    messages: tuple[dict[str, str], ...]
    options: Mapping[str, object]
    """Parameters beside the messages."""
    extra: Mapping[str, object] = {}
    """Parameters that only some servers know."""
    prefill: str = ""
    """How the answer begins, where the server goes on from it."""
    stops: tuple[str, ...] = ()
    """What ends the answer, whether or not the server was told."""
    dropped: tuple[str, ...] = ()
    """What the request asks for and the server is not sent, because it refuses it."""
    budget: int = 0

    @property
    def optional(self) -> frozenset[str]:
        """The parameters here that a request can do without."""
        return frozenset(self.options) & frozenset(OPTIONAL) | ({"prefill"} if self.prefill else set())

    @property
    def form(self) -> tuple[str, ...]:
        """Everything but the prompt and the seed. A form that was accepted once is to blame for nothing."""
        told = {name: value for name, value in self.options.items() if name != "seed"}
        return tuple(f"{name}={value!r}" for name, value in sorted(told.items())) + tuple(
            sorted(self.optional)
        )


def sent_for(
    request: GenerationRequested, lacking: frozenset[str], *, prefills: bool, stops: int | None
) -> Sent:
    """The request as it is sent to a server that refuses the parameters in `lacking`.

    Without its prefill, a request loses its stop strings as well: they say how an answer ends that
    begins with it. `stops` is how many a server takes, None for any number.
    """
    prefill = request.prefill if prefills and "prefill" not in lacking else ""
    ends = tuple(stop for stop in request.stop if stop) if prefill == request.prefill else ()
    wanted: dict[str, object] = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(ends[:stops]),
        "seed": request.seed,
    }
    wanted = {name: value for name, value in wanted.items() if name != "stop" or value}
    budget = next((name for name in BUDGET if name not in lacking), None)
    missing = [name for name in wanted if name in lacking] + ([] if budget else [BUDGET[0]])
    if request.prefill and prefills and not prefill:
        missing.append("prefill")
    options = {name: value for name, value in wanted.items() if name not in lacking}
    turns = [{"role": message.role, "content": message.content} for message in request.messages]
    return Sent(
        messages=tuple([*turns, {"role": "assistant", "content": prefill}] if prefill else turns),
        options=options | ({budget: request.max_tokens} if budget else {}),
        extra={"continue_final_message": True, "add_generation_prompt": False} if prefill else {},
        prefill=prefill,
        stops=ends,
        dropped=tuple(sorted(missing)),
        budget=request.max_tokens,
    )


def probe_of(request: GenerationRequested) -> GenerationRequested:
    """The smallest request with the same parameters and the same roles."""
    short = tuple(Message(role=message.role, content=PROBE) for message in request.messages)
    return msgspec.structs.replace(request, messages=short, prefill="", max_tokens=PROBE_TOKENS)


def without_stops(sent: Sent) -> Sent:
    """The same request, the server told of no stop string."""
    options = {name: value for name, value in sent.options.items() if name != "stop"}
    return msgspec.structs.replace(sent, options=options)


class Attempt:
    """Finds out, for one request, which of its parameters the server refuses."""

    def __init__(self, lacking: frozenset[str]) -> None:
        self.lacking = lacking
        """What is left out of the next try."""
        self._guess = ""
        """The parameter that was left out last because the server's words mention it."""
        self._words = ""
        self._guessed: set[str] = set()

    def adapt(self, refusal: Refusal, sent: Sent, accepted: Container[tuple[str, ...]]) -> bool:
        """True when there is another form of the request to try, without `lacking`.

        Left out is what the server's fields name; else the first parameter that its words mention; else
        all that can be, the token budget last. A guess that changed nothing is taken back. No form that
        was accepted before is to blame.
        """
        here = sent.optional
        if named := here & frozenset(refusal.named):
            self.lacking |= named
            return True
        if sent.form in accepted:
            return False
        if self._guess and refusal.words == self._words:
            self.lacking -= {self._guess}
            here |= {self._guess}
        left = [name for name in refusal.mentioned if name in here and name not in self._guessed]
        self._words, self._guess = refusal.words, left[0] if left else ""
        if self._guess:
            self._guessed.add(self._guess)
            self.lacking |= {self._guess}
            return True
        return self._bare(here)

    def _bare(self, here: frozenset[str]) -> bool:
        rest = here - frozenset(BUDGET)
        budget = next((name for name in BUDGET if name in here and name not in self.lacking), None)
        more = rest or frozenset([budget] if budget else [])
        self.lacking |= more
        return bool(more)
