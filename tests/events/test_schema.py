"""The stored names are for ever: what the log holds today must be readable by every later version."""

import re
import typing

import msgspec
import pytest

import events
from events import Event, known_events

EVENTS: dict[str, dict[str, str]] = {
    "ProblemPosed": {
        "task_id": "str",
        "prompt": "str",
        "entry_point": "str",
        "examples": "tuple[Example, ...] = ()",
        "kind": "Literal['function', 'program'] = 'function'",
        "compare": "str = ''",
        "files": "dict[str, str] = {}",
    },
    "PlanDrafted": {"problem": "ProblemPosed", "plan": "str"},
    "CodeWritten": {"problem": "ProblemPosed", "code": "str", "plan": "str = ''"},
    "CodeReviewed": {
        "problem": "ProblemPosed",
        "code": "str",
        "plan": "str = ''",
        "passed": "bool",
        "results": "tuple[ExampleResult, ...] = ()",
        "error": "str = ''",
    },
    "PlanRevised": {"problem": "ProblemPosed", "plan": "str", "previous": "str"},
    "AlgorithmSketched": {"problem": "ProblemPosed", "sketch": "str"},
    "StepsListed": {"problem": "ProblemPosed", "sketch": "str", "steps": "tuple[Step, ...]"},
    "StepPosed": {
        "problem": "ProblemPosed",
        "steps": "tuple[Step, ...]",
        "number": "str",
        "step": "Step",
    },
    "SnippetWritten": {"number": "str", "code": "str", "whole": "bool = False"},
    "SnippetsGathered": {
        "problem": "ProblemPosed",
        "steps": "tuple[Step, ...]",
        "snippets": "tuple[Snippet, ...]",
    },
    "GenerationRequested": {
        "messages": "tuple[Message, ...]",
        "prefill": "str = ''",
        "max_tokens": "int = 512",
        "temperature": "float = 0.0",
        "top_p": "float = 1.0",
        "stop": "tuple[str, ...] = ()",
        "seed": "int = 0",
        "reused": "bool = False",
    },
    "GenerationCompleted": {
        "text": "str",
        "finish_reason": "Literal['stop', 'length', 'refused']",
        "prompt_tokens": "int = 0",
        "completion_tokens": "int = 0",
        "tokens_digest": "str = ''",
        "error": "str = ''",
        "reasoning": "str = ''",
        "uncounted": "bool = False",
        "dropped": "tuple[str, ...] = ()",
    },
    "ExecutionRequested": {
        "program": "str",
        "entry_point": "str",
        "examples": "tuple[Example, ...] = ()",
        "reused": "bool = False",
        "tests_digest": "str = ''",
        "kind": "Literal['function', 'program'] = 'function'",
        "compare": "str = ''",
        "files": "dict[str, str] = {}",
    },
    "ExecutionCompleted": {
        "outcome": "Literal['passed', 'failed', 'error', 'timeout', 'killed']",
        "results": "tuple[ExampleResult, ...] = ()",
        "error": "str = ''",
        "stdout": "str = ''",
    },
    "GradingRequested": {
        "code": "str",
        "entry_point": "str",
        "tests_digest": "str",
        "plus_digest": "str = ''",
        "reused": "bool = False",
    },
    "GradingCompleted": {
        "outcome": "Literal['passed', 'failed', 'error', 'timeout', 'killed']",
        "error": "str = ''",
        "passed": "int = 0",
        "failed": "int = 0",
        "plus": "Literal['', 'passed', 'failed', 'error', 'timeout', 'killed'] = ''",
        "plus_error": "str = ''",
    },
    "RunStarted": {
        "format": "int = 1",
        "run_id": "str",
        "settings": "Settings",
        "provenance": "Provenance",
        "origin": "Origin | None = None",
    },
    "RunResumed": {
        "provenance": "Provenance",
        "torn_bytes": "int = 0",
        "drifted": "tuple[str, ...] = ()",
    },
    "AnswerSubmitted": {"code": "str"},
    "CaseSetAside": {
        "kind": "str",
        "error": "str",
        "at": "str = ''",
        "traceback": "str = ''",
    },
    "RunEnded": {"outcome": "Literal['completed', 'failed', 'interrupted']", "error": "str = ''"},
    "LogSealed": {"events": "int", "head": "str"},
    "LogSalvaged": {
        "source": "str",
        "lost": "tuple[LostPart, ...]",
        "dropped": "tuple[LostPart, ...] = ()",
        "reopened": "tuple[str, ...] = ()",
    },
}
"""Event to field to type and default."""

