"""`diff`, by its exit codes and by what it prints where."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fractal_agent.cli import run
from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import Printed, task

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "v1"


@pytest.fixture
def diff(capsys: pytest.CaptureFixture[str]) -> Callable[..., Printed]:
    def diff(*arguments: object) -> Printed:
        capsys.readouterr()
        code = run(["diff", *map(str, arguments)])
        return Printed(code, *capsys.readouterr())

    return diff


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two runs: `mended` repairs T/1 and T/2; `lapsed` has T/1 right at once, and fails T/2."""
    folder = tmp_path_factory.mktemp("scripted")
    dataset = folder / "tasks.jsonl"
    dataset.write_text("".join(json.dumps(task(number)) + "\n" for number in range(3)))
    right = {f"T/{number}/coder.*": f"    return x + {number}\n" for number in range(3)}
    wrong = {"T/1/coder.0/*": "    return None\n", "T/2/coder.0/*": "    return None\n"}
    answers = {
        "mended": {**wrong, **right},
        "lapsed": {"T/2/coder.?/*": "    return None\n", **right},
    }
    for name, script in answers.items():
        lines = [
            json.dumps({"path": path, "text": text}) for path, text in [*script.items(), ("*", " Go.\n")]
        ]
        (folder / "script.jsonl").write_text("\n".join(lines))
        options = ["--script", str(folder / "script.jsonl"), "--run-id", name, "--runs-dir", str(folder)]
        assert run(["solve", "--engine", "scripted", "--dataset", str(dataset), *options]) == Exit.DONE
    return folder


def test_run_equals_itself(diff: Callable[..., Printed]) -> None:
    """The example against itself is one line, and no difference to --exit-code."""
    example = ROOT / "examples" / "repair"

    printed = diff(example, example, "--exit-code")

    assert (printed.code, printed.err) == (Exit.DONE, "")
    assert len(printed.out.splitlines()) == 1
    assert "all 41 cases take the same course (22 passed)" in printed.out


def test_difference_is_an_exit_code_only_when_asked(diff: Callable[..., Printed]) -> None:
    """Runs that differ exit with 0, and with 1 under --exit-code."""
    sides = GOLDEN / "agrees", GOLDEN / "diverges"

    assert diff(*sides).code == Exit.DONE
    assert diff(*sides, "--exit-code").code == Exit.FAILED


def test_what_was_won_and_lost(scripted: Path, diff: Callable[..., Printed]) -> None:
    """Of two runs with other answers, each case has the first that differs and the verdict it led to."""
    told = diff("mended", "lapsed", "--runs-dir", scripted, "--json").document

    assert (told["won"], told["lost"], told["same"]) == ([], ["T/2"], ["T/0", "T/1"])
    assert [case["divergence"] and case["divergence"]["a"]["path"] for case in told["cases"]] == [
        None,
        "T/1/coder.0/generate.0",
        "T/2/coder.1/generate.0",
    ]
    assert (told["settings"], told["made"], told["sources"], told["tasks"]) == ([], [], [], None)


def test_mirror(scripted: Path, diff: Callable[..., Printed]) -> None:
    """With the runs exchanged, what was lost is won, at the same places."""
    there, back = (
        diff(*names, "--runs-dir", scripted, "--json").document
        for names in (("mended", "lapsed"), ("lapsed", "mended"))
    )

    assert (there["won"], there["lost"]) == (back["lost"], back["won"])
    assert (there["a"], there["b"]) == (back["b"], back["a"])
    for case, other in zip(there["cases"], back["cases"], strict=True):
        one, two = case["divergence"], other["divergence"]
        assert (one is None) == (two is None)
        assert one is None or (one["place"], one["a"], one["b"]) == (two["place"], two["b"], two["a"])


def test_case_in_full(scripted: Path, diff: Callable[..., Printed]) -> None:
    """--case shows the two answers and the chain from the problem through plan, failure and new plan."""
    printed = diff("mended", "lapsed", "--runs-dir", scripted, "--case", "T/2")

    assert "GenerationCompleted: text" in printed.out
    assert "passed -> failed" in printed.out
    causes = [line.split()[3:5] for line in printed.out.splitlines() if line.startswith("a and b")]
    assert [path for path, _ in causes] == [
        "T/2",
        "T/2/planner.0",
        "T/2/coder.0",
        "T/2/critic.0",
        "T/2/repairer.0",
        "T/2/coder.1/generate.0",
    ]


def test_case_that_is_not_there(scripted: Path, diff: Callable[..., Printed]) -> None:
    """An unknown case is a usage error that names those there are."""
    printed = diff("mended", "lapsed", "--runs-dir", scripted, "--case", "T/7")

    assert (printed.code, printed.out) == (Exit.USAGE, "")
    assert "T/0, T/1, T/2" in printed.err


def test_runs_in_different_folders(scripted: Path, tmp_path: Path, diff: Callable[..., Printed]) -> None:
    """One run may be meant by its id and the other by a path elsewhere."""
    shutil.copytree(scripted / "mended", tmp_path / "copy")

    printed = diff("mended", tmp_path / "copy", "--runs-dir", scripted)

    assert (printed.code, len(printed.out.splitlines())) == (Exit.DONE, 1)


def test_run_that_is_not_there(scripted: Path, diff: Callable[..., Printed]) -> None:
    """The second run is looked for as the first is, and near ones are named."""
    printed = diff("mended", "lapse", "--runs-dir", scripted)

    assert printed.code == Exit.USAGE
    assert "Did you mean lapsed" in printed.err


def test_plugin_that_fails_is_told_when_it_was_named(scripted: Path, diff: Callable[..., Printed]) -> None:
    """A plug-in given by --plugin must load; one that a run names may be gone."""
    printed = diff("mended", "lapsed", "--runs-dir", scripted, "--plugin", "gone.py")

    assert printed.code == Exit.USAGE
    assert "plug-in gone.py" in printed.err
