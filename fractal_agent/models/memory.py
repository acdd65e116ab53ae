"""How much memory a model takes and how much there is, so that a run can refuse before it starts."""

from collections.abc import Iterator
from pathlib import Path

from fractal_agent.models.cache import size_of

GIB = 1 << 30


def required_memory(folder: Path, *, kv_cache: int = 3 * GIB) -> int:
    """Bytes that an engine on the CPU takes with the weights in `folder`, about.

    `kv_cache` is what the engine is told to reserve for the prompts in flight, in bytes.
    """
    return size_of(folder) + kv_cache + _OVERHEAD


_OVERHEAD = 2 * GIB
"""Python, torch and vllm: 0.9 GiB in the run's process and 0.7 GiB in the engine's were measured."""


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that this process can still take, by the machine's count and by each container's limit around it.

    None where the system does not say (it is not Linux).
    """
    limits = [free for free in (_machine_free(root), *_cgroups_free(root)) if free is not None]
    return min(limits, default=None)


def _machine_free(root: Path) -> int | None:
    for line in _lines(root / "proc/meminfo"):
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return None


def _cgroups_free(root: Path) -> Iterator[int | None]:
    # Version 2 is one tree, "0::/some/group"; version 1 has one per resource, "4:memory:/some/group". In a
    # container the tree often begins at the container itself, so groups of the path may not be there.
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, group = line.strip().split(":", 2)
        if controllers == "":
            top, names = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        path = Path(group.lstrip("/"))
        for folder in (path, *path.parents):
            yield _group_free(top / folder, *names)


def _group_free(folder: Path, limit: str, usage: str, reclaimable: str) -> int | None:
    limit_text, usage_text = _text(folder / limit), _text(folder / usage)
    if not limit_text.isdigit() or not usage_text.isdigit():  # no such group, or "max": no limit
        return None
    # Files that were read once count as used, but the kernel drops them before it refuses anyone.
    stat = dict(line.split() for line in _lines(folder / "memory.stat"))
    return max(0, int(limit_text) - int(usage_text) + int(stat.get(reclaimable, 0)))


def _text(path: Path) -> str:
    return path.read_text().strip() if path.is_file() else ""


def _lines(path: Path) -> list[str]:
    return _text(path).splitlines()