PARTS: dict[str, dict[str, str]] = {
    "Origin": {
        "run_id": "str",
        "log": "str",
        "head": "str",
        "branch": "str = ''",
        "edits": "tuple[Edit, ...] = ()",
        "branches": "tuple[Branch, ...] = (Branch(name='', anew='', edits=()),)",
    },
    "Edit": {"path": "str", "field": "str", "value": "Any"},
    "Branch": {"name": "str = ''", "anew": "str = ''", "edits": "tuple[Edit, ...] = ()"},
    "LostPart": {"line": "int", "offset": "int", "length": "int", "problem": "str"},
    "Example": {"call": "str", "expected": "str"},
    "ExampleResult": {
        "example": "Example",
        "outcome": "Literal['passed', 'failed', 'error', 'timeout']",
        "actual": "str = ''",
        "error": "str = ''",
    },
    "Step": {"text": "str", "inside": "tuple[Step, ...] = ()"},
    "Snippet": {"code": "str", "inside": "tuple[Snippet, ...] = ()"},
    "Message": {"role": "Literal['system', 'user', 'assistant']", "content": "str"},
    "Settings": {
        "dataset": "str",
        "tasks": "tuple[str, ...]",
        "architecture": "str",
        "model": "str",
        "engine": "str",
        "seed": "int = 0",
        "rounds": "int = 2",
        "concurrency": "int = 0",
        "cast": "dict[str, str] = {}",
        "plugins": "tuple[str, ...] = ()",
        "base_url": "str = ''",
        "script": "str = ''",
        "feedback": "Literal['visible', 'oracle'] = 'visible'",
        "candidates": "int = 8",
        "max_tokens": "dict[str, int] = {}",
        "temperature": "dict[str, float] = {}",
    },
    "Provenance": {
        "versions": "dict[str, str]",
        "machine": "str",
        "model_origin": "str",
        "model_digest": "str",
        "engine": "dict[str, str]",
        "sandbox": "str",
        "roles": "dict[str, str]",
        "architecture": "str",
        "plugins": "dict[str, str] = {}",
    },
}
"""The same of what stands inside events."""

STORED = {**EVENTS, **PARTS}


def shown(hint: object) -> str:
    """A type as its declaration shows it: `tuple[Example, ...]`."""
    plain = isinstance(hint, type) and not typing.get_args(hint)
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", hint.__name__ if plain else str(hint))  # type: ignore[attr-defined]


def stored(name: str) -> dict[str, str]:
    """The fields of the class of that name, each with its type and its default."""
    cls = getattr(events, name)
    hints = typing.get_type_hints(cls)
    told = {}
    for field in msgspec.structs.fields(cls):
        factory = field.default_factory
        default = field.default if factory is msgspec.NODEFAULT else factory()
        told[field.name] = shown(hints[field.name]) + ("" if field.required else f" = {default!r}")
    return told


def own_events() -> list[type[Event]]:
    return [cls for cls in known_events() if cls.__module__.startswith("events.")]


@pytest.mark.parametrize("name", STORED)
def test_stored_fields_are_kept(name: str) -> None:
    """Every field that a log may hold has the name, the type and the default that it was written with."""
    now = stored(name)
    lost = {field: told for field, told in STORED[name].items() if now.get(field) != told}

    assert not lost, (
        f"{name}: stored are {lost}, the class now has {now}. Logs that were already written hold the stored "
        "fields. Keep them as they are, and add a field with a default for what is new."
    )


@pytest.mark.parametrize("name", STORED)
def test_new_fields_have_a_default(name: str) -> None:
    """A field that older logs lack has a default, and is then listed here."""
    new = {field: told for field, told in stored(name).items() if field not in STORED[name]}

    assert all(" = " in told for told in new.values()), (
        f"{name}: {new} must have a default: logs that were written before do not hold it."
    )
    assert not new, f"{name}: from its first release on {new} is stored; add it to this table."


def test_stored_events_are_kept() -> None:
    """No event that a log may hold has lost its class, and every event is listed here."""
    names = {cls.__name__ for cls in own_events()}

    assert names == set(EVENTS), (
        "An event's name stands in logs that were already written: never rename or remove one. "
        "List a new one here."
    )


def test_tags_are_class_names() -> None:
    """What stands in a line's `type` is the name of the class."""
    assert all(cls.__struct_config__.tag == cls.__name__ for cls in own_events())


def test_second_event_of_one_name_is_refused() -> None:
    """A plug-in cannot take over an event's name, and is told which module has it."""
    with pytest.raises(TypeError, match=r"defines an event PlanDrafted, and so does events\.work"):

        class PlanDrafted(Event, frozen=True, kw_only=True):
            mood: str
