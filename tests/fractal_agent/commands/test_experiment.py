"""`experiment` from the shell: a table, its files, and the exit code of how it ended."""

import json
from pathlib import Path

import pytest

from fractal_agent.cli import run

PROBLEM = {
    "prompt": 'def f(x):\n    """Return x plus one.\n\n    >>> f(1)\n    2\n    """\n',
    "entry_point": "f",
    "test": "def check(candidate):\n    assert candidate(41) == 42\n",
}


@pytest.fixture
def common(tmp_path: Path) -> list[str]:
    """Options for two problems that the baseline solves with a script."""
    tasks, script = tmp_path / "tasks.jsonl", tmp_path / "script.jsonl"
    tasks.write_text("".join(json.dumps({"task_id": f"T/{number}", **PROBLEM}) + "\n" for number in range(2)))
    script.write_text(json.dumps({"path": "*", "text": "    return x + 1\n"}) + "\n")
    options = {"--dataset": tasks, "--engine": "scripted", "--script": script, "--out": tmp_path / "cells"}
    return ["experiment", *(str(part) for pair in options.items() for part in pair)]


def test_table_data_and_picture_are_made(
    common: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with 0, `--json` prints the report, and three files lie beside the cells."""
    code = run([*common, "--architectures", "baseline,resample", "--subset", "T/1", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["tasks"] == ["T/1"]
    assert [(row["architecture"], row["pass_rate"]) for row in told["rows"]] == [
        ("baseline", 1),
        ("resample", 1),
    ]
    assert all((tmp_path / "cells" / name).exists() for name in ("report.md", "report.json", "picture.svg"))


def test_report_alone_runs_nothing(
    common: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--report` makes the same page anew from the cells that are there."""
    run([*common, "--architectures", "baseline"])
    page = tmp_path / "cells" / "report.md"
    before = page.read_text()
    page.unlink()

    code = run(["experiment", "--report", "--out", str(tmp_path / "cells")])

    assert (code, page.read_text()) == (0, before)
    assert "baseline" in capsys.readouterr().out


def test_report_of_nothing_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no cells lie, `--report` says so and makes no folder."""
    code = run(["experiment", "--report", "--out", str(tmp_path / "none")])

    assert code == 2
    assert "no cells lie in" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--architectures", "baseline,flatt"], "did you mean flat"),
        (["--subset", "hard16"], "expected the name of a list"),
        (["--subset", "T/0,T/9"], "No task is named 'T/9'"),
        (["--architectures", ","], "expected names with commas"),
        (["--feedback", "hidden"], "visible"),
        (["--models", ""], "expected names with commas"),
    ],
)
def test_what_does_not_exist_is_a_usage_error(
    common: list[str], options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong name ends with 2 before anything is run, and the message says what there is."""
    code = run([*common, *options])

    assert code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "cells").exists()
