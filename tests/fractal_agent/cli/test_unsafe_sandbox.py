"""What `experiment` does on a machine that cannot keep programs from the user's files."""

from collections.abc import Callable

import pytest

from events import LOG_NAME
from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import PLUGIN, Place, Printed, right

TWICE = '''

@architecture
async def twice(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Writer, then writer again."""
    await stage.ask(writer, problem)
    return await stage.ask(writer, problem)
'''


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without bubblewrap, whose kernel has no Landlock."""
    monkeypatch.setattr("fractal_agent.sandbox.opening.binaries", lambda: iter(()))
    monkeypatch.setattr("fractal_agent.sandbox.plain.landlock_version", lambda: 0)


def test_experiment_runs_unsafely_only_when_asked(place: Place, call: Callable[..., Printed]) -> None:
    """Without --unsafe-sandbox nothing is run there; with it all is, and danger and level are told."""
    experiment = place.comparing("--limit", "1", "--json")

    refused = call(*experiment)
    left = [log.read_bytes() for log in place.cells.glob(f"*/{LOG_NAME}")]
    accepted = call(*experiment, "--unsafe-sandbox")

    assert refused.code == Exit.FAILED
    assert "--unsafe-sandbox" in refused.err
    assert not any(left)
    assert accepted.code == Exit.DONE
    assert "can reach the user's files" in accepted.err
    assert [made["sandbox"] for made in accepted.document["made"]] == ["limits"]


def test_cell_that_shares_goes_on_unsafely(place: Place, call: Callable[..., Printed]) -> None:
    """A stopped cell that shares answers is left alone there; with --unsafe-sandbox it is finished."""
    place.plugin.write_text(PLUGIN + TWICE)
    experiment = place.comparing("--limit", "1", "--json", architectures="direct,twice")
    place.answer({"T/0/writer.0/*": right(0)})
    assert call(*experiment, "--unsafe-sandbox").code == Exit.FAILED
    [log] = place.cells.glob(f"*twice*/{LOG_NAME}")
    stopped = log.read_bytes()
    place.answer({"T/0/writer.1/*": right(0)})

    refused = call(*experiment)
    unchanged = log.read_bytes() == stopped
    accepted = call(*experiment, "--unsafe-sandbox")

    assert b'"origin":{' in stopped
    assert (refused.code, unchanged) == (Exit.FAILED, True)
    assert "--unsafe-sandbox" in refused.err
    assert accepted.code == Exit.DONE
    assert [cell["passed"] for cell in accepted.document["cells"]] == [1, 1]
