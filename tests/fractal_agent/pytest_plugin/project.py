"""A user's project with a recorded run of three cases, in which pytest can be run."""

import json
import shutil
from pathlib import Path

import pytest

from events import LOG_NAME

ROLES = '''
from agents.context import Context
from agents.role import role
from events import CodeWritten, Message, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture


@role
async def writer(problem: ProblemPosed, ctx: Context) -> CodeWritten:
    """Writes what the engine says; asks again where that is too short."""
    answer = await ctx.generate([Message(role="user", content=f"Write {problem.entry_point}.")])
    if len(answer.text) < 40:
        answer = await ctx.generate([Message(role="user", content="Write more.")])
    return CodeWritten(problem=problem, code=answer.text)


@architecture
async def direct(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Writer alone."""
    return await stage.ask(writer, problem)
'''

AGAIN, ANOTHER = '"Write more."', '"Write much more."'
"""What the role asks of T/1 alone."""

INI = """
[pytest]
fractal_agent_recordings = tests/recordings
fractal_agent_plugins = roles.py
"""

SHORT = "def f1(x):\n    return x\n"
LONG = "def f{0}(x):\n    # of the script\n    return x + {0}\n"
BETTER = "def f1(x):\n    # of the other script\n    return x + 1\n"


def task(number: int) -> dict[str, str]:
    name = f"f{number}"
    return {
        "task_id": f"T/{number}",
        "prompt": f'def {name}(x):\n    """Adds {number}."""\n',
        "entry_point": name,
        "canonical_solution": f"    return x + {number}\n",
        "test": f"def check(candidate):\n    assert candidate(1) == {number + 1}\n",
    }


def write_script(folder: Path, **answers: str) -> None:
    """The answers to what T/1 asks first and again, besides those that do not change."""
    texts = {"T/0/*": LONG.format(0), "T/1/*/generate.0": SHORT, "T/2/*": LONG.format(2)}
    lines = [{"path": path, "text": text} for path, text in texts.items()]
    lines += [{"contains": contains, "text": text} for contains, text in answers.items()]
    (folder / "answers.jsonl").write_text("\n".join(map(json.dumps, lines)))


class Project:
    """A user's project: the recorded folder, copied, in which pytest can be run."""

    def __init__(self, pytester: pytest.Pytester, recorded: Path) -> None:
        self.pytester = pytester
        self.folder = pytester.path
        shutil.copytree(recorded, self.folder, dirs_exist_ok=True)
        self.recordings = self.folder / "tests" / "recordings"
        self.log = self.recordings / "additions" / LOG_NAME

    def change(self, before: str, after: str) -> None:
        """Puts one text in the place of another in the roles."""
        roles = self.folder / "roles.py"
        assert before in roles.read_text()
        roles.write_text(roles.read_text().replace(before, after))

    def pytest(self, *arguments: str) -> pytest.RunResult:
        """A run with no other plug-in than this package's, by its entry point."""
        off = [f"-pno:{name}" for name in ("hypothesispytest", "asyncio", "anyio", "cacheprovider")]
        return self.pytester.runpytest_inprocess(*off, *arguments)
