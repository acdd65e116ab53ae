"""Commands without a home, a working folder, or a place that takes files: one sentence each, no traceback."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fractal_agent.commands.running import check_engine
from fractal_agent.engines.servers import UnknownEngine
from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import Place, Printed

ROOT = Path(__file__).parents[3]

IN_A_FOLDER_THAT_IS_GONE = 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"'


def without_folder(place: Place, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a working folder that has been removed."""
    command = [sys.executable, "-m", "fractal_agent", *map(str, arguments)]
    return subprocess.run(
        ["/bin/sh", "-c", IN_A_FOLDER_THAT_IS_GONE, str(place.folder / "gone"), *command],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["runs"],
        ["show", "latest"],
        ["experiment", "--report", "--out", "cells"],
        ["solve", "--engine", "scripted", "--limit", "1"],
        ["exec", "program.py", "--tests", "tests.py"],
        ["roles", "--plugin", "plugin.py"],
    ],
)
def test_relative_paths_without_a_working_folder(place: Place, arguments: list[str]) -> None:
    """What would be looked up in a working folder that is gone leads to one sentence that says so."""
    done = without_folder(place, *arguments)

    assert done.returncode in (Exit.FAILED, Exit.USAGE)
    assert "Traceback" not in done.stderr
    assert "The working folder is gone or cannot be read: change into another one." in done.stderr


def test_full_paths_without_a_working_folder(place: Place) -> None:
    """With full paths a command needs no working folder."""
    solved = without_folder(place, *place.solving("--run-id", "one"))
    shown = without_folder(place, "show", place.runs / "one", "T/0")

    assert (solved.returncode, shown.returncode) == (Exit.DONE, Exit.DONE)


PLACES = ("FILE", "FILE/below", "/proc/nothing")


@pytest.mark.parametrize("where", PLACES)
def test_runs_that_cannot_be_written(place: Place, call: Callable[..., Printed], where: str) -> None:
    """Where no run can be written, that is said with the place, before anything is run."""
    folder = where.replace("FILE", str(place.script))
    printed = call(*place.solving("--run-id", "one", "--runs-dir", folder))

    assert printed.code == Exit.USAGE
    assert f"error: {folder}/one: no run can be written here (" in printed.err
    assert "--runs-dir" in printed.err


@pytest.mark.parametrize(
    "command", ["runs", "show latest", "resume one", "fork one", "verify one", "export one --to parquet"]
)
def test_runs_that_are_a_file(place: Place, call: Callable[..., Printed], command: str) -> None:
    """A file in the place of the folder of runs is told as one, not as a folder without runs."""
    printed = call(*command.split(), "--runs-dir", place.script)

    assert printed.code == Exit.USAGE
    problem = f"{place.script}: no runs can be looked for here (Not a directory)"
    assert printed.err == f"error: {problem}. Choose another folder.\n"


@pytest.mark.parametrize("where", PLACES)
def test_experiment_that_cannot_be_written(place: Place, call: Callable[..., Printed], where: str) -> None:
    """`--out` on a file, below one, or where no folder can be made is one sentence."""
    folder = where.replace("FILE", str(place.script))
    printed = call(*place.comparing("--out", folder))

    assert printed.code == Exit.USAGE
    assert printed.err.splitlines()[-1].startswith(f"error: {folder}: no cells can be kept here (")
    assert place.script.is_file()


def test_report_that_cannot_be_written(place: Place, call: Callable[..., Printed]) -> None:
    """A report for which there is no place is printed all the same; then follows why it was not written."""
    call(*place.comparing())
    (place.cells / "report.md").unlink()
    (place.cells / "report.md").mkdir()
    printed = call("experiment", "--report", "--out", place.cells)

    assert printed.code == Exit.FAILED
    assert "66.7%" in printed.out
    assert printed.err == f"error: {place.cells}: the report cannot be written here (Is a directory).\n"
    assert not list(place.cells.glob(".*"))


UNREACHABLE = ("--engine", "openai", "--base-url", "http://127.0.0.1:9/v1", "--model", "m")


def test_failed_start_leaves_nothing(place: Place, call: Callable[..., Printed]) -> None:
    """An engine that cannot be started leaves no folder, no lock and no log behind."""
    arguments = ["solve", "--dataset", place.dataset, "--runs-dir", place.runs / "new", "--run-id", "one"]
    printed = call(*arguments, *UNREACHABLE)

    assert printed.code == Exit.FAILED
    assert not place.runs.exists()


