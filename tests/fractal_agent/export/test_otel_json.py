"""The OTLP file is what OpenTelemetry's own messages parse, and its spans tell the run."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events import GenerationCompleted, LogFile, RunEnded, RunResumed
from events.fakes import header, problem
from fractal_agent.export import export_run
from fractal_agent.export.otel_json import span_id, trace_id

Write = Callable[..., Path]
INTERNAL, CLIENT = 1, 3
ERROR = 2


def lines(folder: Path, *, content: bool = False) -> list[dict[str, Any]]:
    file = folder / "file.jsonl"
    export_run(folder, "otel-json", output=file, content=content, force=True)
    return [json.loads(line) for line in file.read_text().split("\n")[:-1]]


def spans(folder: Path, *, content: bool = False) -> dict[str, dict[str, Any]]:
    """The spans by path, each with its attributes as a plain dict."""
    found = {}
    for line in lines(folder, content=content):
        for span in line["resourceSpans"][0]["scopeSpans"][0]["spans"]:
            said = {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}
            found[said.get("fractal_agent.path", "")] = span | {"attributes": said}
    return found


def in_base64(value: Any) -> Any:
    """OTLP's JSON has ids in hex where protobuf's own has base64."""
    if isinstance(value, list):
        return [in_base64(item) for item in value]
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(item)).decode()
            if key in ("traceId", "spanId", "parentSpanId")
            else in_base64(item)
            for key, item in value.items()
        }
    return value


@pytest.mark.parametrize("content", [False, True])
def test_opentelemetry_parses_it(content: bool, write: Write, facts: list[Any], forked: list[Any]) -> None:
    """OpenTelemetry's protobuf messages have each field that we write, with its type and the ids' lengths."""
    trace_pb2 = pytest.importorskip("opentelemetry.proto.trace.v1.trace_pb2")
    json_format = pytest.importorskip("google.protobuf.json_format")
    written = lines(write(facts), content=content) + lines(write(forked, name="fork"), content=content)

    for line in written:
        data = json_format.ParseDict(in_base64(line), trace_pb2.TracesData())

        for span in data.resource_spans[0].scope_spans[0].spans:
            assert (len(span.trace_id), len(span.span_id)) == (16, 8)
            assert len(span.parent_span_id) in (0, 8)
            assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
            assert span.kind in (trace_pb2.Span.SPAN_KIND_INTERNAL, trace_pb2.Span.SPAN_KIND_CLIENT)
            assert span.status.code in (0, trace_pb2.Status.STATUS_CODE_ERROR)


def test_tree(write: Write, facts: list[Any]) -> None:
    """The run holds the case, the case its roles and its grading, a role what it asked of the world."""
    found = spans(write(facts))

    assert {path: span.get("parentSpanId") for path, span in found.items()} == {
        "": None,
        "T/0": span_id("run", ""),
        "T/0/coder.0": span_id("run", "T/0"),
        "T/0/coder.0/generate.0": span_id("run", "T/0/coder.0"),
        "T/0/critic.0": span_id("run", "T/0"),
        "T/0/critic.0/execute.0": span_id("run", "T/0/critic.0"),
        "T/0/grade.0": span_id("run", "T/0"),
    }
    assert {span["traceId"] for span in found.values()} == {trace_id("run")}
    assert {path: span["spanId"] for path, span in found.items()} == {
        path: span_id("run", path) for path in found
    }


def test_only_the_model_is_elsewhere(write: Write, facts: list[Any]) -> None:
    """A generation is a client's span, all others are internal."""
    found = spans(write(facts))

    assert {path for path, span in found.items() if span["kind"] == CLIENT} == {"T/0/coder.0/generate.0"}
    assert {span["kind"] for span in found.values()} == {INTERNAL, CLIENT}


def test_times_are_those_of_the_lines(write: Write, facts: list[Any]) -> None:
    """A span lasts from its first line to its last, in nanoseconds."""
    found = spans(write(facts))

    def seconds(path: str) -> tuple[int, int]:
        span = found[path]
        return tuple(  # type: ignore[return-value]  # two of them
            (int(span[key]) - 1_764_000_000 * 10**9) // 10**9
            for key in ("startTimeUnixNano", "endTimeUnixNano")
        )

    assert seconds("") == (0, 11)
    assert seconds("T/0") == (1, 10)
    assert seconds("T/0/coder.0") == (2, 4)
    assert seconds("T/0/coder.0/generate.0") == (2, 3)
    assert seconds("T/0/grade.0") == (9, 10)


def test_links_follow_the_cause(write: Write, facts: list[Any]) -> None:
    """A role links to the one whose event it took, a grading to whoever wrote the answer, others to none."""
    found = spans(write(facts))

    assert {path: [link["spanId"] for link in span.get("links", [])] for path, span in found.items()} == {
        "": [],
        "T/0": [],
        "T/0/coder.0": [],
        "T/0/coder.0/generate.0": [],
        "T/0/critic.0": [span_id("run", "T/0/coder.0")],
        "T/0/critic.0/execute.0": [],
        "T/0/grade.0": [span_id("run", "T/0/coder.0")],
    }


def test_fork_links_to_its_parent(write: Write, forked: list[Any]) -> None:
    """A forked run's span links to the span of the run that it comes from, and its case has the branch."""
    found = spans(write(forked))

    [link] = found[""]["links"]
    assert (link["traceId"], link["spanId"]) == (trace_id("parent"), span_id("parent", ""))
    case = found["sample-0/T/0"]["attributes"]
    assert (case["fractal_agent.case_id"], case["fractal_agent.task_id"]) == ("sample-0/T/0", "T/0")


