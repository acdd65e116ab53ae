"""What the framework costs: tokens a second of a recorded run against raw `LLM.chat` on the same prompts.

    python benchmarks/throughput.py RUN        RUN is a folder with a finished `solve --architecture baseline`

The raw side gets the very requests of the log (messages, prefill, budget, stops, seed) in one call of
vLLM's offline `LLM.chat`, with the same engine settings and all problems in flight; loading the model is not
timed. Compare runs of one sitting on one machine only. Batching changes the number of tokens a little, so
rates are compared.
"""

import json
import os
import sys
import time
from pathlib import Path

from events import LOG_NAME, GenerationCompleted, GenerationRequested, LogReader
from fractal_agent.engines.vllm_settings import (
    engine_settings,
    environment,
    has_bfloat16,
    is_cpu_build,
    kv_cache_size,
)
from fractal_agent.models import resolve


def recorded(folder: Path) -> tuple[str, list[GenerationRequested], int, float]:
    """The run's model, its requests, the tokens of its answers, and the seconds from first to last."""
    model, requests, tokens, times = "", [], 0, []
    for entry in LogReader(folder / LOG_NAME):
        match entry.event:
            case GenerationRequested() as request:
                requests.append(request)
                times.append(entry.at)
            case GenerationCompleted(completion_tokens=written):
                tokens += written
                times.append(entry.at)
            case started if entry.seq == 0:
                model = started.settings.model  # type: ignore[union-attr]  # the first line is the header
    return model, requests, tokens, max(times) - min(times)


def raw(model: str, requests: list[GenerationRequested]) -> tuple[int, float]:
    """Tokens written and seconds taken by one call of `LLM.chat`."""
    cpu = is_cpu_build()
    cores = sorted(os.sched_getaffinity(0)) if cpu else []
    folder = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - only sockets, and the user may choose
    os.environ.update(
        {k: v for k, v in environment(cores=cores, folder=folder).items() if k not in os.environ}
    )
    from vllm import LLM, SamplingParams

    chosen = engine_settings(cpu=cpu, bfloat16=has_bfloat16(), kv_cache=kv_cache_size(len(requests)))
    source = resolve(model, lambda step: None)
    llm = LLM(model=str(source.folder), disable_log_stats=True, **chosen)
    chats = [
        [{"role": m.role, "content": m.content} for m in request.messages]
        + [{"role": "assistant", "content": request.prefill}]
        for request in requests
    ]
    sampling = [
        SamplingParams(max_tokens=r.max_tokens, temperature=r.temperature, stop=list(r.stop), seed=r.seed)
        for r in requests
    ]
    began = time.monotonic()
    answers = llm.chat(
        chats, sampling, use_tqdm=False, add_generation_prompt=False, continue_final_message=True
    )
    seconds = time.monotonic() - began
    return sum(len(answer.outputs[0].token_ids) for answer in answers), seconds


def main() -> None:
    model, requests, ours, took = recorded(Path(sys.argv[1]))
    theirs, seconds = raw(model, requests)
    report = {
        "requests": len(requests),
        "solve": {"tokens": ours, "seconds": round(took, 1), "tokens_per_second": round(ours / took, 2)},
        "raw": {
            "tokens": theirs,
            "seconds": round(seconds, 1),
            "tokens_per_second": round(theirs / seconds, 2),
        },
        "ratio": round((ours / took) / (theirs / seconds), 3),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
