"""What would have saved a failed problem: another choice among its answers, or another reading of one?

    python benchmarks/headroom.py results/humaneval-0.5b.tar.xz ...

Of recorded runs, with no model. Each answer of a failed problem is read as the project reads it, and graded
by the problem's hidden tests; where all fail, they are read anew by rules that know nothing of the project's
own: as they stand, as each fenced block, as the longest beginning that parses, as the function alone, as a
continuation of the prompt. A problem whose tests one of its answers passes is what a better choice could
still win, an oracle's pass@k; one that passes only as another rule reads it was lost to the extraction.
"""

import argparse
import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

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
    found = list(re.finditer(rf"^def {re.escape(entry_point)}\(", source, re.MULTILINE))
    if not found:
        return ""
    first, *rest = source[found[-1].start() :].split("\n")
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


class Headroom(NamedTuple):
    """Of one failed problem, or of several together."""

    by_choice: int = 0
    """Problems whose tests one of the answers passes."""
    answers: int = 0
    """Of the other problems: what was read anew."""
    programs: int = 0
    """Other programs that came of it."""
    by_reading: int = 0
    """Problems whose tests no answer passes but as another rule reads it."""

    def and_also(self, other: "Headroom") -> "Headroom":
        return Headroom(*(one + more for one, more in zip(self, other, strict=True)))


async def headroom(case: CaseStory, task: Task, sandbox: Sandbox) -> Headroom:
    """Grades the answers of a failed problem, each as we read it, and the failing ones as others might."""
    problem, texts = case.problem, answers(case)

    async def one_passes(programs: set[str]) -> bool:
        for program in sorted(programs):
            graded = await sandbox.grade(program, problem.entry_point, task.hidden_tests, problem.prompt)
            if graded.outcome == "passed":
                return True
        return False

    ours = {code_of(text, problem) for text in texts}
    if await one_passes(ours):
        return Headroom(by_choice=1)
    others = {
        program for text in texts for program in read_otherwise(text, problem.prompt, problem.entry_point)
    } - {*ours, ""}
    return Headroom(answers=len(texts), programs=len(others), by_reading=int(await one_passes(others)))


@cache
def tasks_of(dataset: str) -> dict[str, Task]:
    """The data set's problems by id."""
    return {task.problem.task_id: task for task in load(dataset)}


async def tell(archive: Path, folder: Path) -> None:
    """One line for each cell of the archive."""
    async with open_sandbox(concurrency=1) as sandbox:
        for log in sorted(unpack(archive, folder).glob(f"*/{LOG_NAME}")):
            timeline = Timeline.of(LogReader(log))
            assert timeline.started is not None
            tasks = tasks_of(timeline.started.settings.dataset)
            cases = timeline.cases.values()
            failed = [case for case in cases if not case.passed]
            found = Headroom()
            for case in failed:
                found = found.and_also(await headroom(case, tasks[case.problem.task_id], sandbox))
            print(
                f"{log.parent.name}: {len(failed)} of {len(cases)} failed; another choice would have saved "
                f"{found.by_choice}, another reading {found.by_reading} "
                f"({found.answers} answers read as {found.programs} other programs)",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE", help="results/NAME.tar.xz")
    for archive in parser.parse_args().archives:
        with TemporaryDirectory() as folder:
            anyio.run(tell, archive, Path(folder))


if __name__ == "__main__":
    main()
