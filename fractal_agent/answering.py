"""Which engine answers what a fork has to ask: how a user changes it, and what then still fits together."""

from collections.abc import Mapping

from events import Edit, Settings
from fractal_agent.catalog import UnknownName
from fractal_agent.config import DEFAULT_MODEL
from fractal_agent.engines import ENGINES
from replay.edit import BadEdit, changed_settings, edit_settings

NO_MODEL = "none"
"""What a scripted run has for a model when none is named."""

_UNNAMED = (NO_MODEL, "scripted")
"""Models that no engine but a scripted one can be asked for."""

_NEEDED = {"base_url": "openai", "script": "scripted"}
"""Settings that one engine alone looks at."""


def engine_edits(settings: Settings, changes: Mapping[str, str]) -> list[Edit]:
    """The edits that make these changes of settings; with another engine, what was the old one's goes.

    A server goes with the `openai` engine and a script with the scripted one. A run that had no model
    gets the default one with `vllm`.

    Raises:
        UnknownName: no engine has that name.
        BadEdit: there is no such setting, a value does not fit, or the engine does not look at it.
    """
    edits = [edit_settings(settings, key, text) for key, text in changes.items()]
    now = changed_settings(settings, edits)
    if now.engine not in ENGINES:
        raise UnknownName("engine", now.engine, ENGINES)
    for key, engine in _NEEDED.items():
        if changes.get(key) and now.engine != engine:
            raise BadEdit(f"{key} is for the {engine} engine, and the engine is {now.engine}")
    if now.engine == settings.engine:
        return edits
    for key, engine in _NEEDED.items():
        if getattr(now, key) and now.engine != engine:
            edits.append(Edit(path="", field=key, value=""))
    if "model" not in changes:
        edits += _model_edits(settings, now.engine)
    return edits


def _model_edits(was: Settings, engine: str) -> list[Edit]:
    if engine == "scripted":
        return [Edit(path="", field="model", value=NO_MODEL)]
    if was.model not in _UNNAMED:
        return []
    if engine == "vllm":
        return [Edit(path="", field="model", value=DEFAULT_MODEL)]
    raise BadEdit(
        f"the run's model is {was.model!r}, which the {engine} engine cannot be asked for; "
        "name one with --model"
    )


def reuses_answers(was: Settings, now: Settings) -> bool:
    """False when something else answers: another model or script, or a model in the place of a script."""
    pretended = was.engine != now.engine and "scripted" in {was.engine, now.engine}
    return not pretended and (was.model, was.script) == (now.model, now.script)


def what_answers(was: Settings, now: Settings) -> str:
    """What is started if an answer is not on record, for a user to read before that happens."""
    model = f", script {now.script or 'placeholder'}" if now.engine == "scripted" else f", model {now.model}"
    if reuses_answers(was, now):
        return (
            f"Answers that are not on record come from the {now.engine} engine{model}. "
            "It is started only if one is missing."
        )
    return (
        f"No recorded answer is reused, because what answers has changed: "
        f"all come from the {now.engine} engine{model}."
    )


def same_engine(one: Settings, other: Settings) -> bool:
    """True when both ask the same engine in the same way."""
    names = ("engine", "model", *_NEEDED)
    return all(getattr(one, name) == getattr(other, name) for name in names)


def told(settings: Settings) -> str:
    """`the openai engine at http://localhost:8000/v1, model m`."""
    place = f" at {settings.base_url}" if settings.base_url else ""
    return f"the {settings.engine} engine{place}, model {settings.model}"
