"""vLLM's AsyncLLMEngine in this machine: all requests in one batch, quiet, and gone when closed."""

import asyncio
import gc
import hashlib
import itertools
import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.lowlevel
import anyio.to_thread

from events import GenerationCompleted, GenerationRequested
from fractal_agent.engines.base import EngineFailed, EngineInfo, EngineUnavailable
from fractal_agent.engines.quiet import output_in
from fractal_agent.engines.thinking import parted
from fractal_agent.engines.vllm_settings import (
    cause_in,
    check_memory,
    context_for,
    engine_settings,
    environment,
    has_bfloat16,
    import_failed,
    is_cpu_build,
    kv_cache_size,
    surrounded_by,
)
from fractal_agent.models import ModelSource

KILL_EVERY_SECONDS = 0.1
"""How often a start that is to be given up looks for a process that it has meanwhile started."""


class VllmEngine:
    """One model in one engine process, which is started by `async with` and ended with it.

    What the engine process prints goes to `log`, never to the terminal. The process ends with this
    one, however that ends. `cases` is how many problems will be in flight, about; `max_tokens` is the largest
    budget of an answer, for which the context is widened if need be.

    Raises, on entering:
        EngineUnavailable: vLLM is not installed, memory is short, or the engine did not start.
    """

    def __init__(self, source: ModelSource, *, log: Path, cases: int = 64, max_tokens: int = 0) -> None:
        self._source = source
        self._log = log
        self._cases = cases
        self._context = context_for(max_tokens)
        self._ids = itertools.count()
        self._engine: Any = None  # Any: vLLM is imported only when an engine starts
        self._tokenizer: Any = None  # Any: as above
        self._processes: list[multiprocessing.process.BaseProcess] = []
        self.info = EngineInfo(model_origin=source.origin, model_digest=source.digest)

    async def __aenter__(self) -> Self:
        cpu, bfloat16, kv_cache = is_cpu_build(), has_bfloat16(), kv_cache_size(self._cases)
        if cpu:
            check_memory(self._source, kv_cache=kv_cache, bfloat16=bfloat16)
        chosen = engine_settings(cpu=cpu, bfloat16=bfloat16, kv_cache=kv_cache, context=self._context)
        self._folder = Path(tempfile.mkdtemp(prefix="fractal-agent-"))
        try:
            await self._start(chosen, cpu)
        except BaseException:
            await self._close()
            raise
        return self

    async def _start(self, chosen: dict[str, Any], cpu: bool) -> None:  # Any: vLLM's arguments
        cores = sorted(os.sched_getaffinity(0)) if cpu else []
        begin = self._log.stat().st_size if self._log.exists() else 0
        try:
            with output_in(self._log), surrounded_by(environment(cores=cores, folder=self._folder)):
                await anyio.to_thread.run_sync(_import_vllm, abandon_on_cancel=True)
                await self._load(chosen)
        except ImportError as error:
            raise EngineUnavailable(import_failed(error)) from error
        except Exception as error:  # vLLM may raise anything, and nothing can go on without it
            with self._log.open(errors="replace") as output:
                output.seek(begin)
                cause = cause_in(output.read()) or str(error)
            raise EngineUnavailable(
                f"vLLM could not start {self._source.name}: {cause}. Its own account is in {self._log}."
            ) from error
        _log_vllm_to(logging.FileHandler(self._log))
        device = "cpu" if cpu else await anyio.to_thread.run_sync(_device_name)
        self.info = EngineInfo(
            model_origin=self._source.origin,
            model_digest=self._source.digest,
            settings={
                **{name: str(value) for name, value in chosen.items()},
                "device": device,
                "dtype": str(self._engine.model_config.dtype).removeprefix("torch."),
            },
        )

    async def _load(self, chosen: dict[str, Any]) -> None:  # Any: vLLM's arguments
        """Returns when the engine answers. Cancelled, it kills the process that it was waiting for."""
        ended = threading.Event()
        others = multiprocessing.active_children()

        async def give_up_when_cancelled() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(_kill_until, ended, others)

        def load() -> None:
            with _interrupts_blocked(), _collector_paused():
                self._make_engine(chosen)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(give_up_when_cancelled)
            problem: Exception | None = None
            try:
                await anyio.lowlevel.checkpoint()
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(load)
            except Exception as error:  # noqa: BLE001 - raised below, outside of the task group
                problem = error
            finally:
                ended.set()
            self._processes = _engine_processes(others)
            tasks.cancel_scope.cancel()
        await anyio.lowlevel.checkpoint_if_cancelled()
        if problem is not None:
            raise problem

    def _make_engine(self, chosen: dict[str, Any]) -> None:  # Any: vLLM's arguments
        from vllm import AsyncEngineArgs
        from vllm.engine.async_llm_engine import AsyncLLMEngine

        args = AsyncEngineArgs(model=str(self._source.folder), disable_log_stats=True, **chosen)
        self._engine = AsyncLLMEngine.from_engine_args(args)
        self._tokenizer = self._engine.get_tokenizer()
        if not self._tokenizer.chat_template:
            raise ValueError(
                "its tokenizer has no chat template; choose a model that is made to be talked to"
            )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        """Leaves nothing of the engine, which is killed.

        It would notice a polite request only between two steps, which take up to a minute each on a
        slow machine, and it has nothing to save.
        """
        engine, self._engine = self._engine, None
        with anyio.CancelScope(shield=True):
            if engine is not None:
                await _end_task(engine.output_handler)
                with _silent("vllm"):
                    await anyio.to_thread.run_sync(partial(engine.shutdown, timeout=0))
            for process in self._processes:
                process.kill()
                await anyio.to_thread.run_sync(process.join)
            _log_vllm_to(logging.NullHandler())
            shutil.rmtree(self._folder, ignore_errors=True)

    async def generate(self, request: GenerationRequested, path: str) -> GenerationCompleted:
        from vllm.exceptions import VLLMClientError
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        tokens = self._prompt_tokens(request)
        room = self._context - len(tokens)
        if room < 1:
            return _refused(
                len(tokens), f"the prompt has {len(tokens)} tokens, {self._context - 1} are taken"
            )
        try:
            params = _sampling(request, room)
        except (VLLMClientError, ValueError) as error:
            return _refused(len(tokens), str(error))
        try:
            output = await self._final_output(tokens, params, f"{path}#{next(self._ids)}")
        except VLLMClientError as error:
            return _refused(len(tokens), str(error))
        except (EngineDeadError, EngineGenerateError) as error:
            raise EngineFailed(
                "vllm", path, f"its process died; its last words are in {self._log}"
            ) from error
        return _completed(request, output)

    def _prompt_tokens(self, request: GenerationRequested) -> list[int]:
        chat = [{"role": message.role, "content": message.content} for message in request.messages]
        text = self._tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        tokens: list[int] = self._tokenizer.encode(text + request.prefill, add_special_tokens=False)
        return tokens

    async def _final_output(
        self, tokens: list[int], params: object, request_id: str
    ) -> Any:  # Any: vLLM's RequestOutput
        """Submits without being cancelled half-way, then waits; a cancelled wait aborts the request."""
        from vllm.inputs import tokens_input

        with anyio.CancelScope(shield=True):
            queue = await self._engine.add_request(request_id, tokens_input(tokens), params)
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


