"""What every command prints where: tables, the operator's log, the help; and what it imports for that."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fractal_agent.cli import app
from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import Place, Printed, started


def test_wide_tables(place: Place, call: Callable[..., Printed]) -> None:
    """Without a terminal nothing is cut or wrapped, however long a name is."""
    name = "n" * 100
    call(*place.solving("--run-id", name, "--limit", "1"))

    listed = call("runs", "--runs-dir", place.runs).out
    shown = call("show", place.runs / name).out

    assert re.search(rf"^ *{name} .* completed *$", listed, re.MULTILINE)
    assert re.search(rf"^log +{re.escape(str(place.log(name)))} *$", shown, re.MULTILINE)
    assert "…" not in listed + shown


def test_closed_pipe(solved: Place) -> None:
    """A reader that has seen enough ends the command quietly."""
    with started("show", solved.runs / "done", "T/0") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()

        assert process.stderr.read() == ""


def test_operators_log(place: Place, call: Callable[..., Printed]) -> None:
    """With -v the run tells on stderr what it does; without it is silent on that."""
    told = call("-v", *place.solving("--limit", "1", "--json"))
    silent = call(*place.solving("--limit", "1", "--json"))

    assert re.search(r"engine started .*run=\S*direct .*seconds=", told.err)
    assert re.search(r"case graded .*outcome=passed path=T/0/grade.0", told.err)
    assert told.document["graded"] == 1
    assert "engine started" not in silent.err


def test_operators_log_as_json(place: Place, call: Callable[..., Printed]) -> None:
    """With --log-json each of those lines is a JSON object."""
    told = call("-v", "--log-json", *place.solving("--limit", "1", "--run-id", "one"))

    lines = [json.loads(line) for line in told.err.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines] == [
        "engine started",
        "case graded",
        "log sealed",
        "engine stopped",
    ]
    assert all(line["level"] == "info" and line["run"] == "one" for line in lines)


COMMANDS = [command.callback.__name__ for command in app.registered_commands if command.callback]


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)])
def test_help(call: Callable[..., Printed], arguments: list[str]) -> None:
    """Each command has a help that begins with how it is used and says what it does."""
    printed = call(*arguments, "--help")

    assert printed.code == Exit.DONE
    assert printed.out.startswith(f"Usage: python -m fractal_agent {' '.join(arguments)}".rstrip())
    assert not arguments or f"For example:\n    {arguments[0]}" in printed.out
    assert "..." not in printed.out.replace("[ARGS]...", "").replace("...]", "")


def test_no_arguments(call: Callable[..., Printed]) -> None:
    """Without arguments the help is shown."""
    assert "Commands:" in "".join(call().out + call().err)


def test_version(call: Callable[..., Printed]) -> None:
    """The version is one line."""
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", call("--version").out)


HEAVY = ("torch", "vllm", "transformers", "openai", "structlog")
TOLD = f"import sys; print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"


@pytest.mark.parametrize(
    "arguments", ["--help", "solve --help", "replay RUN", "show RUN", "show RUN T/0", "runs"]
)
def test_cold_start(solved: Place, arguments: str) -> None:
    """What needs no model imports nothing that belongs to one."""
    words = [str(solved.runs / "done") if word == "RUN" else word for word in arguments.split()]
    code = f"from fractal_agent.cli import run; code = run({words!r}); {TOLD}; raise SystemExit(code)"
    root = Path(__file__).parents[3]

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)

    assert done.stderr == "[]\n"
