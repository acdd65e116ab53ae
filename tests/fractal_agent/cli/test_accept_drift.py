"""Going on under changed code, where it is not `resume` that goes on: `blame` and `experiment`."""

from collections.abc import Callable
from pathlib import Path

from events import LOG_NAME, GenerationRequested, LogReader, RunResumed
from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import PLUGIN, Place, Printed, right, wrong

REFUSED = "Nothing was run. Undo the change, or go on with --accept-drift"


def asked(log: Path) -> dict[str, str]:
    """What the model was asked last at each path."""
    entries = [entry for entry in LogReader(log) if isinstance(entry.event, GenerationRequested)]
    return {entry.path: entry.event.messages[-1].content for entry in entries}


def drifted(log: Path) -> list[tuple[str, ...]]:
    """What had changed, each time that the run was taken up."""
    return [entry.event.drifted for entry in LogReader(log) if isinstance(entry.event, RunResumed)]


def test_blame_goes_on_under_changed_code(place: Place, call: Callable[..., Printed]) -> None:
    """A stopped blame ends with 3 under a changed role; --accept-drift draws only what it still lacks."""
    call(*place.solving("--run-id", "one", "--concurrency", "1"))
    blaming = ["blame", "one", "T/1", "--samples", "2", "--run-id", "why", "--runs-dir", place.runs, "--json"]
    place.answer({"step-0/sample-0/*": wrong(1)})
    assert call(*blaming).code == Exit.FAILED
    place.plugin.write_text(PLUGIN.replace("Write it.", "Write it well."))
    place.answer({"step-0/sample-1/*": right(1)})
    stopped = place.log("why").read_bytes()

    refused = call(*blaming)
    unchanged = place.log("why").read_bytes() == stopped
    accepted = call(*blaming, "--accept-drift")

    assert (refused.code, unchanged) == (Exit.DIVERGED, True)
    assert REFUSED in refused.err
    assert accepted.code == Exit.DONE
    [step] = accepted.document["steps"]
    assert (step["drawn"], step["differing"], step["passed"]) == (2, 1, 1)
    assert asked(place.log("why")) == {
        "step-0/sample-0/T/1/writer.0/generate.0": "Write it.",
        "step-0/sample-1/T/1/writer.0/generate.0": "Write it well.",
    }
    assert drifted(place.log("why")) == [("writer", "direct")]


def test_experiment_goes_on_under_changed_code(place: Place, call: Callable[..., Printed]) -> None:
    """A stopped cell ends with 3 under a changed role; --accept-drift runs only cases without a verdict."""
    experiment = place.comparing("--json")
    place.answer({"T/0/*": right(0)})
    assert call(*experiment).code == Exit.FAILED
    [log] = place.cells.glob(f"*/{LOG_NAME}")
    place.plugin.write_text(PLUGIN.replace("Write it.", "Write it well."))
    place.answer({"T/1/*": wrong(1), "T/2/*": right(2)})
    stopped = log.read_bytes()

    refused = call(*experiment)
    unchanged = log.read_bytes() == stopped
    accepted = call(*experiment, "--accept-drift")

    assert (refused.code, unchanged) == (Exit.DIVERGED, True)
    assert REFUSED in refused.err
    assert accepted.code == Exit.DONE
    [cell] = accepted.document["cells"]
    assert (cell["state"], cell["graded"], cell["passed"]) == ("completed", 3, 2)
    assert asked(log) == {
        "T/0/writer.0/generate.0": "Write it.",
        "T/1/writer.0/generate.0": "Write it well.",
        "T/2/writer.0/generate.0": "Write it well.",
    }
    assert drifted(log) == [("writer", "direct")]
