"""Commands whose standard streams are closed, full, left by their readers, or of a narrow encoding."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from events import LOG_NAME, LogReader
from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import Place, right

ROOT = Path(__file__).parents[3]


def in_shell(redirection: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command with a redirection of the shell's own behind it."""
    command = [sys.executable, "-m", "fractal_agent", *arguments]
    return subprocess.run(
        ["/bin/bash", "-c", f'"$@" {redirection}', "bash", *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **variables},
        check=False,
    )


CLOSED = ["2>&-", ">&-", "<&-", "<&- >&- 2>&-", "2>/dev/full"]


@pytest.mark.parametrize("redirection", CLOSED)
def test_run_without_streams(place: Place, redirection: str) -> None:
    """A run whose streams are closed ends as with them, and its log holds nothing but lines of a log."""
    done = in_shell(redirection, *place.solving("--run-id", "one"))

    reader = LogReader(place.log("one"))
    assert done.returncode == Exit.DONE
    assert [line.seq for line in reader] == list(range(24))
    assert (reader.sealed, reader.torn) == (True, 0)
    assert sorted(file.name for file in place.log("one").parent.iterdir()) == ["lock", LOG_NAME]


@pytest.mark.parametrize("redirection", CLOSED)
def test_program_without_streams(tmp_path: Path, redirection: str) -> None:
    """A program is judged alike whichever streams are closed, and what it prints reaches no other file."""
    (tmp_path / "program.py").write_text("print('said')\ndef f(x):\n    print('more')\n    return x\n")
    (tmp_path / "tests.py").write_text("assert f(1) == 1\nassert f(2) == 3\n")
    asked = ("exec", str(tmp_path / "program.py"), "--tests", str(tmp_path / "tests.py"), "--json")

    done, usual = in_shell(redirection, *asked), in_shell("", *asked)

    assert done.returncode == usual.returncode == Exit.FAILED
    assert done.stdout == ("" if ">&-" in redirection.replace("2>&-", "") else usual.stdout)


@pytest.mark.parametrize(
    "command", ["show RUN", "runs --json", "--help", "--version", "export RUN --to otel-json"]
)
def test_full_device(solved: Place, command: str) -> None:
    """What cannot be printed is told on stderr in one sentence, and the command has failed."""
    words = [str(solved.runs / "done") if word == "RUN" else word for word in command.split()]
    output = ["--output", "-"] if words[0] == "export" else []

    done = in_shell(">/dev/full", *words, *output)

    assert done.returncode == Exit.FAILED
    assert done.stderr == "error: stdout: not everything could be written to it (No space left on device).\n"


def test_solving_onto_a_full_device(place: Place) -> None:
    """A run is recorded whole although its summary cannot be printed."""
    done = in_shell(">/dev/full", *place.solving("--run-id", "one"))

    reader = LogReader(place.log("one"))
    assert done.returncode == Exit.FAILED
    assert list(reader)
    assert reader.sealed


@pytest.mark.parametrize("stream", ["", "2>&1 "])
def test_reader_that_leaves(place: Place, stream: str) -> None:
    """A run whose reader has gone goes on to its end, quietly and with its own exit code."""
    done = in_shell(f"{stream}| exec true; exit ${{PIPESTATUS[0]}}", *place.solving("--run-id", "one"))

    reader = LogReader(place.log("one"))
    assert done.returncode == Exit.DONE
    assert list(reader)
    assert reader.sealed
    assert "Traceback" not in done.stderr


NARROW = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "ascii:strict"},
]


@pytest.mark.parametrize("variables", NARROW)
def test_narrow_encoding(place: Place, variables: dict[str, str]) -> None:
    """What an encoding lacks is printed as JSON escapes it, for people as in a document."""
    place.answer({"*": f"{right(0)}# é ☃ \U0001f600\n"})
    in_shell("", *place.solving("--run-id", "one", "--limit", "1"))
    case = ("show", str(place.runs / "one"), "T/0")

    page = in_shell("", *case, **variables)
    document = in_shell("", *case, "--json", **variables)

    assert (page.returncode, page.stderr) == (Exit.DONE, "")
    assert r"# \u00e9 \u2603 \ud83d\ude00" in page.stdout
    assert page.stdout.isascii()
    assert document.stdout.isascii()
    assert "# é ☃ \U0001f600" in json.loads(document.stdout)["chapters"][1]["body"]


def test_arguments_that_are_no_text(place: Place) -> None:
    """Bytes in an argument that are no UTF-8 lead to one sentence, wherever they stand."""
    for arguments in (
        ["show", "caf\udce9"],
        place.solving("--model", "caf\udce9"),
        place.solving("--run-id", "caf\udce9"),
        ["runs", "--runs-dir", "caf\udce9"],
        ["experiment", "--subset", "caf\udce9/1"],
    ):
        done = in_shell("", *arguments)

        assert "Traceback" not in done.stderr
        assert r"caf\udce9" in done.stdout + done.stderr
