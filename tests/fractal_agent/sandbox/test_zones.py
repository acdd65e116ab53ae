"""`zoneinfo` finds its data at every level, the system's or the package's."""

import importlib.util
from pathlib import Path

import pytest

from fractal_agent.sandbox import SandboxError, open_sandbox
from fractal_agent.sandbox.jail import ZONES, Zones

PROGRAM = """
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones
def f(name):
    return datetime(2024, 7, 1, tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(name))
def many():
    return len(available_timezones())
"""
TESTS = """
assert f("Asia/Tokyo").hour == 9
assert f("Europe/Paris").utcoffset().seconds == 7200
assert many() > 300
"""
LEVELS = ["bubblewrap", "landlock", "limits"]


async def outcome(level: str) -> str:
    try:
        async with open_sandbox(level, concurrency=1) as sandbox:  # type: ignore[arg-type]  # a level is a kind
            verdict = await sandbox.judge(PROGRAM, "f", TESTS)
    except SandboxError as error:
        if level == "limits":
            raise
        pytest.skip(f"this machine cannot isolate programs: {error}")
    return f"{verdict.outcome} {verdict.error}"


@pytest.mark.parametrize("level", LEVELS)
async def test_zones(level: str) -> None:
    """A program may convert between time zones."""
    if not ZONES.folders and not ZONES.package:
        pytest.skip("this machine has no time zones")

    assert await outcome(level) == "passed "


@pytest.mark.parametrize("level", LEVELS)
async def test_zones_of_the_package(level: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a machine without them they are those of a folder elsewhere, as of the package `tzdata`."""
    if not ZONES.folders and not ZONES.package:
        pytest.skip("this machine has no time zones")
    source = Path(ZONES.folders[0] if ZONES.folders else ZONES.package)
    package = tmp_path / "zoneinfo"
    for name in ("UTC", "Asia/Tokyo", "Europe/Paris", *(f"Made/Up{number}" for number in range(300))):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_bytes((source / ("UTC" if name.startswith("Made") else name)).read_bytes())
    zones = Zones(folders=(), package=str(package))
    for module in ("jail", "plain", "bubblewrap"):
        monkeypatch.setattr(f"fractal_agent.sandbox.{module}.ZONES", zones)

    assert await outcome(level) == "passed "


def test_package_is_found() -> None:
    """Where `tzdata` is installed, its data is known."""
    if importlib.util.find_spec("tzdata") is None:
        pytest.skip("tzdata is not installed")

    assert (Path(ZONES.package) / "UTC").is_file()
