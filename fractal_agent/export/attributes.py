"""What a span says of its run, its request and its result.

Attributes follow OpenTelemetry's semantic conventions for generative AI, version 0.1.0, where those have one;
the others begin with `fractal_agent.`.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from events import (
    ExecutionCompleted,
    ExecutionRequested,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    GradingRequested,
    RunStarted,
    Settings,
)

Value = str | bool | int | float | tuple[str, ...]
"""What an attribute can hold."""


def of_run(started: RunStarted) -> dict[str, Value]:
    """What holds for every span of the run: the resource's attributes."""
    settings, made = started.settings, started.provenance
    return {
        "service.name": "fractal_agent",
        "service.version": made.versions.get("fractal-agent", ""),
        "process.runtime.version": made.versions.get("python", ""),
        "fractal_agent.run_id": started.run_id,
        "fractal_agent.dataset": settings.dataset,
        "fractal_agent.architecture": settings.architecture,
        "fractal_agent.model": settings.model,
        "fractal_agent.engine": settings.engine,
        "fractal_agent.seed": settings.seed,
        "fractal_agent.rounds": settings.rounds,
        "fractal_agent.feedback": settings.feedback,
        "fractal_agent.machine": made.machine,
        "fractal_agent.sandbox": made.sandbox,
        "fractal_agent.model_origin": made.model_origin,
        "fractal_agent.model_digest": made.model_digest,
        **{f"fractal_agent.engine.{name}": value for name, value in sorted(made.engine.items())},
        **{f"fractal_agent.role.{name}": value for name, value in sorted(made.roles.items())},
        **{f"fractal_agent.version.{name}": value for name, value in sorted(made.versions.items())},
    }


def of_request(
    request: GenerationRequested | ExecutionRequested | GradingRequested, settings: Settings, *, content: bool
) -> dict[str, Value]:
    """What was asked of the world; prompts and programs only with `content`."""
    said: dict[str, Value] = {"fractal_agent.reused": True} if request.reused else {}
    match request:
        case GenerationRequested():
            said |= _of_chat(request, settings, content=content)
        case ExecutionRequested():
            said["fractal_agent.examples"] = len(request.examples)
            said |= {"fractal_agent.program": request.program} if content else {}
        case GradingRequested():
            said["fractal_agent.tests_digest"] = request.tests_digest
            said |= {"fractal_agent.program": request.code} if content else {}
    return said


def _of_chat(request: GenerationRequested, settings: Settings, *, content: bool) -> dict[str, Value]:
    said: dict[str, Value] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": settings.engine,
        "gen_ai.request.model": settings.model,
        "gen_ai.request.max_tokens": request.max_tokens,
        "gen_ai.request.temperature": request.temperature,
        "gen_ai.request.top_p": request.top_p,
        "gen_ai.request.seed": request.seed,
        **_server(settings.base_url),
    }
    if request.stop:
        said["gen_ai.request.stop_sequences"] = request.stop
    if content:
        said["gen_ai.input.messages"] = _chat(_message(turn.role, turn.content) for turn in request.messages)
        if request.prefill:
            said["fractal_agent.prefill"] = request.prefill
    return said


def _server(base_url: str) -> dict[str, Value]:
    """Where an engine's server is; never the credentials that a URL may carry."""
    url = urlsplit(base_url)
    if not url.hostname:
        return {}
    return {"server.address": url.hostname, "server.port": url.port or (443 if url.scheme == "https" else 80)}


def of_result(
    result: GenerationCompleted | ExecutionCompleted | GradingCompleted, *, content: bool
) -> dict[str, Value]:
    """What the world answered; the model's words and the program's only with `content`."""
    match result:
        case GenerationCompleted():
            said: dict[str, Value] = {
                "gen_ai.response.finish_reasons": (result.finish_reason,),
                "gen_ai.usage.input_tokens": result.prompt_tokens,
                "gen_ai.usage.output_tokens": result.completion_tokens,
            }
            if content:
                answer = _message("assistant", result.text) | {"finish_reason": result.finish_reason}
                said["gen_ai.output.messages"] = _chat([answer])
            return said
        case ExecutionCompleted():
            passing = sum(example.outcome == "passed" for example in result.results)
            said = {"fractal_agent.outcome": result.outcome, "fractal_agent.examples.passed": passing}
            return said | ({"fractal_agent.stdout": result.stdout} if content and result.stdout else {})
        case GradingCompleted():
            return {
                "gen_ai.evaluation.name": "hidden tests",
                "gen_ai.evaluation.score.label": result.outcome,
                "gen_ai.evaluation.score.value": float(result.outcome == "passed"),
            }


def _message(role: str, text: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _chat(messages: Iterable[dict[str, object]]) -> str:
    """The messages as JSON: the conventions' form where an attribute cannot be a structure."""
    return msgspec.json.encode(list(messages)).decode()
