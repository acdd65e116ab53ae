"""Would another reading of the answers have saved a problem? Of recorded runs, with no model.

    python benchmarks/extraction.py results/humaneval-0.5b.tar.xz ...

Each failed problem's answers are read anew by rules that know nothing of the project's own: as they stand,
as each fenced block, as the longest text that parses, as the function alone, as a continuation of the
prompt. The programs that these give are graded by the problem's hidden tests. A problem is counted when one
of them passes and the project's own reading of the same answer does not.
"""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from agents.replies import code_of
from events import LOG_NAME, GenerationCompleted, LogReader
from fractal_agent.datasets import Task, load
from fractal_agent.sandbox import Sandbox, open_sandbox
from replay.timeline import CaseStory, Timeline
from results import unpack

WRITERS = ("coder", "sampler")
"""The roles whose answers hold a whole function. A snippet is no function, however it is read."""

_FENCED = re.compile(r"```(?:\w*)\n(.*?)(?:\n```|\Z)", re.DOTALL)


def read_otherwise(text: str, prompt: str, entry_point: str) -> Iterator[str]:
    """Programs that the answer may be taken for, by the simplest of rules; some of them twice."""
    blocks = _FENCED.findall(text)
    for source in (text, *blocks, "\n".join(blocks)):
        yield source
        yield _parsing(source)
        yield _function_alone(source, entry_point)
        yield f"{prompt.rstrip()}\n{source}"
        yield _parsing(f"{prompt.rstrip()}\n{source}")
        yield f"{prompt.rpartition('def ')[0]}\n{_parsing(source)}"


def _parsing(source: str) -> str:
    """The longest run of whole lines from the first that parses; empty when none does."""
    lines = source.split("\n")
    for end in range(len(lines), 0, -1):
        candidate = "\n".join(lines[:end])
        try:
            ast.parse(candidate)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return candidate
    return ""


def _function_alone(source: str, entry_point: str) -> str:
    """From the last definition of the entry point to the next line at the margin."""
    at = source.rfind(f"def {entry_point}")
    if at < 0:
        return ""
    first, *rest = source[at:].split("\n")
    body = []
    for line in rest:
        if line[:1].strip():
            break
        body.append(line)
    return "\n".join([first, *body])


def answers(case: CaseStory) -> list[str]:
    """What the model answered where a whole function was asked of it, the prefill before it."""
    return [
        entry.event.text
        for entry in case.entries
        if isinstance(entry.event, GenerationCompleted)
        and any(f"/{writer}." in entry.path for writer in WRITERS)
    ]


async def saved(case: CaseStory, task: Task, sandbox: Sandbox) -> tuple[int, bool]:
    """How many other programs were tried, and whether one passed where the project's own reading does not."""
    problem, tried = case.problem, 0

    async def passes(program: str) -> bool:
        graded = await sandbox.grade(program, problem.entry_point, task.hidden_tests, problem.prompt)
        return graded.outcome == "passed"

    for text in dict.fromkeys(answers(case)):
        own = code_of(text, problem)
        if await passes(own):
            continue
        others = set(read_otherwise(text, problem.prompt, problem.entry_point)) - {own, ""}
        tried += len(others)
        for program in sorted(others):
            if await passes(program):
                return tried, True
    return tried, False


async def count(archive: Path, folder: Path) -> None:
    """One line a cell of the archive."""
    async with open_sandbox(concurrency=1) as sandbox:
        for log in sorted(unpack(archive, folder).glob(f"*/{LOG_NAME}")):
            timeline = Timeline.of(LogReader(log))
            assert timeline.started is not None
            settings = timeline.started.settings
            tasks = {task.problem.task_id: task for task in load(settings.dataset)}
            failed = [case for case in timeline.cases.values() if not case.passed]
            programs, told = 0, []
            for case in failed:
                tried, passes = await saved(case, tasks[case.problem.task_id], sandbox)
                programs += tried
                told += [case.id] if passes else []
            asked = sum(len(answers(case)) for case in failed)
            print(
                f"{log.parent.name}: {len(failed)} failed, {asked} answers, "
                f"{programs} other programs; saved {len(told)} {' '.join(told)}".rstrip(),
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE", help="results/NAME.tar.xz")
    for archive in parser.parse_args().archives:
        with TemporaryDirectory() as folder:
            anyio.run(count, archive, Path(folder))


if __name__ == "__main__":
    main()
