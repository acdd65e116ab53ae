"""What every engine promises, checked on each: scripted, a server with and without prefill, vLLM."""

import gc
import multiprocessing
import os
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing.popen_spawn_posix import Popen
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import msgspec
import pytest
import pytest_asyncio

from events import GenerationRequested, Message
from fractal_agent.config import DEFAULT_MODEL
from fractal_agent.engines import Engine, EngineFailed, RequestFailed
from fractal_agent.engines.fakes import FakeServer, Said, serving
from fractal_agent.engines.openai import OpenAIEngine
from fractal_agent.engines.scripted import ScriptedEngine
from fractal_agent.engines.vllm import VllmEngine
from fractal_agent.models import ModelError, ModelSource, resolve

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # vLLM leaves a ZeroMQ context to the collector, which is called here so that no later test hears of it.
    pytest.mark.filterwarnings("ignore:Unclosed context:ResourceWarning"),
]

COUNTING = "Count from 1 to 20, separated by commas and spaces. Give only the numbers."
COUNTED = "1, 2, 3,"
CANCELLATIONS = 1000


class Case(msgspec.Struct, frozen=True):
    """An engine under test and what a test has to know of it."""

    name: str
    engine: Engine
    prefills: bool
    """True when an answer goes on from the prefill."""
    many: int
    """How many requests in flight are many for it."""
    server: FakeServer | None = None


def asks(prompt: str, *, hangs: bool = False, **options: Any) -> GenerationRequested:
    """A request for a few words; `hangs` makes the engines that are not real wait for ever."""
    options = {"max_tokens": 16} | options
    content = f"{prompt} (hang)" if hangs else prompt
    return GenerationRequested(messages=(Message(role="user", content=content),), **options)


def say(prompt: str, prefill: str) -> str | Awaitable[str]:
    """What the engines that are not real answer."""
    if "(hang)" in prompt:
        return never()
    if "(think)" in prompt:
        return "<think>Hello or hi?</think>Hello."
    if "(fence)" in prompt:
        return "```\nA sketch.\n```\nThat is all."
    if COUNTING in prompt:
        counted = ", ".join(str(number) for number in range(1, 21))
        return counted.removeprefix(prefill) if prefill else counted
    return f" {prompt}"


async def never() -> str:
    await anyio.sleep_forever()
    raise AssertionError


def scripted_engine() -> ScriptedEngine:
    return ScriptedEngine(lambda request, path: say(request.messages[-1].content, request.prefill))


def served(request: dict[str, Any]) -> Said | Awaitable[Said]:
    *_, last = request["messages"]
    if "(refuse)" in last["content"]:
        return 400, {"error": {"message": "out of the question"}}
    prompts = [message["content"] for message in request["messages"] if message["role"] == "user"]
    return say(prompts[-1], last["content"] if last["role"] == "assistant" else "")


def default_model() -> ModelSource:
    try:
        return resolve(DEFAULT_MODEL, lambda step: None)
    except ModelError as error:
        pytest.skip(f"the weights are not here: {error}")


@pytest.fixture
def vllm_rubbish() -> Iterator[None]:
    yield
    gc.collect()


@asynccontextmanager
async def opened(name: str, folder: Path) -> AsyncIterator[Case]:
    async with AsyncExitStack() as stack:
        if name == "scripted":
            engine: Engine = await stack.enter_async_context(scripted_engine())
            yield Case(name, engine, True, 64)
        elif name == "vllm":
            vllm = VllmEngine(default_model(), log=folder / "engine.log", cases=1)
            yield Case(name, await stack.enter_async_context(vllm), True, 8)
        else:
            owner = "vllm" if name == "vllm server" else "someone"
            server = await stack.enter_async_context(serving(FakeServer(served, owned_by=owner)))
            client = OpenAIEngine("fake", base_url=server.url, api_key="none")
            yield Case(name, await stack.enter_async_context(client), owner == "vllm", 64, server)


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[
        "scripted",
        "plain server",
        "vllm server",
        pytest.param("vllm", marks=[pytest.mark.real, pytest.mark.slow]),
    ],
)
async def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Case]:
    async with opened(request.param, tmp_path_factory.mktemp("engine")) as case:
        yield case
    if request.param == "vllm":
        gc.collect()


async def test_answer(case: Case) -> None:
    """An answer has text, and tells how many tokens were read and written."""
    answer = await case.engine.generate(asks("Say hello.", max_tokens=4), "case/planner.0/generate.0")

    assert answer.text.strip()
    assert answer.prompt_tokens > 0
    assert 0 < answer.completion_tokens <= 4
    assert not answer.uncounted
    assert answer.dropped == ()


