"""What a model folder holds, file by file: is it whole, and which weights are they."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec

from fractal_agent.models.errors import WeightsDamaged

MANIFEST = "fractal_agent.json"
"""The seal of a checkpoint that we made lies beside its weights under this name."""


class SealedFile(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    size: int
    """Bytes."""
    mtime_ns: int
    """Only to know when hashing again can be spared: same size and time, same bytes."""
    sha256: str


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one folder as they were when they were known to be good, sorted by name."""

    files: tuple[SealedFile, ...]

    @property
    def digest(self) -> str:
        """One sha256 for all the weights: equal wherever the same bytes lie under the same names."""
        lines = (f"{file.sha256}  {file.name}\n" for file in self.files if file.name.endswith(".safetensors"))
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def seal(folder: Path, *, known: Seal | None = None) -> Seal:
    """The seal of `folder` as it is now. Files that `known` saw with the same size and time are not read."""
    seen = {file.name: file for file in known.files} if known else {}
    return Seal(files=tuple(_sealed(path, seen.get(path.name)) for path in _model_files(folder)))


def check(folder: Path, expected: Seal, *, verify: bool, remedy: str) -> Seal:
    """The seal of `folder`, which holds the bytes of `expected`; its file times may be newer.

    Sizes are compared each time; bytes where a time has changed, or everywhere with `verify`.

    Raises:
        WeightsDamaged: a file is missing or differs. `remedy` tells the reader what to do about it.
    """
    for file in expected.files:
        path = folder / file.name
        if not path.is_file():
            raise WeightsDamaged(path, found="no such file", expected=_size(file.size), remedy=remedy)
        if path.stat().st_size != file.size:
            found = _size(path.stat().st_size)
            raise WeightsDamaged(path, found=found, expected=_size(file.size), remedy=remedy)
    now = seal(folder, known=None if verify else expected)
    found_by_name = {file.name: file.sha256 for file in now.files}
    for file in expected.files:
        found = found_by_name[file.name]
        if found != file.sha256:
            raise WeightsDamaged(
                folder / file.name, found=f"sha256 {found}", expected=f"sha256 {file.sha256}", remedy=remedy
            )
    return now


def require_whole(folder: Path, *, remedy: str) -> None:
    """Return if `folder` has a config and every weights file it speaks of, each as long as its header says.

    Raises:
        WeightsDamaged: naming the first file that is missing or cut short.
    """
    config = folder / "config.json"
    if not config.is_file():
        raise WeightsDamaged(
            config, found="no such file", expected="the model's configuration", remedy=remedy
        )
    for path in _weights(folder, remedy=remedy):
        _require_full_length(path, remedy=remedy)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _model_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        kept = path.suffix in {".safetensors", ".json", ".jinja", ".txt"} and path.name != MANIFEST
        if kept and path.is_file():
            yield path


def _sealed(path: Path, seen: SealedFile | None) -> SealedFile:
    status = path.stat()
    if seen and (seen.size, seen.mtime_ns) == (status.st_size, status.st_mtime_ns):
        return seen
    return SealedFile(
        name=path.name, size=status.st_size, mtime_ns=status.st_mtime_ns, sha256=sha256_of(path)
    )


def _weights(folder: Path, *, remedy: str) -> Iterator[Path]:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        names = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
        yield from (folder / name for name in names)
        return
    found = sorted(folder.glob("*.safetensors"))
    if not found:
        raise WeightsDamaged(
            folder / "model.safetensors", found="no such file", expected="the model's weights", remedy=remedy
        )
    yield from found


def _require_full_length(path: Path, *, remedy: str) -> None:
    # A safetensors file opens with the length of its header, and the header says where each tensor ends.
    if not path.is_file():
        raise WeightsDamaged(path, found="no such file", expected="a part of the weights", remedy=remedy)
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        try:
            header = json.loads(file.read(length) if length < size else b"")
        except ValueError:
            found = f"{_size(size)} without a readable header"
            raise WeightsDamaged(path, found=found, expected="a safetensors file", remedy=remedy) from None
    tensors = (tensor for name, tensor in header.items() if name != "__metadata__")
    expected = 8 + length + max((tensor["data_offsets"][1] for tensor in tensors), default=0)
    if size != expected:
        raise WeightsDamaged(path, found=_size(size), expected=_size(expected), remedy=remedy)


def _size(count: int) -> str:
    return f"{count} bytes"
