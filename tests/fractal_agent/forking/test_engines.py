"""Forks and blames that another engine, model, server or script answers."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from events import GenerationRequested
from fractal_agent.engines.fakes import FakeServer, serving
from fractal_agent.exits import Exit
from fractal_agent.recording import Recording
from tests.fractal_agent.forking.forks import CASE, GOOD_PLAN, REPAIRER, SCRIPT, requests


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """A server, in a thread, that writes the right code."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    fake, loop = FakeServer(lambda request: "    return x + 1\n", model="served"), asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with serving(fake):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    ready.wait()
    yield fake
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


def test_server_answers_from_a_recorded_point(
    parent: Recording,
    command: Callable[..., int],
    tmp_path: Path,
    server: FakeServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`fork --at PATH --engine openai --base-url URL --model M` asks the server, and says so before."""
    asked = ["--engine", "openai", "--base-url", server.url, "--model", "served"]
    made = command("fork", str(parent.folder), "--at", f"{CASE}/coder.0/generate.0", *asked, "--run-id", "f")

    run = Recording(tmp_path / "f")
    assert made == Exit.DONE
    assert run.timeline.passed == 1
    assert (run.started.settings.engine, run.started.settings.script) == ("openai", "")
    assert server.requests
    err = capsys.readouterr().err
    assert err.startswith("No recorded answer is reused, because what answers has changed: ")
    assert err.index("all come from the openai engine, model served") < err.index(
        "Starting the openai engine"
    )


def test_edit_and_another_script_at_once(
    parent: Recording, command: Callable[..., int], place: Path, tmp_path: Path
) -> None:
    """--at and --set edit a record while --script changes what answers."""
    (tmp_path / "other.jsonl").write_text("".join(json.dumps(line) + "\n" for line in SCRIPT))
    edit = ["--at", REPAIRER, "--set", f"plan={GOOD_PLAN}", "--script", str(tmp_path / "other.jsonl")]

    assert command("fork", str(parent.folder), *edit, "--run-id", "f") == Exit.DONE

    run = Recording(tmp_path / "f")
    assert run.timeline.cases[CASE].passed
    assert {edit.field for edit in run.started.origin.edits} == {"plan", "script"}  # type: ignore[union-attr]
    assert set(requests(run).values()) == {False}


def test_what_is_on_record_starts_nothing(
    parent: Recording, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """A fork that needs no answer says what would be started, and starts nothing."""
    assert command("fork", str(parent.folder), "--case", CASE, "--cast", "repairer=repairer") == Exit.DONE

    err = capsys.readouterr().err
    assert "Answers that are not on record come from the scripted engine" in err
    assert "Starting" not in err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--engine", "openai"], "the run's model is 'none', which the openai engine cannot be asked for"),
        (
            ["--set", "engine=openai"],
            "the run's model is 'none', which the openai engine cannot be asked for",
        ),
        (["--engine", "ollama"], "unknown engine 'ollama'"),
        (
            ["--base-url", "http://localhost:1/v1"],
            "base_url is for the openai engine, and the engine is scripted",
        ),
        (
            ["--engine", "vllm", "--set", "engine=openai"],
            "--set engine and the option of that name are given",
        ),
    ],
)
def test_engine_that_does_not_fit(
    parent: Recording,
    command: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    told: str,
) -> None:
    """An engine that cannot answer is a usage error, and nothing is made."""
    assert command("fork", str(parent.folder), *options) == Exit.USAGE
    assert told in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []


def test_blame_keeps_to_its_model(
    parent: Recording, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """`blame --engine` is for another place of the same model, and a script is no model."""
    assert command("blame", str(parent.folder), CASE, "--engine", "vllm") == Exit.USAGE
    assert (
        "blame keeps what was recorded before a step, so the same model must answer"
        in capsys.readouterr().err
    )


def test_blame_by_a_server(
    place: Path,
    command: Callable[..., int],
    tmp_path: Path,
    server: FakeServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A run that one server answered badly is blamed by another server of the same model."""
    server._say = lambda request: "    return 5\n"
    solving = ["--dataset", str(place / "tasks.jsonl"), "--limit", "1", "--architecture", "baseline"]
    asking = ["--engine", "openai", "--base-url", server.url]
    assert command("solve", *solving, *asking, "--model", "served", "--run-id", "bad") == Exit.DONE
    server._say = lambda request: "    return x + 1\n"
    capsys.readouterr()

    blaming = [str(tmp_path / "bad"), CASE, "--samples", "2", "--run-id", "why", *asking]
    assert command("blame", *blaming) == Exit.DONE
    assert (
        "Answers that are not on record come from the openai engine, model served." in capsys.readouterr().err
    )
    assert command("blame", *blaming) == Exit.DONE
    assert command("blame", *blaming[:-1], "http://localhost:1/v1") == Exit.USAGE
    assert "was begun with the openai engine at" in capsys.readouterr().err


def test_recorded_prompts_stay(parent: Recording, command: Callable[..., int], tmp_path: Path) -> None:
    """Another concurrency changes nothing that is asked, so that all answers are reused."""
    assert command("fork", str(parent.folder), "--set", "concurrency=1", "--run-id", "f") == Exit.DONE

    effects = Recording(tmp_path / "f").journal.effects.values()
    asked = [one.request for one in effects if isinstance(one.request, GenerationRequested)]
    assert all(request.reused for request in asked)
