"""The model hub: is the model here already, is the hub reached, and fetch it from there."""

from collections.abc import Callable
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Protocol

import msgspec

from fractal_agent.models.cache import size_of
from fractal_agent.models.errors import FetchFailed, LibraryMissing

_FILES = ["*.json", "*.safetensors", "*.jinja", "merges.txt"]
_PATIENCE = 8.0
"""Seconds until a silent network counts as one that does not reach the hub."""


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """The hub was not reached, or does not give us this model."""

    reason: str


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """The hub was reached and has the model."""

    size: int
    """Bytes still to be downloaded."""


class Hub(Protocol):
    """What `resolve` asks of a hub."""

    def cached(self, model: str) -> Path | None:
        """The folder of `model` in the hub's own cache; None if there is none. Asks no network."""
        ...

    def ask(self, model: str) -> Offered | Missing:
        """What the hub says to `model`, within seconds."""
        ...

    def folder(self) -> Path:
        """Where `download` puts what it fetches."""
        ...

    def download(self, model: str) -> Path:
        """The folder of `model`, fetched in whole.

        Raises:
            FetchFailed: it broke off. What came is kept, and the next call goes on from there.
        """
        ...


class HuggingFace:
    """The Hugging Face hub, with its own cache and its own settings (HF_HOME, HF_HUB_OFFLINE, HF_TOKEN).

    Raises:
        LibraryMissing: huggingface_hub is not installed.
    """

    def __init__(self) -> None:
        if find_spec("huggingface_hub") is None:
            raise LibraryMissing
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()  # ours is shown

    def cached(self, model: str) -> Path | None:
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(model, allow_patterns=_FILES, local_files_only=True))
        except OSError:  # not there, or not all of it
            return None

    def ask(self, model: str) -> Offered | Missing:
        from huggingface_hub.constants import is_offline_mode

        if is_offline_mode():
            return Missing(reason="the hub is switched off by HF_HUB_OFFLINE")
        silence = Missing(reason=f"the hub did not answer within {_PATIENCE:.0f} s")
        return _within(_PATIENCE, lambda: _ask(model), otherwise=silence)

    def folder(self) -> Path:
        from huggingface_hub.constants import HF_HUB_CACHE

        return Path(HF_HUB_CACHE)

    def download(self, model: str) -> Path:
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(model, allow_patterns=_FILES))
        except _network_errors() as problem:
            raise FetchFailed(f"Downloading {model} from the hub", cause=str(problem)) from problem


def _ask(model: str) -> Offered | Missing:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        files = HfApi().model_info(model, timeout=_PATIENCE, files_metadata=True).siblings or []
    except HfHubHTTPError as problem:
        return Missing(reason=f"the hub answered {problem.response.status_code} for it")
    except _network_errors() as problem:
        return Missing(reason=f"the hub was not reached ({problem})")
    wanted = (file for file in files if any(fnmatch(file.rfilename, pattern) for pattern in _FILES))
    return Offered(size=sum(file.size or 0 for file in wanted) - size_of(_blobs(model)))


def _network_errors() -> tuple[type[Exception], ...]:
    # The library changed its HTTP client twice; it gives the current one's base error under this name.
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # imported there, not declared

    return (OSError, HTTPError)


def _blobs(model: str) -> Path:
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.file_download import repo_folder_name

    return Path(HF_HUB_CACHE) / repo_folder_name(repo_id=model, repo_type="model") / "blobs"


def _within(seconds: float, ask: Callable[[], Offered | Missing], *, otherwise: Missing) -> Offered | Missing:
    # Looking a name up takes no timeout, so the thread may have to be left behind: it is a daemon.
    answers: list[Offered | Missing] = []
    thread = Thread(target=lambda: answers.append(ask()), daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else otherwise
