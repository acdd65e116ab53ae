"""Memory: what a model takes is counted from its files, what is free is the narrowest limit around us."""

from pathlib import Path

from fractal_agent.models.fakes import tiny_checkpoint
from fractal_agent.models.memory import GIB, available_memory, required_memory


def _write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def _machine(root: Path, *, free_kib: int, cgroup: str = "") -> Path:
    _write(root, "proc/meminfo", f"MemTotal: 999 kB\nMemFree: 1 kB\nMemAvailable: {free_kib} kB\n")
    _write(root, "proc/self/cgroup", cgroup)
    return root


def test_machine_without_limits(tmp_path: Path) -> None:
    """Without a container's limit the kernel's own estimate counts, in bytes."""
    assert available_memory(_machine(tmp_path, free_kib=100)) == 102_400


def test_container_limit_of_a_parent_group(tmp_path: Path) -> None:
    """A limit set further up counts, less what is used there, plus cached files that can be dropped."""
    root = _machine(tmp_path, free_kib=100, cgroup="0::/outer/inner\n")
    _write(root, "sys/fs/cgroup/outer/memory.max", "9000\n")
    _write(root, "sys/fs/cgroup/outer/memory.current", "5000\n")
    _write(root, "sys/fs/cgroup/outer/memory.stat", "anon 1\ninactive_file 300\n")
    _write(root, "sys/fs/cgroup/outer/inner/memory.max", "max\n")
    _write(root, "sys/fs/cgroup/outer/inner/memory.current", "5000\n")

    assert available_memory(root) == 4300


def test_container_limit_of_version_1(tmp_path: Path) -> None:
    """The older tree of groups is read as well."""
    root = _machine(tmp_path, free_kib=100, cgroup="5:cpu:/\n4:memory:/box\n")
    _write(root, "sys/fs/cgroup/memory/box/memory.limit_in_bytes", "9000\n")
    _write(root, "sys/fs/cgroup/memory/box/memory.usage_in_bytes", "8000\n")

    assert available_memory(root) == 1000


def test_system_that_does_not_say(tmp_path: Path) -> None:
    """Where nothing is told, the answer is that nothing is known."""
    assert available_memory(tmp_path) is None


def test_need_grows_with_weights_and_cache(tmp_path: Path) -> None:
    """A larger cache for prompts needs exactly that much more, and the weights are counted."""
    folder = tiny_checkpoint(tmp_path / "model")

    assert required_memory(folder, kv_cache=2 * GIB) - required_memory(folder, kv_cache=GIB) == GIB
    assert required_memory(folder, kv_cache=0) > sum(path.stat().st_size for path in folder.iterdir())