def _import_vllm() -> None:
    """The slow imports, in a thread that may be left behind: it changes nothing but `sys.modules`."""
    with _collector_paused():
        import vllm.engine.async_llm_engine
        import vllm.inputs  # noqa: F401 - so that the first request does not wait for it


def _sampling(request: GenerationRequested, room: int) -> Any:  # Any: vLLM's SamplingParams
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(
        max_tokens=min(request.max_tokens, room),
        temperature=request.temperature,
        top_p=request.top_p,
        stop=list(request.stop),
        seed=request.seed,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _refused(prompt_tokens: int, problem: str) -> GenerationCompleted:
    return GenerationCompleted(text="", finish_reason="refused", prompt_tokens=prompt_tokens, error=problem)


def _completed(request: GenerationRequested, output: Any) -> GenerationCompleted:  # Any: vLLM's RequestOutput
    answer = output.outputs[0]
    ids = ",".join(str(token) for token in answer.token_ids)
    said = parted(answer.text, prefill=request.prefill)
    return GenerationCompleted(
        text=request.prefill + said.answer,
        reasoning=said.reasoning,
        finish_reason="length" if answer.finish_reason == "length" else "stop",
        prompt_tokens=len(output.prompt_token_ids),
        completion_tokens=len(answer.token_ids),
        tokens_digest=hashlib.sha256(ids.encode()).hexdigest(),
    )


async def _end_task(task: "asyncio.Task[None] | None") -> None:
    if task is not None:
        task.cancel()
        await asyncio.wait([task])


def _device_name() -> str:
    from vllm.platforms import current_platform

    return str(current_platform.get_device_name())


def _engine_processes(
    others: list[multiprocessing.process.BaseProcess],
) -> list[multiprocessing.process.BaseProcess]:
    children = multiprocessing.active_children()
    return [child for child in children if child not in others and child.name.startswith("EngineCore")]


def _kill_until(ended: threading.Event, others: list[multiprocessing.process.BaseProcess]) -> None:
    """Kills what the start of an engine brings into the world, until that start has given up."""
    while not ended.wait(KILL_EVERY_SECONDS):
        for child in _engine_processes(others):
            child.kill()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes started inside do not see Ctrl-C, so the run can end in order before its engine does."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Importing makes many objects and no garbage: a tenth of the time goes without a search for it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """vLLM reports even its own orderly end as an error."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _log_vllm_to(handler: logging.Handler) -> None:
    """What vLLM says in this process goes there; its own handler would write to the terminal."""
    logger = logging.getLogger("vllm")
    for before in logger.handlers:
        before.close()
    logger.handlers = [handler]
    logger.propagate = False