def test_failed_start_keeps_what_was_there(place: Place, call: Callable[..., Printed]) -> None:
    """A folder that was there before stays, with what is in it."""
    (place.runs / "one").mkdir(parents=True)
    (place.runs / "one" / "note.txt").touch()
    arguments = ["solve", "--dataset", place.dataset, "--runs-dir", place.runs, "--run-id", "one"]
    call(*arguments, *UNREACHABLE)

    assert [path.name for path in (place.runs / "one").iterdir()] == ["note.txt"]


def test_failed_start_of_an_experiment(place: Place, call: Callable[..., Printed]) -> None:
    """Nor does an experiment leave an empty folder."""
    arguments = ["experiment", "--dataset", place.dataset, "--out", place.cells / "first"]
    printed = call(*arguments, *UNREACHABLE[:-2], "--models", "m")

    assert printed.code == Exit.FAILED
    assert not place.cells.exists()


def test_missing_line_of_a_script(place: Place, call: Callable[..., Printed]) -> None:
    """A script that cannot be read is an error of usage, as an option's value is."""
    place.script.write_text("no JSON\n")
    printed = call(*place.solving())

    assert printed.code == Exit.USAGE
    assert not place.runs.exists()


@pytest.mark.parametrize("run_id", ["", " ", "latest", "../up", "-x", ".hidden", "a/b", "x" * 101, "é"])
def test_odd_run_ids(place: Place, call: Callable[..., Printed], run_id: str) -> None:
    """A run id that can be no folder's name is refused, the empty one too."""
    printed = call(*place.solving(f"--run-id={run_id}"))

    assert printed.code == Exit.USAGE
    assert "expected 1 to 100 letters, digits, dots, dashes or underscores" in printed.err


@pytest.mark.parametrize("run", ["x" * 300, "tasks.jsonl", "answers.jsonl/log.jsonl", "a\nb", ""])
def test_odd_runs(
    place: Place, call: Callable[..., Printed], run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no run is told in one sentence, however long or odd it is."""
    monkeypatch.chdir(place.folder)
    printed = call("show", run, "--runs-dir", place.runs)

    assert printed.code == Exit.USAGE
    assert printed.err.startswith("error: ")


def test_engines_known_by_another_name() -> None:
    """A server that speaks the protocol is named with what to type for it, not with a name alike."""
    for name, advice in (
        ("ollama", "--engine openai --base-url http://localhost:11434/v1 "),
        ("LM Studio", "--engine openai --base-url http://localhost:1234/v1 "),
        ("llama.cpp", "--engine openai --base-url http://localhost:8080/v1 "),
        (
            "OpenRouter",
            "--engine openai --base-url https://openrouter.ai/api/v1, and its key in $OPENAI_API_KEY",
        ),
        ("vLLM", "--engine vllm"),
        ("vlm", "did you mean vllm?"),
    ):
        with pytest.raises(UnknownEngine) as unknown:
            check_engine(name, base_url=None, script=None)
        assert advice in str(unknown.value)


def test_advice_of_the_installed_command(place: Place) -> None:
    """Started as `fractal-agent`, every command that is advised is written so."""
    code = "import sys; from fractal_agent.cli import main; main()"
    command = [sys.executable, "-c", code]

    def advised(*arguments: object) -> str:
        asked = ["fractal-agent", *map(str, arguments)]
        renamed = f"import sys; sys.argv = {asked!r}; " + code
        done = subprocess.run([*command[:-1], renamed], capture_output=True, text=True, cwd=ROOT, check=False)
        return done.stdout + done.stderr

    place.runs.mkdir()
    (place.runs / "one").mkdir()
    (place.runs / "one" / "log.jsonl").write_bytes(b"\xef\xbb\xbf{}")
    told = advised("runs", "--runs-dir", place.folder / "none") + advised("show", place.runs / "one")

    assert "fractal-agent solve --limit 10" in told
    assert "`fractal-agent salvage " in told
    assert "python -m" not in told


@pytest.mark.parametrize(
    "variables",
    [
        {"COLUMNS": "abc"},
        {"COLUMNS": "²"},
        {"LINES": "9" * 5000},
        {"PYTHONWARNINGS": "error"},
        {"OMP_NUM_THREADS": "x"},
        {"FRACTAL_AGENT_RUNS_DIR": ""},
        {"FRACTAL_AGENT_DATA": "\udcff"},
        {"TERM": ""},
    ],
)
def test_nonsense_in_the_environment(solved: Place, variables: Mapping[str, str]) -> None:
    """A variable with a value that means nothing changes nothing."""
    command = [sys.executable, "-m", "fractal_agent", "runs", "--runs-dir", str(solved.runs)]
    usual, odd = (
        subprocess.run(command, capture_output=True, env=environment, cwd=ROOT, check=False)
        for environment in (os.environ, {**os.environ, **variables})
    )

    assert (odd.returncode, odd.stdout, odd.stderr) == (Exit.DONE, usual.stdout, b"")