async def test_prefill(case: Case) -> None:
    """An answer begins with the prefill and goes on from it, where the engine can set one."""
    answer = await case.engine.generate(
        asks(COUNTING, prefill=COUNTED, max_tokens=8), "case/coder.0/generate.0"
    )

    text = answer.text if case.prefills else COUNTED + answer.text.removeprefix(COUNTED)
    assert text.startswith(f"{COUNTED} 4, 5")


async def test_stop_string(case: Case) -> None:
    """Generation ends before the first stop string, however many there are."""
    stops = ("nowhere", "never", "nothing", "none", "7", "9")
    prefill = COUNTED if case.prefills else ""

    answer = await case.engine.generate(
        asks(COUNTING, prefill=prefill, stop=stops, max_tokens=40), "case/coder.1/generate.0"
    )

    assert "6" in answer.text
    assert "7" not in answer.text
    assert answer.finish_reason == "stop"


async def test_stops_presume_the_prefill(case: Case) -> None:
    """A stop string ends an answer that begins with the prefill, and no other."""
    answer = await case.engine.generate(
        asks(COUNTING, prefill=COUNTED, stop=("7",), max_tokens=40), "case/coder.10/generate.0"
    )

    assert ("7" in answer.text) == (not case.prefills)


async def test_thinking(case: Case) -> None:
    """What a model thinks before it answers is recorded and is no part of the answer."""
    if case.name == "vllm":
        pytest.skip("its model does not think")
    answer = await case.engine.generate(asks("Say hello. (think)", max_tokens=40), "case/coder.11/generate.0")

    assert (answer.reasoning, answer.text, answer.finish_reason) == ("Hello or hi?", "Hello.", "stop")


async def test_thinking_cut_off(case: Case) -> None:
    """A budget that ends while the model thinks leaves an empty answer that says so."""
    if case.name == "vllm":
        pytest.skip("its model does not think")
    answer = await case.engine.generate(asks("Say hello. (think)", max_tokens=2), "case/coder.12/generate.0")

    assert (answer.text, answer.finish_reason) == ("", "length")
    assert answer.reasoning


async def test_answer_that_begins_with_a_stop(case: Case) -> None:
    """Without a prefill, a stop string at the very start of an answer does not empty it."""
    if case.name == "vllm":
        pytest.skip("its model cannot be told how to begin")
    answer = await case.engine.generate(
        asks("Sketch it. (fence)", stop=("```",), max_tokens=40), "case/coder.13/generate.0"
    )

    assert answer.text.strip() == "```\nA sketch."


async def test_token_budget(case: Case) -> None:
    """An answer that the budget cuts off says so and has no more tokens than that."""
    answer = await case.engine.generate(asks(COUNTING, max_tokens=3), "case/coder.2/generate.0")

    assert answer.finish_reason == "length"
    assert 0 < answer.completion_tokens <= 3


async def test_many_seeded_samples_at_once(case: Case) -> None:
    """Seeded samples in flight together are all answered, long prompts and short ones."""
    answers = {}

    async def ask(number: int) -> None:
        request = asks(
            "Tell me a number. " * (1 + number % 4 * 10),
            temperature=0.8,
            top_p=0.95,
            seed=number,
            max_tokens=4,
        )
        answers[number] = await case.engine.generate(request, f"case/draft-{number}/coder.0/generate.0")

    async with anyio.create_task_group() as tasks:
        for number in range(case.many):
            tasks.start_soon(ask, number)

    assert set(answers) == set(range(case.many))
    assert all(answer.finish_reason != "refused" for answer in answers.values())


async def test_same_path_twice(case: Case) -> None:
    """Two requests under one path, in flight together, are two requests."""
    answers = []

    async def ask() -> None:
        answers.append(
            await case.engine.generate(asks("Say hello.", max_tokens=2), "case/coder.9/generate.0")
        )

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        tasks.start_soon(ask)

    assert len(answers) == 2


async def test_prompt_beyond_the_context(case: Case) -> None:
    """A prompt that does not fit is an answer that says why, and the engine goes on."""
    answer = await case.engine.generate(asks("word " * 5000), "case/coder.3/generate.0")

    assert (answer.text, answer.finish_reason) == ("", "refused")
    assert "4096" in answer.error or "4095" in answer.error
    assert (await case.engine.generate(asks("Say hello.", max_tokens=1), "case/coder.4/generate.0")).text


async def test_parameter_out_of_range(case: Case) -> None:
    """A request that makes no sense never ends the engine: it is answered or refused."""
    answer = await case.engine.generate(
        asks("Say hello.", top_p=7.0, temperature=1.0), "case/coder.5/generate.0"
    )

    assert answer.finish_reason == "refused" or case.name != "vllm"


