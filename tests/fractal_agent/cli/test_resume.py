"""Runs that were stopped, or are still going on, and how `resume` goes on with them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import PLUGIN, Place, Printed, right, started, wrong


@pytest.fixture
def waiting(place: Place) -> Iterator[subprocess.Popen[str]]:
    """A run that has solved the first of two problems and waits at the second."""
    arguments = place.solving("--run-id", "stopped", "--limit", "2", architecture="waiting")
    with started("-v", *arguments, "--concurrency", "1", start_new_session=True) as process:
        assert process.stderr is not None
        while process.stderr.readline() not in {"waiting\n", ""}:
            pass
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupt(
    place: Place, waiting: subprocess.Popen[str], call: Callable[..., Printed], number: signal.Signals
) -> None:
    """A signal to all processes of the command ends it with 130, a sealed log and how to go on."""
    os.killpg(waiting.pid, number)
    out, err = waiting.communicate(timeout=20)

    assert waiting.returncode == Exit.INTERRUPTED
    assert "stopped (interrupted)" in out
    assert f"To go on: python -m fractal_agent resume {place.runs / 'stopped'}" in err
    assert "Traceback" not in err
    assert b'"type":"LogSealed"' in place.log("stopped").read_bytes().splitlines()[-1]
    assert b'"outcome":"interrupted"' in place.log("stopped").read_bytes()

    (place.folder / "go").touch()
    resumed = call("resume", place.runs / "stopped", "--json")
    assert (resumed.code, resumed.document["graded"]) == (Exit.DONE, 2)


def test_second_writer(place: Place, waiting: subprocess.Popen[str], call: Callable[..., Printed]) -> None:
    """While a run is being written another process is refused, and told which one has it."""
    printed = call("resume", place.runs / "stopped")

    assert printed.code == Exit.FAILED
    assert f"process {waiting.pid} on " in printed.err


def test_show_while_it_runs(
    place: Place, waiting: subprocess.Popen[str], call: Callable[..., Printed]
) -> None:
    """A run that is going on is told as running, with its process, and is not to be resumed."""
    shown = call("show", place.runs / "stopped")
    story = call("show", place.runs / "stopped", "T/1", "--json")
    listed = call("runs", "--runs-dir", place.runs, "--json")

    assert (shown.code, story.code) == (Exit.DONE, Exit.DONE)
    assert f"stopped (running in process {waiting.pid})" in shown.out
    assert re.search(r"^next +watch -n 5 python -m fractal_agent show ", shown.out, re.MULTILINE)
    assert "resume" not in shown.out
    assert re.search(r"T/1 +unfinished", shown.out)
    assert story.document["chapters"][-1]["title"].startswith("No verdict")
    assert (listed.document[0]["state"], listed.document[0]["process"]) == ("running", waiting.pid)


def test_run_that_was_killed(
    place: Place, waiting: subprocess.Popen[str], call: Callable[..., Printed]
) -> None:
    """After SIGKILL a run can be shown, replayed as far as it goes, and resumed."""
    waiting.kill()
    waiting.communicate()
    (place.folder / "go").touch()
    shown = call("show", place.runs / "stopped")

    assert "stopped (unfinished)" in shown.out
    assert re.search(r"^next +python -m fractal_agent resume ", shown.out, re.MULTILINE)
    assert call("replay", place.runs / "stopped", "--json").document["partial"] == 1
    assert call("resume", place.runs / "stopped", "--json").document["state"] == "completed"


def test_resume_after_a_failure(place: Place, call: Callable[..., Printed]) -> None:
    """A failed run goes on where it stopped and does not ask again for what it has."""
    place.answer({"T/0/*": right(0)})
    call(*place.solving("--run-id", "half", "--concurrency", "1"))
    place.answer({"T/1/*": wrong(1), "T/2/*": right(2)})

    printed = call("resume", "half", "--runs-dir", place.runs, "--json")

    assert printed.code == Exit.DONE
    assert (printed.document["state"], printed.document["graded"], printed.document["passed"]) == (
        "completed",
        3,
        2,
    )
    assert call("replay", place.runs / "half").code == Exit.DONE


def test_resume_of_a_completed_run(
    solved: Place, call: Callable[..., Printed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is left to do, no engine is started and the log stays as it is."""
    monkeypatch.delitem(sys.modules, "fractal_agent.engines.scripted", raising=False)
    before = solved.log("done").read_bytes()

    printed = call("resume", "done", "--runs-dir", solved.runs)

    assert printed.code == Exit.DONE
    assert "Nothing to do: the run is completed." in printed.err
    assert "2/3" in printed.out
    assert solved.log("done").read_bytes() == before
    assert "fractal_agent.engines.scripted" not in sys.modules


def test_resume_when_only_the_end_is_missing(place: Place, call: Callable[..., Printed]) -> None:
    """A run that was killed between its last verdict and its end is completed without an engine."""
    call(*place.solving("--run-id", "one"))
    log = place.log("one")
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-2]))
    place.script.unlink()

    printed = call("resume", place.runs / "one", "--json")

    assert (printed.code, printed.document["state"], printed.document["graded"]) == (
        Exit.DONE,
        "completed",
        3,
    )
    assert call("replay", place.runs / "one").code == Exit.DONE


def test_resume_with_changed_code(place: Place, call: Callable[..., Printed]) -> None:
    """A run whose roles now ask something else is not resumed: 3, what differs, and what to do."""
    place.answer({"T/0/*": right(0)})
    call(*place.solving("--run-id", "half", architecture="waiting"))
    place.plugin.write_text(PLUGIN.replace("Write it.", "Write it well."))
    place.answer({"*": right(1)})

    printed = call("resume", place.runs / "half")

    assert printed.code == Exit.DIVERGED
    assert re.search(r"^\+.*Write it well\.$", printed.err, re.MULTILINE)
    assert "Nothing was run. Undo the change, or go on with --accept-drift" in printed.err
    assert "Traceback" not in printed.err
