"""Where things are, whatever the environment holds."""

import os
import pwd
from pathlib import Path

import pytest

from fractal_agent.config import NoHome, cache_dir, data_dirs, runs_dir
from fractal_agent.diagnosis import diagnose
from fractal_agent.models import resolve


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A user of whom nothing is known, as a number that a container runs as."""

    def unknown(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "XDG_CACHE_HOME", "FRACTAL_AGENT_DATA", "FRACTAL_AGENT_RUNS_DIR"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_nobody_has_no_cache(nobody: pytest.MonkeyPatch) -> None:
    """Without a home the cache is an error that says what to set, and data lies nowhere."""
    with pytest.raises(NoHome, match="set HOME or XDG_CACHE_HOME"):
        cache_dir()
    assert data_dirs() == ()
    assert runs_dir() == Path("runs")


@pytest.mark.parametrize("home", ["", "relative", "~"])
def test_home_that_is_no_path(nobody: pytest.MonkeyPatch, home: str) -> None:
    """A home that is not a full path is none."""
    nobody.setenv("HOME", home)

    with pytest.raises(NoHome):
        cache_dir()


def test_cache_that_is_relative(nobody: pytest.MonkeyPatch) -> None:
    """A relative XDG_CACHE_HOME is ignored, as its standard says; a full path counts without a home too."""
    nobody.setenv("XDG_CACHE_HOME", "relative")
    with pytest.raises(NoHome):
        cache_dir()

    nobody.setenv("XDG_CACHE_HOME", "/full")
    assert cache_dir() == Path("/full/fractal-agent")


def test_variables_of_ours(nobody: pytest.MonkeyPatch) -> None:
    """An empty variable is one that is not set, and `~` in one is the home."""
    nobody.setenv("FRACTAL_AGENT_RUNS_DIR", "")
    assert runs_dir() == Path("runs")

    nobody.setenv("HOME", "/home/me")
    nobody.setenv("FRACTAL_AGENT_RUNS_DIR", "~/runs")
    nobody.setenv("FRACTAL_AGENT_DATA", "~")
    assert (runs_dir(), data_dirs()) == (Path("/home/me/runs"), (Path("/home/me"),))


async def test_doctor_of_nobody(nobody: pytest.MonkeyPatch) -> None:
    """The doctor notes that there is no place for models, and is done."""
    found = {finding.name: finding for finding in (await diagnose()).findings}

    assert found["models"].outcome == "note"
    assert "set HOME or XDG_CACHE_HOME" in found["models"].says


async def test_doctor_of_a_cache_that_is_a_file(tmp_path: Path) -> None:
    """A cache below a file is noted with what takes no files."""
    (tmp_path / "file").touch()
    found = {finding.name: finding for finding in (await diagnose(tmp_path / "file" / "cache")).findings}

    assert f"{tmp_path}/file takes no files, so set XDG_CACHE_HOME" in found["models"].says


def test_tilde_without_a_home(nobody: pytest.MonkeyPatch) -> None:
    """A model's folder that begins with `~` is not found, rather than an error of another kind."""
    with pytest.raises(Exception, match=r"~/model: (not found|.*)|no home folder"):
        resolve("~/model", lambda step: None)
    assert not os.path.lexists("~")
