"""Which sandbox is opened where bubblewrap does not work."""

from pathlib import Path

import pytest

from events.effects import ExecutionRequested
from fractal_agent.sandbox import Limits, SandboxError, open_sandbox
from fractal_agent.sandbox.bubblewrap import BubblewrapJail, binaries
from fractal_agent.sandbox.jailed import JailedSandbox


@pytest.fixture(params=["/bin/false", "/no/such/bwrap", ""])
def unusable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose bubblewrap fails, cannot be started or does not exist."""
    found = [Path(request.param)] if request.param else []
    monkeypatch.setattr("fractal_agent.sandbox.opening.binaries", lambda: iter(found))


@pytest.mark.usefixtures("unusable")
async def test_auto_falls_back_and_says_so() -> None:
    """Without a working bubblewrap, `auto` opens the limits sandbox, whose notice names the danger."""
    async with open_sandbox("auto") as sandbox:
        assert sandbox.level == "limits"
        assert sandbox.notice.startswith("This machine cannot isolate programs (")
        assert sandbox.notice.endswith("can reach the user's files.")


@pytest.mark.usefixtures("unusable")
async def test_bubblewrap_does_not_fall_back() -> None:
    """Whoever asks for bubblewrap gets it or an error that names the other choice."""
    with pytest.raises(SandboxError, match='kind="limits"'):
        async with open_sandbox("bubblewrap"):
            pass


async def test_limits_when_asked_for() -> None:
    """Isolation that was switched off is not blamed on the machine."""
    async with open_sandbox("limits") as sandbox:
        assert sandbox.notice.startswith("Isolation was switched off, so programs")


async def test_limits_too_low_to_start() -> None:
    """Limits under which no interpreter runs are an error of the setting, not of each program."""
    with pytest.raises(SandboxError):
        async with open_sandbox("limits", Limits(memory_bytes=1 << 20)):
            pass


async def test_sandbox_that_breaks_later() -> None:
    """A jail that stops working is an error, and no outcome of the program that was to run."""
    jail = BubblewrapJail(Path("/bin/false"), Limits())
    sandbox = JailedSandbox(jail, limits=Limits(), concurrency=1)

    with pytest.raises(SandboxError, match="exited with status 1 saying ''"):
        await sandbox.execute(ExecutionRequested(program="", entry_point="f"))


def test_binaries_exist() -> None:
    """Only files that exist are offered."""
    assert all(binary.is_file() for binary in binaries())
