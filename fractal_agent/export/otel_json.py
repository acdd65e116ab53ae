"""`otel-json`: a run as one OpenTelemetry trace, in the JSON lines that collectors and trace viewers read.

The encoding is OTLP's JSON (ids in hex, 64-bit integers as strings, enumerations as numbers), the file that
of the OpenTelemetry file exporter. The run itself is the first line and each case is one more, as a collector
reads lines up to a limit. Ids are derived from the run's id and the path: one log always gives one file.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from fractal_agent import __version__
from fractal_agent.export.attributes import Value, of_run
from fractal_agent.export.base import Recorded
from fractal_agent.export.spans import Link, Moment, Span, Spans

# Numbers of OTLP's enumerations.
_INTERNAL, _CLIENT = 1, 3
_STATUS_ERROR = 2


def write_otel_json(run: Recorded, part: Path, content: bool) -> None:
    """The run's spans, a line a case; prompts, answers and programs only with `content`.

    Raises:
        OSError: the file cannot be written.
        LogError: the log is damaged; nothing was written.
    """
    by_case: dict[str, list[dict[str, Any]]] = {}
    for span in Spans.of(run.started, run, content=content).by_path.values():
        by_case.setdefault(span.case_id, []).append(_span(span, run.started.run_id))
    resource = {"attributes": _attributes(of_run(run.started))}
    scope = {"name": "fractal_agent", "version": __version__}
    with part.open("xb") as file:
        for spans in by_case.values():
            scoped = {"scope": scope, "spans": spans}
            line = {"resourceSpans": [{"resource": resource, "scopeSpans": [scoped]}]}
            file.write(msgspec.json.encode(line) + b"\n")


def trace_id(run_id: str) -> str:
    """The id of a run's trace: 16 bytes, hex."""
    return hashlib.sha256(run_id.encode()).hexdigest()[:32]


def span_id(run_id: str, path: str) -> str:
    """The id of the span at one path of a run: 8 bytes, hex."""
    return hashlib.sha256(f"{run_id}\n{path}".encode()).hexdigest()[:16]


def _span(span: Span, run_id: str) -> dict[str, Any]:  # Any: as JSON holds it, here and below
    encoded: dict[str, Any] = {"traceId": trace_id(run_id), "spanId": span_id(run_id, span.path)}
    if span.parent is not None:
        encoded["parentSpanId"] = span_id(run_id, span.parent)
    encoded |= {
        "name": span.name,
        "kind": _CLIENT if span.remote else _INTERNAL,
        "startTimeUnixNano": _nanoseconds(span.start),
        "endTimeUnixNano": _nanoseconds(span.end),
        "attributes": _attributes(span.attributes | ({"error.type": span.error} if span.error else {})),
    }
    if span.moments:
        encoded["events"] = [_event(moment) for moment in span.moments]
    if span.links:
        encoded["links"] = [_link(link) for link in span.links]
    if span.error:
        encoded["status"] = {"code": _STATUS_ERROR, "message": span.message or span.error}
    return encoded


def _event(moment: Moment) -> dict[str, Any]:
    return {"timeUnixNano": _nanoseconds(moment.at), "name": moment.name}


def _link(link: Link) -> dict[str, Any]:
    return {
        "traceId": trace_id(link.run_id),
        "spanId": span_id(link.run_id, link.path),
        "attributes": _attributes({"fractal_agent.link": link.why}),
    }


def _nanoseconds(at: float | None) -> str:
    """The time as 64-bit integers stand in JSON; the log has milliseconds."""
    assert at is not None
    return str(round(at * 1000) * 1_000_000)


def _attributes(said: dict[str, Value]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in said.items()]


def _value(value: Value) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case _:
            return {"arrayValue": {"values": [_value(item) for item in value]}}
