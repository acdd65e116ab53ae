"""The results page is what the kept logs say, and the logs replay without a model."""

import re
from pathlib import Path

import pytest

import results
from fractal_agent.catalog import load_catalog
from fractal_agent.experiment import chosen_ids
from fractal_agent.recording import Recording
from fractal_agent.replaying import replay_run

ROOT = Path(__file__).parents[2]


def test_page_is_made_from_the_logs(tmp_path: Path) -> None:
    """`make results` changes nothing: every figure on the page is in a log that is kept."""
    page, pictures = results.results(tmp_path)

    assert page == (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    for name, picture in pictures.items():
        assert picture == (ROOT / "docs" / "results" / name).read_text(encoding="utf-8")


def test_kept_logs_replay(tmp_path: Path) -> None:
    """Each kept cell replays with the roles and architectures that are here now."""
    for archive in results.KEPT.glob("*.tar.xz"):
        for cell in sorted(results.unpack(archive, tmp_path).iterdir()):
            assert replay_run(cell, load_catalog()).divergences == []


def test_packing_is_reproducible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same logs give the same bytes, so an archive changes only when its logs do."""
    archive = min(results.KEPT.glob("*.tar.xz"))
    folder = results.unpack(archive, tmp_path)
    monkeypatch.setattr(results, "KEPT", tmp_path)

    assert results.pack(folder).read_bytes() == archive.read_bytes()


def test_hard15_is_what_the_kept_logs_choose(tmp_path: Path) -> None:
    """The list is chosen anew, to the byte, from the three logs that it names."""
    kept = ROOT / "fractal_agent" / "experiment" / "subsets" / "hard15.txt"
    cells = results.unpack(results.KEPT / "humaneval-0.5b.tar.xz", tmp_path)
    named = re.findall(r"^# from (\S+):", kept.read_text(encoding="utf-8"), re.MULTILINE)

    assert chosen_ids([Recording(cells / name) for name in named], 15) == kept.read_text(encoding="utf-8")
