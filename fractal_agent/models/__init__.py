"""Where weights come from: a folder, the model hub, or Python packages that carry them."""

from fractal_agent.models.errors import (
    DiskTooSmall,
    FetchFailed,
    LibraryMissing,
    ModelError,
    ModelNotFound,
    WeightsDamaged,
)
from fractal_agent.models.memory import available_memory, required_memory
from fractal_agent.models.progress import Progress, Step, shown
from fractal_agent.models.source import ModelSource, Origin, resolve

__all__ = [
    "DiskTooSmall",
    "FetchFailed",
    "LibraryMissing",
    "ModelError",
    "ModelNotFound",
    "ModelSource",
    "Origin",
    "Progress",
    "Step",
    "WeightsDamaged",
    "available_memory",
    "required_memory",
    "resolve",
    "shown",
]
