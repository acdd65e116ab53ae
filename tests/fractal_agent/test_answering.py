"""Which engine a fork asks: what goes with a change of it, what does not fit, and what a user reads first."""

from collections.abc import Mapping

import msgspec
import pytest

from events import Settings
from fractal_agent.answering import engine_edits, reuses_answers, what_answers
from fractal_agent.catalog import UnknownName
from fractal_agent.config import DEFAULT_MODEL
from replay.edit import BadEdit, changed_settings

URL = "http://localhost:8000/v1"
VLLM = Settings(dataset="d", tasks=("T/0",), architecture="repair", model="org/m", engine="vllm")
OPENAI = msgspec.structs.replace(VLLM, engine="openai", base_url=URL)
SCRIPTED = msgspec.structs.replace(VLLM, engine="scripted", model="none", script="answers.jsonl")


def changed(was: Settings, changes: Mapping[str, str]) -> Settings:
    return changed_settings(was, engine_edits(was, changes))


@pytest.mark.parametrize(
    ("was", "changes", "engine", "model", "base_url", "script"),
    [
        (VLLM, {"engine": "openai", "base_url": URL}, "openai", "org/m", URL, ""),
        (VLLM, {"engine": "openai", "base_url": URL, "model": "n"}, "openai", "n", URL, ""),
        (VLLM, {"model": "n"}, "vllm", "n", "", ""),
        (OPENAI, {"engine": "vllm"}, "vllm", "org/m", "", ""),
        (OPENAI, {"engine": "scripted", "script": "s"}, "scripted", "none", "", "s"),
        (SCRIPTED, {"engine": "vllm"}, "vllm", DEFAULT_MODEL, "", ""),
        (SCRIPTED, {"engine": "openai", "model": "n", "base_url": URL}, "openai", "n", URL, ""),
        (SCRIPTED, {"script": "other"}, "scripted", "none", "", "other"),
        (VLLM, {"rounds": "3"}, "vllm", "org/m", "", ""),
    ],
)
def test_engine_and_what_goes_with_it(
    was: Settings, changes: Mapping[str, str], engine: str, model: str, base_url: str, script: str
) -> None:
    """A server goes with the openai engine, a script with the scripted one, and a model is one that fits."""
    now = changed(was, changes)

    assert (now.engine, now.model, now.base_url, now.script) == (engine, model, base_url, script)


@pytest.mark.parametrize(
    ("was", "changes", "error", "told"),
    [
        (VLLM, {"engine": "ollama"}, UnknownName, "unknown engine 'ollama'"),
        (VLLM, {"base_url": URL}, BadEdit, "base_url is for the openai engine, and the engine is vllm"),
        (VLLM, {"script": "s"}, BadEdit, "script is for the scripted engine, and the engine is vllm"),
        (SCRIPTED, {"engine": "openai"}, BadEdit, "model is 'none', which the openai engine .* with --model"),
        (VLLM, {"engines": "x"}, BadEdit, "no setting 'engines'"),
    ],
)
def test_change_that_does_not_fit(
    was: Settings, changes: Mapping[str, str], error: type[Exception], told: str
) -> None:
    """An engine that there is not, a setting that it does not look at, or no model at all is refused."""
    with pytest.raises(error, match=told):
        engine_edits(was, changes)


@pytest.mark.parametrize(
    ("was", "changes", "reuses"),
    [
        (VLLM, {"engine": "openai", "base_url": URL}, True),
        (VLLM, {"model": "n"}, False),
        (SCRIPTED, {"script": "other"}, False),
        (SCRIPTED, {"engine": "vllm"}, False),
    ],
)
def test_what_will_be_started_is_told(was: Settings, changes: Mapping[str, str], reuses: bool) -> None:
    """A user reads which engine is started with which model, and whether recorded answers are reused."""
    now = changed(was, changes)
    told = what_answers(was, now)

    assert reuses_answers(was, now) == reuses
    assert f"the {now.engine} engine, " in told
    assert ("started only if one is missing" in told) == reuses
    assert ("No recorded answer is reused" in told) != reuses
