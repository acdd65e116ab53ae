"""What is adapted to, what is an outcome, and what stops a run, of all that servers refuse."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from events import GenerationCompleted, GenerationRequested
from fractal_agent.engines import EngineFailed, RequestFailed
from fractal_agent.engines.fakes import FakeServer, Raw, Reply, Said
from fractal_agent.engines.openai import OpenAIEngine

Asks = Callable[..., GenerationRequested]
OPTIONAL = {
    "seed",
    "temperature",
    "top_p",
    "stop",
    "max_tokens",
    "continue_final_message",
    "add_generation_prompt",
}


def saying(text: Said, **options: Any) -> FakeServer:
    return FakeServer(lambda request: text, **options)


def error(status: int, message: str = "") -> Reply:
    return status, {"error": {"message": message or f"a {status} of its own"}}


def refusing(refuses: Callable[[dict[str, Any]], Reply | Raw | None], **options: Any) -> FakeServer:
    """A server that says ok to what the function does not refuse."""
    return FakeServer(lambda request: refuses(request) or "ok", **options)


PROMPT_REFUSED: list[Reply] = [
    (413, {"error": {"message": "payload too large"}}),
    error(400, "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens."),
    (400, {"error": {"message": "reduce", "param": "messages", "code": "context_length_exceeded"}}),
    (400, {"error": {"message": "too large for the context length of 8", "param": "max_tokens"}}),
    (
        400,
        {
            "object": "error",
            "message": "The input (61709 tokens) is longer than the model's context length (40960).",
        },
    ),
    (400, {"object": "error", "message": "max_tokens must be at least 1, got -186.", "param": None}),
    (500, {"error": {"code": 500, "message": "try increasing it", "type": "exceed_context_size_error"}}),
    (200, {"error": "Trying to keep the first 9000 tokens when context the overflows."}),
    (
        422,
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096.",
            "error_type": "v",
        },
    ),
    (
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "The input token count (9) exceeds the maximum number of tokens allowed (8).",
                }
            }
        ],
    ),
    (
        400,
        {
            "error": {
                "message": "Provider returned error",
                "metadata": {"raw": '{"error":{"message":"prompt is too long: 9 tokens > 8 maximum"}}'},
            }
        },
    ),
    (
        400,
        {
            "error": {
                "message": "held back",
                "code": "content_filter",
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            }
        },
    ),
    (
        403,
        {"error": {"message": "Your input was flagged", "code": 403, "metadata": {"reasons": ["violence"]}}},
    ),
    (400, {"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}}),
]


@pytest.mark.parametrize("reply", PROMPT_REFUSED)
async def test_prompt_refused(connect: Any, asks: Asks, reply: Reply) -> None:
    """A prompt that is too long or held back by a filter is an answer with the server's reason."""
    server = refusing(lambda request: reply if "hello" in str(request["messages"]) else None)
    async with connect(server) as engine:
        answer = await engine.generate(asks(), "p")

    assert (answer.text, answer.finish_reason) == ("", "refused")
    assert answer.error


async def test_no_prompt_taken(connect: Any, asks: Asks) -> None:
    """A server for which even one line is too long has failed."""
    async with connect(refusing(lambda request: error(400, "context length exceeded"))) as engine:
        with pytest.raises(EngineFailed, match="every request: context length exceeded"):
            await engine.generate(asks(), "p")


def over(request: dict[str, Any], names: set[str], reply: Reply) -> Reply | None:
    return reply if names & set(request) else None


PARAMETER_REFUSED: list[tuple[str, Reply]] = [
    (
        "seed",
        (
            422,
            {
                "object": "error",
                "message": {"detail": [{"loc": ["body", "seed"], "msg": "extra"}]},
                "param": None,
            },
        ),
    ),
    ("seed", (400, {"error": {"message": "not here", "param": "seed"}})),
    ("seed", (400, [{"error": {"code": 400, "message": 'Unknown name "seed": Cannot find field.'}}])),
    ("seed", (422, {"detail": "property 'seed' is unsupported"})),
    (
        "top_p",
        (
            422,
            {"error": "Input validation error: `top_p` must be > 0.0 and < 1.0", "error_type": "validation"},
        ),
    ),
    ("temperature", error(400, "Unsupported value: 'temperature' does not support 0.0 with this model.")),
    ("stop", (400, {"error": {"message": "len(stop) > 4 is not supported"}})),
    ("stop", (400, {"detail": "Stop string array too long"})),
    ("stop", (400, {"error": {"message": "'$.stop' is invalid. Please check the API reference."}})),
    ("stop", (400, {"error": {"message": "generation_config.stop_sequences: must not exceed 5."}})),
    ("max_tokens", error(400, "Unsupported parameter: 'max_tokens' is not supported with this model.")),
    ("seed", (501, {"error": {"message": "seed is not implemented"}})),
    (
        "temperature",
        (400, {"error": {"message": "no", "metadata": {"raw": '{"error":{"param":"temperature"}}'}}}),
    ),
]


