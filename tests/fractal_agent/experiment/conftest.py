"""A data set of three problems, and a script that solves some of them in some architectures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events import Settings
from fractal_agent.catalog import load_catalog
from fractal_agent.datasets import load
from fractal_agent.experiment import Experiment

PROBLEM = {
    "prompt": 'def f(x):\n    """Return x plus one.\n\n    >>> f(1)\n    2\n    """\n',
    "entry_point": "f",
    "test": "def check(candidate):\n    assert candidate(41) == 42\n",
}
SCRIPT = [
    {"path": "*/designer.*", "text": "Add one."},
    {"path": "*/splitter.*", "text": " Add one to x.\n2. Return it.\n"},
    {"path": "*/brancher.*", "text": " Add one to x.\n2. Look at x.\n3. Look again.\n4. Return it.\n"},
    {"path": "T/1/step-0/*", "text": "for i in range(x):\n```"},
    {"path": "T/2/step-0/*", "text": "def f(x):\n    return x + 1\n```"},
    {"path": "*/step-0/*", "text": "x = x + 1\n```"},
    {"path": "*/step-1/*", "text": "return x\n```"},
    {"path": "*/step-[23]/*", "text": "return x\n```"},
    {"path": "T/1/draw-1/*", "text": "    return x + 1\n"},
    {"path": "*/sampler.*", "text": "    return x\n"},
    {"path": "T/0/coder.0/*", "text": "    return x + 1\n"},
    {"path": "*/coder.*", "text": "    return y\n"},
]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "script.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in SCRIPT))
    return file


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    file = tmp_path / "tasks.jsonl"
    file.write_text("".join(json.dumps({"task_id": f"T/{n}", **PROBLEM}) + "\n" for n in range(3)))
    return file


@pytest.fixture
def make(tmp_path: Path, script: Path, dataset: Path) -> Callable[..., Experiment]:
    """Makes an experiment on all problems; keywords change it, or else the settings that its cells share."""

    def made(**changes: Any) -> Experiment:
        tasks = load(str(dataset))
        settings = Settings(
            dataset=str(dataset),
            tasks=tuple(task.problem.task_id for task in tasks),
            architecture="",
            model="",
            engine="scripted",
            script=str(script),
            candidates=2,
        )
        own = {key: changes.pop(key) for key in tuple(changes) if key in Experiment.__struct_fields__}
        experiment = Experiment(
            settings=msgspec.structs.replace(settings, **changes),
            architectures=("baseline", "flat", "resample"),
            models=("none",),
            seeds=(0,),
            tasks=tasks,
            catalog=load_catalog(),
            folder=tmp_path / "cells",
        )
        return msgspec.structs.replace(experiment, **own)

    return made
