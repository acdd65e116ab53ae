"""What can go wrong on the way to a model's weights, one class for each different reaction of the caller."""

from pathlib import Path


class ModelError(Exception):
    """The base of all errors of this package. The message is meant for the person who started the run."""


class ModelNotFound(ModelError):
    """Nobody that was asked has this model; another name or a folder is needed."""

    def __init__(self, model: str, *, asked: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"{model}: not found. Asked: {asked}. Give a folder with config.json and *.safetensors, "
            f"the id of a model on the hub, or one that installs without it: {', '.join(known)}."
        )
        self.model = model


class WeightsDamaged(ModelError):
    """A file of the model is missing, cut short, or not what it was; it has to be replaced."""

    def __init__(self, file: Path, *, found: str, expected: str, remedy: str) -> None:
        super().__init__(f"{file}: found {found}, expected {expected}. {remedy}")
        self.file = file
        self.found = found
        self.expected = expected


class DiskTooSmall(ModelError):
    """The weights would not fit; space has to be freed, or the cache moved to another disk."""

    def __init__(self, folder: Path, *, needed: int, found: int) -> None:
        super().__init__(
            f"{folder}: {_gigabytes(found)} GB free, {_gigabytes(needed)} GB needed to fetch the model. "
            "Free some space, or point XDG_CACHE_HOME and HF_HOME at a larger disk."
        )
        self.needed = needed
        self.found = found


class CacheUnusable(ModelError):
    """The folder for fetched models takes no file, or cannot be read."""

    def __init__(self, place: Path | str, cause: str) -> None:
        super().__init__(
            f"{place}: cannot be used for models ({cause}). "
            "Set XDG_CACHE_HOME, and HF_HOME for what the hub has, to folders that can be written to."
        )


class FetchFailed(ModelError):
    """A download or a conversion broke off; what is complete is kept, so trying again goes on from there."""

    def __init__(self, what: str, *, cause: str) -> None:
        super().__init__(f"{what} failed. What came whole is kept: run the same command again.\n{cause}")
        self.cause = cause


class LibraryMissing(ModelError):
    """The library that talks to the hub comes with an engine, and none is installed."""

    def __init__(self) -> None:
        super().__init__(
            "huggingface_hub is not installed, so only a folder can be a model. Install an engine with it: "
            "pip install 'fractal-agent[cpu]' or 'fractal-agent[gpu]'."
        )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f}"
