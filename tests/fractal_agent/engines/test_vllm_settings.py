"""How vLLM is set up, checked without starting it."""

import os
from pathlib import Path

import pytest

from fractal_agent.engines import EngineUnavailable, vllm_settings
from fractal_agent.engines.vllm_settings import (
    CASES_PER_GIB,
    EXECUTOR,
    GIB,
    MAX_MODEL_LEN,
    MOST_GIB,
    cause_in,
    check_memory,
    engine_settings,
    environment,
    has_bfloat16,
    is_cpu_build,
    kv_cache_size,
    surrounded_by,
)
from fractal_agent.models import ModelSource


def source(folder: Path, size: int = 1000) -> ModelSource:
    (folder / "model.safetensors").write_bytes(b"0" * size)
    return ModelSource(folder=folder, name="org/model", origin="folder", digest="0" * 64)


def test_settings_on_a_cpu() -> None:
    """On a CPU a prompt is read in one step, because a seed cannot be used when it is read in several."""
    settings = engine_settings(cpu=True, bfloat16=True, kv_cache=GIB)

    assert settings["enable_chunked_prefill"] is False
    assert settings["max_num_batched_tokens"] >= MAX_MODEL_LEN
    assert settings["kv_cache_memory_bytes"] == GIB


@pytest.mark.parametrize(("bfloat16", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_type_on_a_cpu(bfloat16: bool, dtype: str) -> None:
    """Weights are widened where the processor would have to emulate bfloat16."""
    assert engine_settings(cpu=True, bfloat16=bfloat16, kv_cache=GIB)["dtype"] == dtype


def test_settings_on_a_gpu() -> None:
    """On a GPU vLLM chooses for itself all but the context and where the model runs."""
    settings = engine_settings(cpu=False, bfloat16=False, kv_cache=GIB)

    assert settings == {"max_model_len": MAX_MODEL_LEN, "distributed_executor_backend": EXECUTOR}


@pytest.mark.parametrize(
    ("cases", "gib"), [(0, 1), (1, 1), (CASES_PER_GIB, 1), (CASES_PER_GIB + 1, 2), (10_000, MOST_GIB)]
)
def test_cache_size(cases: int, gib: int) -> None:
    """The cache grows with the cases in flight, between one and the most that was of use."""
    assert kv_cache_size(cases) == gib * GIB


@pytest.mark.parametrize(
    ("flags", "has"),
    [
        ("fpu avx2 avx512f", False),
        ("fpu avx512_bf16", True),
        ("fpu amx_bf16", True),
        ("fp asimd bf16", True),
        ("x_bf16_y", False),
    ],
)
def test_bfloat16(tmp_path: Path, flags: str, has: bool) -> None:
    """A processor computes in bfloat16 when one of its flags is exactly one of those that say so."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor : 0\nflags\t\t: {flags}\n")

    assert has_bfloat16(cpuinfo) is has


def test_bfloat16_unknown(tmp_path: Path) -> None:
    """Where the system does not tell, the processor is taken not to."""
    assert has_bfloat16(tmp_path / "none") is False


def test_environment(tmp_path: Path) -> None:
    """The model gets one thread for each core, and processes are spawned; a GPU's threads are left alone."""
    variables = environment(cores=[0, 2], folder=tmp_path)

    assert variables["OMP_NUM_THREADS"] == "2"
    assert variables["VLLM_WORKER_MULTIPROC_METHOD"] == "spawn"
    assert "OMP_NUM_THREADS" not in environment(cores=[], folder=tmp_path)


def test_surrounding_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside the block variables are set that the user has not; after it all is as it was."""
    monkeypatch.setenv("USERS_OWN", "kept")
    monkeypatch.setenv("CHANGED_INSIDE", "before")
    before = dict(os.environ)

    with surrounded_by({"USERS_OWN": "other", "OURS": "set"}):
        assert (os.environ["USERS_OWN"], os.environ["OURS"]) == ("kept", "set")
        os.environ["LD_PRELOAD"] = "left by vLLM"
        os.environ["CHANGED_INSIDE"] = "after"
        del os.environ["USERS_OWN"]

    assert dict(os.environ) == before


def test_surrounding_environment_after_an_error() -> None:
    """The environment is as it was also when the block raised."""
    before = dict(os.environ)

    with pytest.raises(KeyError), surrounded_by({"OURS": "set"}):
        raise KeyError

    assert dict(os.environ) == before


def test_memory_that_suffices(tmp_path: Path) -> None:
    """A model that fits is not complained about."""
    check_memory(source(tmp_path), kv_cache=GIB, bfloat16=True, free=100 * GIB)


def test_memory_that_does_not_suffice(tmp_path: Path) -> None:
    """The message names the model, what it needs, what there is, and ways out."""
    with pytest.raises(EngineUnavailable) as error:
        check_memory(source(tmp_path), kv_cache=GIB, bfloat16=True, free=GIB // 2)

    text = str(error.value)
    assert "org/model needs about 3.0 GiB" in text
    assert "0.5 GiB are free" in text
    assert "--model" in text


def test_memory_of_widened_weights(tmp_path: Path) -> None:
    """Weights that are widened to float32 count three times: their bytes on disk and twice that."""
    model = source(tmp_path, size=10_000_000)
    just = 3 * GIB + 15_000_000

    check_memory(model, kv_cache=GIB, bfloat16=True, free=just)
    with pytest.raises(EngineUnavailable):
        check_memory(model, kv_cache=GIB, bfloat16=False, free=just)


def test_vllm_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no vLLM is installed, the message says how to get one, or what to use instead."""
    monkeypatch.setattr(vllm_settings, "_BUILDS", ("no-such-package",))

    with pytest.raises(EngineUnavailable, match=r"make setup.*fractal-agent\[gpu\].*--engine openai"):
        is_cpu_build()


def test_cause_of_a_failed_start() -> None:
    """Of what vLLM printed, the last exception is the cause, not the one that only points to it."""
    output = (
        "(EngineCore pid=1) ERROR 01-01 Traceback (most recent call last):\n"
        "(EngineCore pid=1) ERROR 01-01 ValueError: No supported config format found in /m.\n"
        "RuntimeError: Engine core initialization failed. See root cause above.\n"
    )

    assert cause_in(output) == "ValueError: No supported config format found in /m."
    assert cause_in("all is well\n") == ""
