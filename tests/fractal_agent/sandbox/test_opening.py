"""Which sandbox is opened where bubblewrap does not work."""

from pathlib import Path

import pytest

from fractal_agent.sandbox import Limits, SandboxError, open_sandbox
from fractal_agent.sandbox.bubblewrap import binaries


@pytest.fixture(params=["/bin/false", "/no/such/bwrap", ""])
def unusable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose bubblewrap fails, cannot be started or does not exist."""
    found = [Path(request.param)] if request.param else []
    monkeypatch.setattr("fractal_agent.sandbox.opening.binaries", lambda: iter(found))


@pytest.fixture
def old_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose kernel has no Landlock."""
    monkeypatch.setattr("fractal_agent.sandbox.plain.landlock_version", lambda: 0)


@pytest.mark.usefixtures("unusable")
async def test_auto_falls_back_and_says_so() -> None:
    """Without a working bubblewrap, `auto` opens the Landlock sandbox, whose notice says why."""
    async with open_sandbox("auto") as sandbox:
        assert sandbox.level == "landlock"
        assert sandbox.notice.startswith("This machine cannot isolate programs by namespaces (")


@pytest.mark.usefixtures("unusable", "old_kernel")
async def test_auto_refuses() -> None:
    """Where nothing isolates, `auto` refuses, and names the option that accepts less."""
    with pytest.raises(SandboxError, match="--unsafe-sandbox"):
        async with open_sandbox("auto"):
            pass


@pytest.mark.usefixtures("unusable", "old_kernel")
async def test_unsafe_when_asked_for() -> None:
    """With `unsafe`, `auto` opens the limits sandbox, whose notice names the danger."""
    async with open_sandbox("auto", unsafe=True) as sandbox:
        assert sandbox.level == "limits"
        assert sandbox.notice.endswith("can reach the user's files.")


async def test_unsafe_weakens_nothing() -> None:
    """`unsafe` permits less; where there is more, it changes nothing."""
    async with open_sandbox() as strict, open_sandbox(unsafe=True) as lenient:
        assert strict.level == lenient.level


@pytest.mark.usefixtures("unusable")
async def test_bubblewrap_does_not_fall_back() -> None:
    """Whoever asks for bubblewrap gets it or an error."""
    with pytest.raises(SandboxError):
        async with open_sandbox("bubblewrap"):
            pass


@pytest.mark.usefixtures("old_kernel")
async def test_landlock_does_not_fall_back() -> None:
    """Whoever asks for Landlock gets it or an error that names the kernel it needs."""
    with pytest.raises(SandboxError, match=r"Linux 5\.13"):
        async with open_sandbox("landlock"):
            pass


async def test_limits_when_asked_for() -> None:
    """Isolation that was switched off is not blamed on the machine."""
    async with open_sandbox("limits") as sandbox:
        assert sandbox.notice.startswith("Isolation was switched off, so programs")


async def test_limits_too_low() -> None:
    """Limits under which no program runs are an error of the setting, not of each program."""
    with pytest.raises(SandboxError):
        async with open_sandbox("limits", Limits(wall_seconds=0)):
            pass


def test_binaries_exist() -> None:
    """Only files that exist are offered."""
    assert all(binary.is_file() for binary in binaries())
