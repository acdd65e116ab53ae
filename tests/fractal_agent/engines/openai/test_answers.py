"""Every shape in which servers put an answer, and what each comes to."""

import json
import re
from typing import Any

import msgspec
import pytest

from fractal_agent.engines.openai.answers import Answer, said_in
from fractal_agent.engines.openai.refusals import Kind, Refusal

USAGE = {"prompt_tokens": 5, "completion_tokens": 7}


def said(document: object, **options: Any) -> Answer | Refusal:
    body = document if isinstance(document, str) else json.dumps(document)
    return said_in(body, mask=lambda text: text.replace("sk-SECRET", "***"), **options)


def completion(
    message: object, finish: object = "stop", usage: object = USAGE, **fields: object
) -> dict[str, object]:
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage, **fields}


def answered(document: object, **options: Any) -> Answer:
    found = said(document, **options)
    assert isinstance(found, Answer), found
    return found


def refused(document: object) -> Refusal:
    found = said(document)
    assert isinstance(found, Refusal), found
    return found


@pytest.mark.parametrize(
    "content",
    [
        "ok",
        ["o", "k"],
        [{"type": "text", "text": "o"}, {"type": "text", "text": "k"}],
        [{"text": "ok"}],
        [{"type": "output_text", "text": {"value": "ok"}}],
        {"type": "text", "text": "ok"},
        {"parts": [{"text": "ok"}], "role": "model"},
        [{"type": "thinking", "thinking": [{"type": "text", "text": ""}]}, {"type": "text", "text": "ok"}],
    ],
)
def test_content(content: object) -> None:
    """A content is read as text, whether it is a string, parts or an object."""
    assert answered(completion({"role": "assistant", "content": content})).text == "ok"


@pytest.mark.parametrize(
    "message", [{"role": "assistant"}, {"content": None}, {"content": []}, {"content": 7}, {}]
)
def test_message_without_content(message: object) -> None:
    """A message that has no text is an empty answer."""
    assert answered(completion(message)).text == ""


def test_tool_calls_without_content() -> None:
    """A model that calls a tool instead of answering gives an empty answer."""
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}

    assert answered(completion({"content": None, "tool_calls": [call]}, "tool_calls")).text == ""


@pytest.mark.parametrize(
    "choice",
    [
        {"text": "ok", "finish_reason": "stop"},
        {"message": "ok"},
        {"message": {"content": "ok"}, "index": None},
    ],
)
def test_choice(choice: object) -> None:
    """A choice may hold its text without a message around it."""
    assert answered({"choices": [choice]}).text == "ok"


@pytest.mark.parametrize(
    "message",
    [
        {"reasoning_content": "hm", "content": "ok"},
        {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}], "content": "ok"},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}], "content": "ok"},
        {"reasoning": {"text": "hm"}, "content": "ok"},
        {"thinking": "hm", "content": "ok"},
        {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "x"}], "content": "ok"},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "ok"},
            ]
        },
        {"content": [{"type": "reasoning", "text": "hm"}, "ok"]},
        {"content": {"parts": [{"text": "hm", "thought": True}, {"text": "ok"}]}},
    ],
)
def test_reasoning(message: object) -> None:
    """What a server tells apart as reasoning is reasoning, once, and no part of the text."""
    answer = answered(completion(message))

    assert (answer.reasoning, answer.text) == ("hm", "ok")


@pytest.mark.parametrize(
    ("finish", "usage", "expected"),
    [
        ("stop", USAGE, "stop"),
        ("length", USAGE, "length"),
        ("MAX_TOKENS", USAGE, "length"),
        ("model_length", USAGE, "length"),
        ("content_filter", USAGE, "refused"),
        ("SAFETY", USAGE, "refused"),
        ("tool_calls", USAGE, "stop"),
        ("something new", USAGE, "stop"),
        (None, USAGE, "stop"),
        (None, None, "stop"),
        (None, {"prompt_tokens": 5, "completion_tokens": 9}, "length"),
        (7, USAGE, "stop"),
    ],
)
def test_finish(finish: object, usage: object, expected: str) -> None:
    """An end that a server does not name, or names in its own way, is the end it stands for."""
    assert answered(completion({"content": "ok"}, finish, usage), budget=9).finish == expected


def test_refusal_of_the_model() -> None:
    """A message that is a refusal is told as one."""
    answer = answered(completion({"content": None, "refusal": "I will not."}))

    assert (answer.finish, answer.error) == ("refused", "I will not.")


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        [],
        "many",
        {"prompt_tokens": None, "completion_tokens": None},
        {"prompt_tokens": 5},
        {"prompt_tokens": 5, "completion_tokens": None},
        {"prompt_tokens": "5", "completion_tokens": "7"},
        {"prompt_tokens": 5.0, "completion_tokens": 7.5},
        {"prompt_tokens": -1, "completion_tokens": 7},
        {"prompt_tokens": True, "completion_tokens": True},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 5, "completion_tokens": 10**30},
    ],
)
def test_uncounted(usage: object) -> None:
    """Counts that are no counts leave the tokens uncounted, and the answer whole."""
    answer = answered(completion({"content": "ok"}, usage=usage))

    assert (answer.text, answer.uncounted, answer.prompt_tokens, answer.completion_tokens) == (
        "ok",
        True,
        0,
        0,
    )