def test_failures_are_errors(write: Write, facts: list[Any]) -> None:
    """A program that failed, a verdict that is not a pass and its case are errors; nothing else is."""
    found = spans(write(facts))

    failed = {path for path, span in found.items() if span.get("status", {}).get("code") == ERROR}
    assert failed == {"T/0", "T/0/critic.0/execute.0", "T/0/grade.0"}
    assert found["T/0"]["attributes"]["error.type"] == "failed"


def test_refusal_is_an_error(write: Write, facts: list[Any]) -> None:
    """A generation that the engine refused is an error; one that ran out of tokens is none."""
    for reason, code in {"refused": ERROR, "length": None}.items():
        answer = GenerationCompleted(text="", finish_reason=reason)  # type: ignore[arg-type]  # one of them
        folder = write([*facts[:3], ("T/0/coder.0/generate.0", answer, 2)], name=reason)

        assert spans(folder)["T/0/coder.0/generate.0"].get("status", {}).get("code") == code


def test_generation_speaks_the_conventions(write: Write, facts: list[Any]) -> None:
    """A generation says its model, its sampling, its tokens and why it ended as OpenTelemetry names these."""
    said = spans(write(facts))["T/0/coder.0/generate.0"]["attributes"]

    assert said["gen_ai.operation.name"] == "chat"
    assert said["gen_ai.provider.name"] == "scripted"
    assert said["gen_ai.request.model"] == "m"
    assert said["gen_ai.request.max_tokens"] == "512"
    assert said["gen_ai.request.temperature"] == 0.0
    assert said["gen_ai.usage.output_tokens"] == "5"
    assert said["gen_ai.response.finish_reasons"] == {"values": [{"stringValue": "stop"}]}


def test_content_stays_out(write: Write, facts: list[Any]) -> None:
    """Without `content` no prompt, answer, program or message of a failure is in the file."""
    text = json.dumps(lines(write(facts)), ensure_ascii=False)

    assert not [secret for secret in ("SECRET", "Hé", "return 1", "def f") if secret in text]


def test_content_on_request(write: Write, facts: list[Any]) -> None:
    """With `content` the chat is there in the conventions' form, and programs and messages are too."""
    found = spans(write(facts), content=True)
    chat = found["T/0/coder.0/generate.0"]["attributes"]

    assert json.loads(chat["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Hé"}]}
    ]
    assert json.loads(chat["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "    return 1\n"}],
            "finish_reason": "stop",
        }
    ]
    assert found["T/0/critic.0/execute.0"]["attributes"]["fractal_agent.program"] == "SECRET"
    assert found["T/0/grade.0"]["status"]["message"] == "SECRET"


def test_server_without_its_password(write: Write, facts: list[Any]) -> None:
    """The server of an engine is told by host and port; credentials in its URL are not."""
    settings = msgspec.structs.replace(header().settings, base_url="https://me:hush@models.example/v1")
    folder = write([("", msgspec.structs.replace(header(), settings=settings), None), *facts[1:]])

    said = spans(folder)["T/0/coder.0/generate.0"]["attributes"]

    assert (said["server.address"], said["server.port"]) == ("models.example", "443")
    assert "hush" not in json.dumps(lines(folder))


def test_same_bytes_twice(write: Write, facts: list[Any]) -> None:
    """Exporting a run again gives the same bytes."""
    folder = write(facts)

    assert lines(folder) == lines(folder)
    first = (folder / "file.jsonl").read_bytes()
    lines(folder)
    assert (folder / "file.jsonl").read_bytes() == first


def test_one_line_for_the_run_and_each_case(write: Write, facts: list[Any]) -> None:
    """The run stands in a line of its own, and each case in another with the same resource."""
    first, second = lines(write(facts))

    assert [span["name"] for span in first["resourceSpans"][0]["scopeSpans"][0]["spans"]] == ["run repair"]
    assert first["resourceSpans"][0]["resource"] == second["resourceSpans"][0]["resource"]


def test_what_is_under_way(write: Write, facts: list[Any]) -> None:
    """What had not ended when the log did lasts to its last line, says so, and is no error."""
    found = spans(write(facts[:3], seal=False))

    assert {span["attributes"].get("fractal_agent.unfinished") for span in found.values()} == {True}
    assert {span["endTimeUnixNano"] for span in found.values()} == {str(1_764_000_002 * 10**9)}
    assert not [span for span in found.values() if "status" in span]


def test_resumed_run(write: Write, facts: list[Any]) -> None:
    """A failure that was resumed is a moment of the run; a request that was asked again counts from then."""
    resumed = RunResumed(provenance=header().provenance)
    ended = [("", RunEnded(outcome="failed", error="disk"), None), ("", resumed, None)]
    found = spans(write([*facts[:3], *ended, *facts[2:]]))

    assert "status" not in found[""]
    assert found[""]["attributes"]["fractal_agent.outcome"] == "completed"
    assert [event["name"] for event in found[""]["events"]] == ["resumed"]
    assert found["T/0/coder.0/generate.0"]["startTimeUnixNano"] == str(1_764_000_005 * 10**9)


def test_failed_run_is_an_error(write: Write, facts: list[Any]) -> None:
    """A run that failed is an error with its message."""
    found = spans(write([*facts[:2], ("", RunEnded(outcome="failed", error="no disk"), None)]))

    assert found[""]["status"] == {"code": ERROR, "message": "no disk"}


def test_clock_that_was_set_back(write: Write, tmp_path: Path) -> None:
    """A span never ends before it begins."""
    ticks = iter([20.0, 10.0, 5.0])
    log = LogFile.create(tmp_path / "back", clock=lambda: next(ticks))
    log.stage("", header())
    log.stage("T/0", problem())
    log.seal()
    log.close()

    for span in spans(tmp_path / "back").values():
        assert int(span["endTimeUnixNano"]) >= int(span["startTimeUnixNano"])
