"""What a user waits for: `--help`, and the replay and the resume of a run of all of HumanEval."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from measure import Row

from events import LOG_NAME

RUN = "repair"


def starting(rounds: int, scale: float, within: Path, python: Path) -> list[Row]:
    """`python` is an interpreter in which the project is installed, with all that it needs."""
    cases = ["--limit", str(int(164 * scale))] if scale < 1 else []
    runs = within / "runs"
    if not runs.exists():
        solve = [
            "solve",
            "--engine",
            "scripted",
            "--architecture",
            "repair",
            "--dataset",
            "humaneval",
            *cases,
        ]
        command(python, runs, [*solve, "--run-id", RUN])
    nothing, help_, replay, resume = [], [], [], []
    for _ in range(rounds):
        nothing.append(min(seconds([str(python), "-c", "pass"]) for _ in range(3)))
        help_.append(min(command(python, runs, ["--help"]) for _ in range(3)))
        replay.append(command(python, runs, ["replay", RUN]))
        resume.append(command(python, runs, ["resume", RUN]))
    half = half_of(runs)
    section = (
        f"Start-up, and a run of {int(164 * min(scale, 1))} cases; --help / python -c pass, else seconds"
    )
    return [
        row(section, "python -c pass", nothing),
        row(
            section,
            "--help",
            help_,
            [one / other for one, other in zip(help_, nothing, strict=True)],
            "<= 14",
        ),
        row(section, "replay", replay, replay, "<= 3.0"),
        row(section, "resume of the completed run", resume, resume),
        row(section, "resume of its first half (once)", [command(python, runs, ["resume", half])]),
    ]


def row(section: str, name: str, times: list[float], ratios: list[float] | None = None, bar: str = "") -> Row:
    return Row(
        section=section, name=name, unit="s", figures=tuple(times), ratios=tuple(ratios or ()), bar=bar
    )


def half_of(runs: Path) -> str:
    """A run that was killed half-way: the first half of the lines."""
    name = f"{RUN}-half"
    shutil.rmtree(runs / name, ignore_errors=True)
    (runs / name).mkdir()
    lines = (runs / RUN / LOG_NAME).read_bytes().splitlines(keepends=True)
    (runs / name / LOG_NAME).write_bytes(b"".join(lines[: len(lines) // 2]))
    return name


def command(python: Path, runs: Path, arguments: list[str]) -> float:
    """Seconds that the project's command took."""
    return seconds([str(python), "-m", "fractal_agent", *arguments], runs)


def seconds(words: list[str], runs: Path | None = None) -> float:
    environment = {**os.environ, "FRACTAL_AGENT_RUNS_DIR": str(runs)} if runs else None
    began = time.perf_counter()
    subprocess.run(words, check=False, capture_output=True, env=environment)
    return time.perf_counter() - began