async def test_request_that_fails_alone(case: Case) -> None:
    """A request that a server cannot answer fails alone, and the engine goes on."""
    if case.server is None:
        pytest.skip("only a server refuses some requests for a reason of its own")

    with pytest.raises(RequestFailed, match="out of the question"):
        await case.engine.generate(asks("Say hello. (refuse)"), "case/coder.14/generate.0")
    assert (await case.engine.generate(asks("Say hello.", max_tokens=1), "case/coder.15/generate.0")).text


async def test_text_of_all_kinds(case: Case) -> None:
    """A prompt and a prefill may hold quotes, other scripts and control characters."""
    request = asks('"é" 日本 \u2028 \x01 <|im_end|>', prefill='```python\n"""é', max_tokens=2)

    answer = await case.engine.generate(request, "case/coder.6/generate.0")

    assert answer.finish_reason in {"stop", "length"}


async def test_cancellations_leave_nothing(case: Case) -> None:
    """After a thousand requests that were cancelled at any moment, the engine is idle and answers."""

    async def ask(number: int) -> None:
        with anyio.CancelScope() as scope:
            tasks.start_soon(cancel_after, scope, number % 5)
            await case.engine.generate(asks("Say hello.", hangs=True, max_tokens=2), f"case/coder.7/{number}")

    async def cancel_after(scope: anyio.CancelScope, turns: int) -> None:
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    for start in range(0, CANCELLATIONS, 100):
        async with anyio.create_task_group() as tasks:
            for number in range(start, start + 100):
                tasks.start_soon(ask, number)

    if isinstance(case.engine, VllmEngine):
        assert case.engine._engine.get_num_unfinished_requests() == 0
    if case.server:
        with anyio.fail_after(10):
            await case.server.idle.wait()
    assert (await case.engine.generate(asks("Say hello.", max_tokens=1), "case/coder.8/generate.0")).text


async def test_account_of_itself(case: Case) -> None:
    """An engine says where its model comes from and how it is set."""
    assert case.engine.info.model_origin
    assert case.engine.info.settings
    assert bool(case.engine.info.model_digest) == (case.name == "vllm")
    assert case.name != "vllm" or case.engine.info.settings.keys() >= {"device", "dtype"}


@pytest.mark.parametrize("name", ["scripted", "plain server", "vllm server"])
async def test_closing(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An engine that is closed twice, with a request under way, prints nothing."""
    async with opened(name, tmp_path) as case, anyio.create_task_group() as tasks:
        tasks.start_soon(case.engine.generate, asks("Wait.", hangs=True), "case/coder.0/generate.0")
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    await case.engine.__aexit__(None, None, None)  # type: ignore[attr-defined]  # every engine here has it

    assert capfd.readouterr() == ("", "")


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("vllm_rubbish")
async def test_killed_engine_process(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """When vLLM's process is killed, requests under way and later ones fail, nothing is left or printed."""
    before = multiprocessing.active_children()
    async with opened("vllm", tmp_path) as case:
        [process] = [child for child in multiprocessing.active_children() if child not in before]
        failures = []

        async def ask(number: int) -> None:
            with pytest.raises(EngineFailed) as failure:
                await case.engine.generate(asks(COUNTING, max_tokens=2000), f"case/coder.{number}")
            failures.append(failure.value)

        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(ask, number)
            await case.engine.generate(asks("Say hello.", max_tokens=1), "case/planner.0")
            process.kill()
        with anyio.fail_after(5):
            await ask(4)

    assert sorted(failure.path for failure in failures) == [f"case/coder.{n}" for n in (0, 1, 2, 4)]
    assert "engine.log" in str(failures[0])
    assert multiprocessing.active_children() == before
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid or 0, 0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("vllm_rubbish")
async def test_cancelled_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that is cancelled while vLLM's process loads ends soon, without a process or a word."""
    before = multiprocessing.active_children()
    started = anyio.Event()
    start = Popen.__init__

    def start_and_tell(popen: Popen, process: Any) -> None:
        start(popen, process)
        anyio.from_thread.run_sync(started.set)

    monkeypatch.setattr(Popen, "__init__", start_and_tell)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(enter_and_leave, "vllm", tmp_path)
        await started.wait()
        tasks.cancel_scope.cancel()

    assert multiprocessing.active_children() == before
    assert capfd.readouterr() == ("", "")


async def enter_and_leave(name: str, folder: Path) -> None:
    async with opened(name, folder):
        pass
