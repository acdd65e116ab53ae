"""A place for each test, a completed run to look at, and the command line to call."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fractal_agent.cli import run
from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import Place, Printed


@pytest.fixture(scope="session")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A place with one completed run, `done`, which tests only read."""
    place = Place(tmp_path_factory.mktemp("solved"))
    assert run(place.solving("--run-id", "done")) == Exit.DONE
    return place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Printed]:
    def call(*arguments: object) -> Printed:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Printed(code, *capsys.readouterr())

    return call
