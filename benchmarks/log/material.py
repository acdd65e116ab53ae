"""What every contender stores: a model's answer that takes 634 bytes as a line of our log."""

import json
from pathlib import Path
from typing import Any

import msgspec

from events import Event, GenerationCompleted, LogFile
from events.fakes import header

PATH = "HumanEval/12/draft-2/coder.0/generate.3"
_CODE = """\
def f(xs):
    \"\"\"Return the "sum" of squares
    >>> f([1, 2])
    5
    \"\"\"
    t = 0
    for x in xs:
        t += x * x
    return t
"""


def answers(count: int = 200) -> list[Event]:
    """So many answers, no two alike."""
    return [
        GenerationCompleted(
            text=(_CODE * 2)[:235],
            finish_reason="stop",
            prompt_tokens=512,
            completion_tokens=190,
            tokens_digest=f"{number:064x}",
        )
        for number in range(count)
    ]


def facts(event: Event) -> dict[str, Any]:
    """The same as a dict, with its path: what is stored where there is no envelope."""
    return {"path": PATH, **msgspec.to_builtins(event)}


def line_like() -> bytes:
    """As many bytes as a line of our log takes."""
    body = json.dumps(facts(answers(1)[0])).encode()
    return body.ljust(633, b" ") + b"\n"


def write_log(folder: Path, count: int) -> Path:
    """A log of so many lines, written once and kept."""
    path = folder / "log.jsonl"
    if not path.exists():
        log = LogFile.create(folder)
        log.stage("", header())
        events = answers()
        for seq in range(1, count):
            log.stage(PATH, events[seq % len(events)], seq - 1)
            if seq % 1000 == 0:
                log.commit()
        log.close()
    return path