@pytest.mark.parametrize(("name", "reply"), PARAMETER_REFUSED)
async def test_refused_parameter(connect: Any, asks: Asks, said: list[str], name: str, reply: Reply) -> None:
    """A parameter that the server refuses is left out from then on, which is said once."""
    server = refusing(lambda request: over(request, {name}, reply))
    async with connect(server) as engine:
        first = await engine.generate(asks(stop=("x",)), "p")
        tries = len(server.requests)
        second = await engine.generate(asks(stop=("x",)), "q")

    assert (first.text, second.text) == ("ok", "ok")
    assert len(server.requests) == tries + 1
    kept = set(server.requests[-1]) & OPTIONAL
    assert kept == {"seed", "temperature", "top_p", "stop", "max_tokens"} - {name}
    assert first.dropped == second.dropped == (() if name == "max_tokens" else (name,))
    assert len(said) == 1
    assert name in said[0]


@pytest.mark.parametrize(
    "words",
    [
        "Input validation error: `max_new_tokens` must be <= 512. Given: 600",
        "max_tokens is too large: 600. This model supports at most 512 completion tokens.",
        "Invalid input: stop sequences exceed the limit",
        "Input should be less than or equal to 1: temperature",
    ],
)
async def test_parameter_that_sounds_like_a_prompt(connect: Any, asks: Asks, words: str) -> None:
    """A refused parameter is none of the prompt, though the words speak of input and of limits."""
    names = {"max_tokens", "max_completion_tokens", "stop", "temperature"}
    server = refusing(lambda request: over(request, names, error(400, words)))
    async with connect(server) as engine:
        answer = await engine.generate(asks(stop=("x",)), "p")

    assert (answer.text, answer.finish_reason) == ("ok", "stop")


async def test_prompt_refused_before_a_parameter(connect: Any, asks: Asks) -> None:
    """A first prompt that is too long is an outcome, also where the probe finds a refused parameter."""

    def refuse(request: dict[str, Any]) -> Reply | None:
        if "hello" in str(request["messages"]):
            return error(400, "prompt is too long: 9 tokens > 8 maximum")
        return over(request, {"seed"}, error(400, "unknown field: seed"))

    async with connect(refusing(refuse)) as engine:
        assert (await engine.generate(asks(), "p")).finish_reason == "refused"
        assert (await engine.generate(asks("bye"), "q")).dropped == ("seed",)


