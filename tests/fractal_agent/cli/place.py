"""A place to call the command line in."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from events import LOG_NAME

PLUGIN = '''
import sys
from pathlib import Path

import anyio

from agents.context import Context
from agents.role import role
from events import CodeWritten, Message, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture

PROMPT = "Write it."


@role
async def writer(problem: ProblemPosed, ctx: Context) -> CodeWritten:
    """Writes what the engine says."""
    answer = await ctx.generate([Message(role="user", content=PROMPT)])
    return CodeWritten(problem=problem, code=answer.text)


@architecture
async def direct(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Writer alone."""
    return await stage.ask(writer, problem)


@architecture
async def waiting(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Writer alone; stays at its second problem until there is a file named go."""
    written = await stage.ask(writer, problem)
    if problem.task_id == "T/1" and not Path(__file__).with_name("go").exists():
        print("waiting", file=sys.stderr, flush=True)
        await anyio.sleep_forever()
    return written
'''


class Printed(msgspec.Struct, frozen=True):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Place:
    """A folder with a plug-in, a dataset of three problems, a script that solves two, and runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = folder / "runs"
        self.cells = folder / "cells"
        self.plugin = folder / "plugin.py"
        self.plugin.write_text(PLUGIN)
        self.dataset = folder / "tasks.jsonl"
        self.dataset.write_text("".join(json.dumps(task(number)) + "\n" for number in range(3)))
        self.script = folder / "answers.jsonl"
        self.answer({"T/0/*": right(0), "T/1/*": wrong(1), "T/2/*": right(2)})

    def answer(self, answers: dict[str, str]) -> None:
        lines = [json.dumps({"path": path, "text": text}) for path, text in answers.items()]
        self.script.write_text("\n".join(lines))

    def solving(self, *options: str, architecture: str = "direct") -> list[str]:
        """The arguments of a scripted run here; what comes later wins."""
        own = ["--runs-dir", str(self.runs), "--architecture", architecture]
        return ["solve", *self._here(), *own, *options]

    def comparing(self, *options: str, architectures: str = "direct") -> list[str]:
        """The arguments of a scripted experiment here, one case at a time; its cells lie in `cells`."""
        own = ["--out", str(self.cells), "--architectures", architectures, "--concurrency", "1"]
        return ["experiment", *self._here(), *own, *options]

    def _here(self) -> list[str]:
        scripted = ["--engine", "scripted", "--script", str(self.script)]
        return ["--dataset", str(self.dataset), *scripted, "--plugin", str(self.plugin)]

    def log(self, run_id: str) -> Path:
        return self.runs / run_id / LOG_NAME


def task(number: int) -> dict[str, str]:
    name = f"f{number}"
    return {
        "task_id": f"T/{number}",
        "prompt": f'def {name}(x):\n    """Adds {number}.\n\n    >>> {name}(1)\n    {number + 1}\n    """\n',
        "entry_point": name,
        "canonical_solution": f"    return x + {number}\n",
        "test": f"def check(candidate):\n    assert candidate(1) == {number + 1}\n",
    }


def right(number: int) -> str:
    return f"def f{number}(x):\n    return x + {number}\n"


def wrong(number: int) -> str:
    return f"def f{number}(x):\n    return x\n"


def started(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fractal_agent", *(str(argument) for argument in arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    root = Path(__file__).parents[3]
    return subprocess.Popen(command, **pipes | {"cwd": root} | options)