def test_counted() -> None:
    """Counts are taken as they are, also where another protocol's names stand."""
    assert not answered(completion({"content": "ok"})).uncounted
    other = answered(completion({"content": "ok"}, usage={"input_tokens": 5, "output_tokens": 7}))
    assert (other.prompt_tokens, other.completion_tokens) == (5, 7)


def test_characters_no_log_can_hold() -> None:
    """Lone surrogates are replaced; NUL and other control characters stay."""
    answer = answered('{"choices": [{"message": {"content": "a\\ud83d\\u0000b"}}]}')

    assert answer.text == "a?\x00b"
    assert msgspec.json.decode(msgspec.json.encode(answer.text)) == answer.text


STREAM = """: comment

data: {"choices": [{"delta": {"role": "assistant", "reasoning_content": "hm"}, "finish_reason": null}]}

data: {"choices": [{"delta": {"content": "o"}}]}

data: {"choices": [{"delta": {"content": "k"}, "finish_reason": "length"}]}

data: {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}

data: [DONE]
"""


def test_stream() -> None:
    """A stream of events that nobody asked for is put together."""
    answer = answered(STREAM)

    assert (answer.text, answer.reasoning, answer.finish) == ("ok", "hm", "length")
    assert (answer.prompt_tokens, answer.completion_tokens) == (5, 7)


def test_stream_that_fails() -> None:
    """An error in a stream is told in its words."""
    found = refused(
        'data: {"choices": [{"delta": {"content": "o"}}]}\n\n'
        'data: {"error": {"message": "gone", "code": 502}}\n'
    )

    assert (found.kind, found.words) == (Kind.BUSY, "gone")


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ("", "an empty body"),
        ("  \n", "an empty body"),
        ("<!doctype html><title>A gateway</title>", r"an HTML page \(A gateway\)"),
        ('{"id": "x", "choices": [{"mes', "a JSON document that breaks off or is malformed"),
        ("[" * 100_000, "a JSON document that breaks off or is malformed"),
        ("Hello", r"no JSON \(Hello\)"),
        ("null", "a JSON null"),
        ("[]", "a JSON list"),
        ('"ok"', "a JSON string"),
        ("{}", r"an object without choices \(no field\)"),
        ('{"response": "ok"}', r"an object without choices \(response\)"),
        ('{"choices": []}', "a completion that holds no choice"),
        ('{"choices": null}', "a completion that holds no choice"),
        ('{"choices": {}}', "a completion that holds no choice"),
        ('{"choices": [null]}', "a completion whose choice has no message"),
        ('{"choices": [{"message": null}]}', "a completion whose choice has no message"),
        ('{"choices": [{"message": 7}]}', "a completion whose choice has no message"),
        ('data: {"choices": [{"delta": {"content": "o"}}]}\n\n', "a stream of events that breaks off"),
        ("data: [DONE]", "a stream of events with no answer"),
    ],
)
def test_no_answer(body: str, shape: str) -> None:
    """A body that is no answer is named by its shape, and may be another one at the next try."""
    found = refused(body)

    assert found.kind is Kind.SHAKY
    assert re.match(f"the server's answer is {shape}", found.words)


@pytest.mark.parametrize(
    ("document", "kind", "words"),
    [
        ({"id": "g", "error": {"message": "overloaded", "code": 502}}, Kind.BUSY, "overloaded"),
        ({"error": {"message": "slow down", "code": "429"}}, Kind.BUSY, "slow down"),
        (
            {"error": "unknown endpoint; answering 200 all the same"},
            Kind.MISSING,
            "unknown endpoint; answering 200 all the same",
        ),
        (
            {"error": "Unexpected endpoint or method. (GET /models). Returning 200 anyway"},
            Kind.MISSING,
            "Unexpected endpoint or method. (GET /models). Returning 200 anyway",
        ),
        ({"error": {"message": "bad key", "code": 401}}, Kind.KEY, "bad key"),
        ({"detail": "nope"}, Kind.REQUEST, "nope"),
        ({"object": "error", "message": "nope", "code": 400}, Kind.REQUEST, "nope"),
        (
            {"error": "the service is temporarily unavailable"},
            Kind.BUSY,
            "the service is temporarily unavailable",
        ),
        (completion({"content": ""}, "error"), Kind.SHAKY, "the server gave the answer up"),
        (
            {
                "choices": [
                    {
                        "message": {"content": ""},
                        "finish_reason": "error",
                        "error": {"code": 502, "message": "lost"},
                    }
                ]
            },
            Kind.BUSY,
            "lost",
        ),
        (
            {"error": {"message": "your key sk-SECRET is wrong", "code": 401}},
            Kind.KEY,
            "your key *** is wrong",
        ),
    ],
)
def test_error_of_status_200(document: object, kind: Kind, words: str) -> None:
    """An error in a reply of status 200 is what it would be under its own status, in its own words."""
    found = refused(document)

    assert (found.kind, found.words) == (kind, words)


def test_byte_order_mark() -> None:
    """A byte order mark and blank lines before the document are nothing."""
    assert answered("\ufeff\n\n" + json.dumps(completion({"content": "ok"}))).text == "ok"
