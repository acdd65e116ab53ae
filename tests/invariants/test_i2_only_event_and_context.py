"""I2: a role sees only its event and its context."""

import importlib
import pkgutil

import msgspec
import pytest

import agents
from agents.context import Context
from agents.role import built_in_roles
from events import GenerationRequested, ProblemPosed
from fractal_agent.architectures.base import Architecture
from fractal_agent.engines.scripted import ScriptedEngine, placeholder
from fractal_agent.testing import make_task, run_in_memory

IMMUTABLE = (str, int, float, bool, tuple, frozenset, type(None), msgspec.Struct)


def test_context_offers_three_things() -> None:
    """A role can ask for a generation, an execution and randomness, and for nothing else."""
    offered = {name for name in vars(Context) if not name.startswith("_")}

    assert offered == {"generate", "execute", "random"}


def test_problem_has_no_field_for_hidden_tests() -> None:
    """A problem carries what the prompt shows and nothing of what grades it."""
    fields = {field.name for field in msgspec.structs.fields(ProblemPosed)}

    assert fields == {"task_id", "prompt", "entry_point", "examples", "kind", "compare", "files"}


@pytest.mark.parametrize("name", sorted(built_in_roles()))
def test_role_modules_hold_no_mutable_state(name: str) -> None:
    """The module of a role has constants, functions and classes at its top level, nothing that can change."""
    module = importlib.import_module(f"agents.{name}")
    values = {key: value for key, value in vars(module).items() if key.isupper() and not key.startswith("_")}

    assert all(isinstance(value, IMMUTABLE) for value in values.values()), values


def test_every_module_of_the_package_is_looked_at() -> None:
    """Each role stands in the file that has its name."""
    modules = {info.name for info in pkgutil.iter_modules(agents.__path__)}

    assert set(built_in_roles()) <= modules


async def test_hidden_tests_reach_no_prompt_and_no_role(shape: Architecture) -> None:
    """No line of the log, and so no prompt and no event, holds a word of the hidden tests."""
    tasks = [make_task(f"Test/{number}") for number in range(2)]

    entries = await run_in_memory(tasks, shape, ScriptedEngine(placeholder))

    assert any(isinstance(entry.event, GenerationRequested) for entry in entries)
    for entry in entries:
        assert "hidden in" not in msgspec.json.encode(entry.event).decode()
