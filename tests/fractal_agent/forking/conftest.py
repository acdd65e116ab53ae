"""A run to fork, and ways to fork it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from events import Settings
from fractal_agent.catalog import load_catalog
from fractal_agent.cli import run
from fractal_agent.datasets import load
from fractal_agent.forking import edits_at, fork_job
from fractal_agent.job import Job, Unwatched
from fractal_agent.recording import Recording
from fractal_agent.solving import solve
from tests.fractal_agent.forking.forks import PROBLEM, SCRIPT


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set of two problems and a script that fails them until a plan says: Add one."""
    folder = tmp_path_factory.mktemp("place")
    tasks = [{"task_id": f"T/{number}", **PROBLEM} for number in range(2)]
    (folder / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
    (folder / "script.jsonl").write_text("".join(json.dumps(line) + "\n" for line in SCRIPT))
    return folder


@pytest.fixture(scope="session")
def parent(place: Path) -> Recording:
    """A run in which both cases were revised twice, in vain."""
    settings = Settings(
        dataset=str(place / "tasks.jsonl"),
        tasks=("T/0", "T/1"),
        architecture="repair",
        model="none",
        engine="scripted",
        script=str(place / "script.jsonl"),
    )
    job = Job(
        run_id="parent",
        folder=place / "parent",
        settings=settings,
        tasks=load(settings.dataset),
        catalog=load_catalog(),
    )
    assert solve(job, Unwatched()).passed == 0
    return Recording(job.folder)


@pytest.fixture
def fork(parent: Recording, tmp_path: Path) -> Callable[..., Recording]:
    """Makes a fork of the parent, or of another run, and returns its recording."""

    def make(
        at: str = "", changes: Mapping[str, str] = {}, *, of: Recording = parent, **options: Any
    ) -> Recording:
        if at:
            case, _, options["edits"] = edits_at(of, at, changes)
            options.setdefault("cases", [case])
        job = fork_job(of, load_catalog(), folder=tmp_path / f"fork-of-{of.started.run_id}", **options)
        solve(job, Unwatched())
        return Recording(job.folder)

    return make


@pytest.fixture
def command(parent: Recording, tmp_path: Path) -> Callable[..., int]:
    """Calls the command line with runs in a folder of the test's own."""

    def call(*arguments: str) -> int:
        return run([*arguments, "--runs-dir", str(tmp_path)])

    return call
