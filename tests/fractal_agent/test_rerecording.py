"""Recording a run again in its own place."""

import json
import os
import signal
from pathlib import Path
from typing import NoReturn

import pytest

from events import LOG_NAME, Edit
from fractal_agent.catalog import Catalog, load_catalog
from fractal_agent.datasets import load
from fractal_agent.engines import EngineChoice, EngineUnavailable
from fractal_agent.forking import fork_job, samples
from fractal_agent.job import Job, Unwatched
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run
from fractal_agent.rerecording import NotRepeatable, rerecord
from fractal_agent.solving import solve
from fractal_agent.testing import make_settings

ROLE = '''
from agents.context import Context
from agents.role import role
from events import CodeWritten, Message, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture


@role
async def writer(problem: ProblemPosed, ctx: Context) -> CodeWritten:
    """Writes what the engine says."""
    answer = await ctx.generate([Message(role="user", content="Write it.")])
    return CodeWritten(problem=problem, code=answer.text)


@architecture
async def direct(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Writer alone."""
    return await stage.ask(writer, problem)
'''

TASK = {
    "task_id": "T/0",
    "prompt": "def f(x):\n",
    "entry_point": "f",
    "canonical_solution": "    return x\n",
    "test": "def check(candidate):\n    assert candidate(1) == 1\n",
}


class Place:
    """A folder with a role, a problem, a script and a recorded run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.role = folder / "roles.py"
        self.role.write_text(ROLE)
        (folder / "tasks.jsonl").write_text(json.dumps(TASK) + "\n")
        self.answer("def f(x):\n    return x\n")
        self.run = self.made("one")

    def answer(self, text: str) -> None:
        (self.folder / "answers.jsonl").write_text(json.dumps({"text": text}))

    def change(self) -> Catalog:
        """Another prompt."""
        self.role.write_text(ROLE.replace("Write it.", "Write it well."))
        return self.catalog()

    def catalog(self) -> Catalog:
        return load_catalog([str(self.role)])

    def made(self, name: str) -> Path:
        tasks = load(str(self.folder / "tasks.jsonl"))
        names = {"dataset": "tasks.jsonl", "script": "answers.jsonl"}
        settings = make_settings(
            tasks, "direct", **{key: str(self.folder / file) for key, file in names.items()}
        )
        folder = self.folder / "runs" / name
        solve(
            Job(run_id=name, folder=folder, settings=settings, tasks=tasks, catalog=self.catalog()),
            Unwatched(),
        )
        return folder


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_takes_the_place(place: Place) -> None:
    """The new log holds what the code asks now, under the old id, and the old log is gone."""
    catalog = place.change()
    place.answer("def f(x):\n    return 1\n")
    made = rerecord(place.run, catalog)

    assert (made.cases, made.passed, made.reused, made.performed) == (1, 1, 0, 2)
    assert Recording(place.run).started.run_id == "one"
    assert replay_run(place.run, catalog).divergences == []
    assert [path.name for path in place.run.parent.iterdir()] == ["one"]


def test_fork_stays_a_fork(place: Place) -> None:
    """A fork that is recorded anew names the same parent, and its edits are made again."""
    parent, edited = Recording(place.run), "def f(x):\n    return 2\n"
    edit = Edit(path="T/0/writer.0/generate.0", field="text", value=edited)
    folder = place.run.with_name("two")
    solve(fork_job(parent, place.catalog(), folder=folder, edits=[edit]), Unwatched())
    before = Recording(folder).started
    rerecord(folder, place.change())

    after = Recording(folder)
    assert after.started.origin == before.origin
    assert after.timeline.cases["T/0"].answer == edited
    assert replay_run(folder, place.catalog()).divergences == []


def test_fork_in_branches_is_refused(place: Place) -> None:
    """A fork that runs its cases several times is refused before anything is done."""
    folder = place.run.with_name("two")
    job = fork_job(Recording(place.run), place.catalog(), folder=folder, branches=samples(2))
    solve(job, Unwatched())
    before = (folder / LOG_NAME).read_bytes()

    with pytest.raises(NotRepeatable, match="two is a fork in branches"):
        rerecord(folder, place.change())
    assert (folder / LOG_NAME).read_bytes() == before


def test_interrupted(place: Place) -> None:
    """Stopped by a signal, it raises KeyboardInterrupt; the old log stays, alone."""

    class Interrupting(Unwatched):
        def say(self, text: str) -> None:
            if text.startswith("Starting"):
                os.kill(os.getpid(), signal.SIGINT)

    before = (place.run / LOG_NAME).read_bytes()
    with pytest.raises(KeyboardInterrupt):
        rerecord(place.run, place.change(), Interrupting())

    assert (place.run / LOG_NAME).read_bytes() == before
    assert [path.name for path in place.run.parent.iterdir()] == ["one"]


def test_account_of_a_failed_engine_stays(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an engine that failed says that its own account lies, there it lies."""

    def failing(choice: EngineChoice, say: object) -> NoReturn:
        choice.log.write_text("out of memory")
        raise EngineUnavailable(f"no engine. Its own account is in {choice.log}.")

    monkeypatch.setattr("fractal_agent.session.open_engine", failing)
    with pytest.raises(EngineUnavailable) as raised:
        rerecord(place.run, place.change())

    account = Path(str(raised.value).split(" in ")[1].removesuffix("."))
    assert account.read_text() == "out of memory"
