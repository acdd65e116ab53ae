"""A small run with good defaults, so that a test of logs shows only what matters to it."""

from pathlib import Path

from events.base import Event
from events.effects import GenerationCompleted, GenerationRequested, Message
from events.lifecycle import Provenance, RunStarted, Settings
from events.log import LogFile
from events.work import CodeWritten, ProblemPosed


def header(*, run_id: str = "run", format: int = 1) -> RunStarted:  # noqa: A002 - the field's own name
    """The first line of a run of one case."""
    return RunStarted(
        format=format,
        run_id=run_id,
        settings=Settings(
            dataset="humaneval", tasks=("T/0",), architecture="repair", model="m", engine="scripted"
        ),
        provenance=Provenance(
            versions={"python": "3.11"},
            machine="test",
            model_origin="folder",
            model_digest="",
            engine={},
            sandbox="instant",
            roles={},
            architecture="",
        ),
    )


def problem(prompt: str = "def f():\n") -> ProblemPosed:
    return ProblemPosed(task_id="T/0", prompt=prompt, entry_point="f")


def code(text: str = "def f():\n    return 1\n") -> CodeWritten:
    return CodeWritten(problem=problem(), code=text)


def small_run() -> list[tuple[str, Event]]:
    """The events of a run, with their paths: a header, a problem, one effect, the code."""
    return [
        ("", header()),
        ("T/0", problem()),
        ("T/0/coder.0/generate.0", GenerationRequested(messages=(Message(role="user", content="Hé"),))),
        (
            "T/0/coder.0/generate.0",
            GenerationCompleted(text="    return 1\n", finish_reason="stop", completion_tokens=5),
        ),
        ("T/0/coder.0", code()),
    ]


def write_run(folder: Path, *, sealed: bool = True) -> Path:
    """The log, in `folder`, of `small_run`: five lines, and a sixth that seals it."""
    log = LogFile.create(folder, clock=lambda: 1_764_000_000.125)
    for path, event in small_run():
        log.stage(path, event)
    if sealed:
        log.seal()
    log.close()
    return log.path