async def test_other_name_of_the_budget(connect: Any, asks: Asks) -> None:
    """A server that wants max_completion_tokens gets the budget under that name."""
    reply = error(
        400, "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    )
    server = refusing(lambda request: over(request, {"max_tokens"}, reply))
    async with connect(server) as engine:
        answer = await engine.generate(asks(max_tokens=7), "p")

    assert server.requests[-1]["max_completion_tokens"] == 7
    assert answer.dropped == ()


async def test_several_refused_one_after_the_other(connect: Any, asks: Asks) -> None:
    """Parameters that are refused one by one are all left out, and nothing else is."""

    def refuse(request: dict[str, Any]) -> Reply | None:
        refused = next((name for name in ("temperature", "stop", "max_tokens") if name in request), None)
        return error(400, f"Unsupported parameter: '{refused}' is not supported.") if refused else None

    server = refusing(refuse)
    async with connect(server) as engine:
        answer = await engine.generate(asks(stop=("x",)), "p")

    assert answer.dropped == ("stop", "temperature")
    assert set(server.requests[-1]) & OPTIONAL == {"seed", "top_p"}


async def test_parameter_that_is_only_mentioned(connect: Any, asks: Asks) -> None:
    """Parameters that a refusal mentions and that are not to blame are sent again."""
    words = "Allowed are temperature, top_p and max_tokens; there is no seed here."
    server = refusing(lambda request: over(request, {"seed"}, error(400, words)))
    async with connect(server) as engine:
        answer = await engine.generate(asks(), "p")

    assert answer.dropped == ("seed",)


@pytest.mark.parametrize(
    "body", [b"", b"Bad Request", b"<html><title>400</title></html>", b'{"error": null}']
)
async def test_refusal_without_a_name(connect: Any, asks: Asks, body: bytes) -> None:
    """Where the server does not say what it refuses, all that can be left out is, the budget excepted."""
    reply = Raw(status=400, body=body)
    server = refusing(lambda request: reply if "seed" in request else None)
    async with connect(server) as engine:
        answer = await engine.generate(asks(stop=("x",)), "p")

    assert (answer.text, answer.dropped) == ("ok", ("seed", "stop", "temperature", "top_p"))
    assert set(server.requests[-1]) & OPTIONAL == {"max_tokens"}


@pytest.mark.parametrize(
    "words",
    [
        "this template cannot continue the final message",
        "This model does not support assistant message prefill.",
        "Extra inputs are not permitted: continue_final_message",
        "Expected last role User or Tool but got assistant",
    ],
)
async def test_refused_prefill(connect: Any, asks: Asks, words: str) -> None:
    """A prefill that the server refuses is left out with its stop strings, and the text begins without."""
    reply = 400, {"object": "error", "message": words, "type": "BadRequestError", "param": None, "code": 400}
    server = refusing(lambda request: over(request, {"continue_final_message"}, reply), owned_by="vllm")
    async with connect(server) as engine:
        answer = await engine.generate(asks(prefill="1.", stop=("k",)), "p")

    assert (answer.text, answer.dropped) == ("ok", ("prefill",))
    assert set(server.requests[-1]) & OPTIONAL == {"seed", "temperature", "top_p", "max_tokens"}
    assert server.requests[-1]["messages"] == [{"role": "user", "content": "hello"}]


async def test_many_refused_at_once(connect: Any, asks: Asks, said: list[str]) -> None:
    """Requests in flight together are all answered after the same refusal, which is said once."""
    server = refusing(lambda request: over(request, {"seed"}, error(400, "no 'seed'")), owned_by="vllm")
    answers: list[GenerationCompleted] = []

    async with connect(server) as engine, anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(collect, answers, engine, asks(), f"p{number}")

    assert [answer.dropped for answer in answers] == [("seed",)] * 40
    assert len(said) == 1


async def collect(
    into: list[GenerationCompleted], engine: OpenAIEngine, request: GenerationRequested, path: str
) -> None:
    into.append(await engine.generate(request, path))


async def test_refusal_of_one_request(connect: Any, asks: Asks) -> None:
    """A request that is refused for an unknown reason fails alone when another is answered."""
    server = refusing(lambda request: error(400, "no cats") if "cat" in str(request["messages"]) else None)
    async with connect(server) as engine:
        with pytest.raises(RequestFailed, match=r"p: .* this request alone: .*no cats \(status 400\)"):
            await engine.generate(asks("a cat"), "p")

        assert (await engine.generate(asks("a dog"), "q")).dropped == ()


async def test_refusal_of_every_request(connect: Any, asks: Asks) -> None:
    """A refusal that a request of one line meets as well fails the engine, in the server's words."""
    reply = 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "the well is dry"}}
    answered = 2
    server = refusing(lambda request: reply if len(server.requests) > answered else None)
    async with connect(server) as engine:
        for _ in range(answered):
            await engine.generate(asks(), "p")
        with pytest.raises(EngineFailed, match="every request: the well is dry"):
            await engine.generate(asks(), "q")


async def test_refusal_of_a_known_form(connect: Any, asks: Asks) -> None:
    """Parameters that were accepted before are not blamed for a later refusal, whatever words it quotes."""
    server = refusing(lambda request: error(400, "seed? no") if "cat" in str(request["messages"]) else None)
    async with connect(server) as engine:
        await engine.generate(asks(), "p")
        with pytest.raises(RequestFailed):
            await engine.generate(asks("cat"), "q")

        assert (await engine.generate(asks(), "r")).dropped == ()


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (error(401, "bad key"), "bad key .*refuses the key: set OPENAI_API_KEY"),
        (error(402, "pay first"), "pay first .*can pay for no more"),
        (error(404, "no model m"), "no model m .*--model.*/v1"),
        (
            (429, {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}),
            "can pay for no more",
        ),
    ],
)
async def test_refusal_with_advice(connect: Any, asks: Asks, reply: Reply, told: str) -> None:
    """A key, an account or a model that is refused stops at once, with what to do about it."""
    server = saying("x")
    async with connect(server) as engine:
        server.failing = [reply]
        with pytest.raises(EngineFailed, match=told):
            await engine.generate(asks(), "p")

    assert len(server.requests) == 1


async def test_budget_gone_before_the_answer(connect: Any, asks: Asks) -> None:
    """A budget that a server says it has used up while thinking cuts the answer, and refuses nothing."""
    reply = error(400, "Could not finish the message because max_tokens or model output limit was reached.")
    async with connect(refusing(lambda request: reply)) as engine:
        answer = await engine.generate(asks(), "p")

    assert (answer.text, answer.finish_reason) == ("", "length")
