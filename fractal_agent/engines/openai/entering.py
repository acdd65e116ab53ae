"""The first look at a server: is it there, does it take the key, does it have the model."""

from fractal_agent.engines.base import EngineUnavailable
from fractal_agent.engines.openai.answers import Answer
from fractal_agent.engines.openai.bodies import Broken, clipped, document_in
from fractal_agent.engines.openai.connection import Connection, Reply
from fractal_agent.engines.openai.models import Model, models_in
from fractal_agent.engines.openai.parameters import PROBE, PROBE_TOKENS, Sent
from fractal_agent.engines.openai.patience import Gate
from fractal_agent.engines.openai.refusals import Kind, Refusal

ADDRESS = "give its address as --base-url http://HOST:PORT/v1."

LISTED = 10
"""How many of a server's models a message names."""


async def found_at(connection: Connection, gate: Gate, model: str) -> bool:
    """True if the model is served by vLLM, which goes on from a prefill.

    A server that has no list of models is asked a question instead.

    Raises:
        EngineUnavailable: it is not reached, refuses the key, or has no such model.
    """
    reply = await _listed(connection, gate)
    models = models_in(reply.body) if isinstance(reply, Reply) else ()
    offered = next((offer for offer in models if offer.goes_by(model)), None)
    if offered is not None:
        return offered.owner == "vllm"
    if models and not _names_deployments(reply):
        raise EngineUnavailable(f"{connection.access.shown}: {_not_among(models, model)}")
    await _require_answer(connection, gate, reply, models, model)
    return False


async def _listed(connection: Connection, gate: Gate) -> Reply | Refusal:
    """The list, or what is said instead. A busy server is waited for; one that is not reached is not."""

    async def ask() -> Reply | Refusal:
        said = await connection.models()
        if isinstance(said, Refusal) and (
            _is_final(said) or (said.kind is Kind.BUSY and connection.proxy_hint)
        ):
            raise EngineUnavailable(f"{connection.access.shown}: {_about(said, connection)}")
        return said

    reply = await gate.through(ask)
    if isinstance(reply, Refusal) and reply.kind is Kind.BUSY:
        raise EngineUnavailable(f"{connection.access.shown}: {_about(reply, connection)}")
    return reply


def _is_final(refusal: Refusal) -> bool:
    """True for a refusal of the list that a question would meet as well."""
    return not refusal.status or refusal.status == 401 or refusal.kind is Kind.CREDIT


def _names_deployments(reply: Reply | Refusal) -> bool:
    """Azure lists models, and is asked for deployments, which have names of their own."""
    return isinstance(reply, Reply) and any(name.lower().startswith("x-ms-") for name in reply.headers)


async def _require_answer(
    connection: Connection, gate: Gate, reply: Reply | Refusal, models: tuple[Model, ...], model: str
) -> None:
    said = await _probed(connection, gate, {"max_tokens": PROBE_TOKENS})
    if isinstance(said, Refusal) and said.kind is Kind.REQUEST:
        said = await _probed(connection, gate, {})
    if isinstance(said, Answer) or said.kind is Kind.CUT:
        return
    if models:
        raise EngineUnavailable(f"{connection.access.shown}: {_not_among(models, model)} It says: {said}.")
    if said.kind in {Kind.KEY, Kind.CREDIT}:
        raise EngineUnavailable(f"{connection.access.shown}: {_about(said, connection)}")
    raise EngineUnavailable(f"{connection.access.shown}: {_no_list(reply, said, connection)}")


async def _probed(connection: Connection, gate: Gate, options: dict[str, object]) -> Answer | Refusal:
    probe = Sent(messages=({"role": "user", "content": PROBE},), options=options)
    return await gate.through(lambda: connection.chat(probe))


def _not_among(models: tuple[Model, ...], model: str) -> str:
    listed = ", ".join(offer.name for offer in models[:LISTED])
    more = f" and {len(models) - LISTED} more" if len(models) > LISTED else ""
    return f"no model {model!r} here; --model can be: {listed}{more}."


def _no_list(reply: Reply | Refusal, said: Refusal, connection: Connection) -> str:
    found = str(reply) if isinstance(reply, Refusal) else _found_in(reply, connection)
    moved = reply.moved_to if isinstance(reply, Reply) else ""
    on = f" The server sends requests on to {connection.access.mask(moved)}." if moved else ""
    return (
        f"there is no list of models ({found}), and a question is not answered ({said}).{on} "
        f"Most servers have both under /v1: {ADDRESS}{connection.hint(said)}"
    )


def _found_in(reply: Reply, connection: Connection) -> str:
    document = document_in(reply.body)
    return (
        document.shape if isinstance(document, Broken) else clipped(connection.access.mask(reply.body), 120)
    )


def _about(refusal: Refusal, connection: Connection) -> str:
    hint = connection.hint(refusal)
    match refusal.kind:
        case Kind.KEY:
            return f"the server refuses the key ({refusal}). Set OPENAI_API_KEY to one that it takes.{hint}"
        case Kind.CREDIT:
            return f"the account can pay for no request ({refusal})."
        case _:
            start = f" Start one there (`vllm serve MODEL`), or {ADDRESS}"
            return f"no server answers ({refusal}).{hint or start}"
