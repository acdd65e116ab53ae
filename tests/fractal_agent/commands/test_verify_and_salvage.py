"""`verify` and `salvage` as a user meets them."""

import json
import shutil
from pathlib import Path

import pytest

from events import LOG_NAME
from fractal_agent.cli import run
from fractal_agent.exits import Exit
from replay.verify import verify_log

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "v1" / "agrees"
TROUPE = str(ROOT / "tests" / "golden" / "troupe.py")
EXAMPLES = [ROOT / "examples" / "repair", GOLDEN, GOLDEN.with_name("diverges")]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder of runs: `good`, and `bad` with a damaged line 41."""
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        shutil.copy(GOLDEN / LOG_NAME, tmp_path / name / LOG_NAME)
    log = tmp_path / "bad" / LOG_NAME
    lines = log.read_bytes().splitlines(keepends=True)
    lines[40] = lines[40][:60] + b"?" + lines[40][61:]
    log.write_bytes(b"".join(lines))
    return tmp_path


def ours(command: str, *arguments: str, runs: Path) -> int:
    return run([command, *arguments, "--runs-dir", str(runs)])


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: str(folder.name))
def test_recorded_runs_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every run that the project ships passes every check."""
    assert run(["verify", str(folder), "--json"]) == Exit.DONE

    told = json.loads(capsys.readouterr().out)
    assert [check["outcome"] for check in told["checks"]] == ["ok"] * 7


def test_killed_runs_hold(tmp_path: Path) -> None:
    """A run that was killed holds, wherever it was when that happened."""
    lines = (GOLDEN / LOG_NAME).read_bytes().splitlines(keepends=True)
    log = tmp_path / LOG_NAME
    broken = []
    for end in range(1, len(lines)):
        log.write_bytes(b"".join(lines[:end]) + lines[end][:end])
        if not verify_log(log).holds:
            broken.append(end)

    assert broken == []


@pytest.mark.parametrize(
    "architecture", ["baseline", "flat", "tree", "guided", "repair", "resample", "redraft"]
)
def test_new_runs_hold(architecture: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run of each architecture, and a fork of it with several samples, passes every check."""
    solving = ["--engine", "scripted", "--limit", "2", "--architecture", architecture, "--run-id", "new"]
    assert ours("solve", *solving, runs=tmp_path) == Exit.DONE
    first = {"flat": "designer", "tree": "designer"}.get(architecture, "coder")
    at = ["--at", f"HumanEval/0/{first}.0/generate.0", "--samples", "2", "--run-id", "forked"]
    assert ours("fork", "new", *at, runs=tmp_path) == Exit.DONE

    for name in ("new", "forked"):
        capsys.readouterr()
        assert ours("verify", name, "--json", runs=tmp_path) == Exit.DONE
        assert {check["outcome"] for check in json.loads(capsys.readouterr().out)["checks"]} == {"ok"}


def test_edited_answer_holds(tmp_path: Path) -> None:
    """A fork that edits the answer itself submits a code that no role wrote, and passes."""
    ours("solve", "--engine", "scripted", "--limit", "1", "--run-id", "new", runs=tmp_path)
    edit = ["--at", "HumanEval/0/answer", "--set", "code=pass", "--run-id", "forked"]
    assert ours("fork", "new", *edit, runs=tmp_path) == Exit.DONE

    assert ours("verify", "forked", runs=tmp_path) == Exit.DONE


def test_each_check_is_a_line(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For people each check is one line: how it came out, its name, what it says."""
    assert ours("verify", "good", runs=runs) == Exit.DONE

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ok      lines    105: checksums, chain, numbers and schema are good"
    assert lines[-1] == "agrees: all holds"
    assert len(lines) == 8


def test_damaged_run(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged run fails with the code for it, the place of the damage, and the command that helps."""
    assert ours("verify", "bad", runs=runs) == Exit.CORRUPT

    out = capsys.readouterr().out
    assert out.startswith("failed  lines    line 41 (byte ")
    assert out.endswith("does not hold: lines; `python -m fractal_agent salvage` saves what is undamaged\n")


def test_other_commands_point_to_salvage(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A command that needs the whole log says how to save a damaged one."""
    assert ours("show", "bad", runs=runs) == Exit.CORRUPT

    assert f"fractal_agent salvage {runs / 'bad'}" in capsys.readouterr().err


def test_salvage(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Salvage says what was kept, lost and reopened, and what to type next; the new run holds."""
    assert ours("salvage", "bad", "--plugin", TROUPE, runs=runs) == Exit.DONE

    out = capsys.readouterr().out
    assert "lost      line 41 (byte " in out
    assert "reopened  3 cases: HumanEval/0, HumanEval/23, HumanEval/53\n" in out
    assert f"next      python -m fractal_agent resume {runs / 'bad-salvaged'}\n" in out
    assert ours("verify", "bad-salvaged", runs=runs) == Exit.DONE
    assert ours("show", "bad-salvaged", runs=runs) == Exit.DONE
    assert ours("replay", "bad-salvaged", "--plugin", TROUPE, runs=runs) == Exit.DONE


def test_salvaged_run_is_resumed(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next command of a salvage finishes the run, and what comes out replays."""
    monkeypatch.chdir(GOLDEN.parents[1])
    ours("salvage", "bad", "--plugin", TROUPE, "--run-id", "mended", runs=runs)

    assert ours("resume", "mended", "--plugin", TROUPE, "--accept-drift", runs=runs) == Exit.DONE

    assert ours("verify", "mended", runs=runs) == Exit.DONE
    assert ours("replay", "mended", "--plugin", TROUPE, runs=runs) == Exit.DONE
    capsys.readouterr()
    ours("show", "mended", "--json", runs=runs)
    assert json.loads(capsys.readouterr().out)["graded"] == 3


def test_salvage_twice(runs: Path) -> None:
    """A second salvage takes a name that is free, and one that is taken is refused."""
    ours("salvage", "bad", runs=runs)

    assert ours("salvage", "bad", runs=runs) == Exit.DONE
    assert ours("salvage", "bad", "--run-id", "bad-salvaged", runs=runs) == Exit.USAGE
    assert (runs / "bad-salvaged-2" / LOG_NAME).exists()


def test_nothing_to_salvage(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A healthy log is left alone, and so is one with a torn tail."""
    with (runs / "good" / LOG_NAME).open("ab") as log:
        log.write(b"torn")

    assert ours("salvage", "good", runs=runs) == Exit.DONE

    assert "nothing to salvage" in capsys.readouterr().out
    assert not (runs / "good-salvaged").exists()


@pytest.mark.parametrize("command", ["verify", "salvage"])
@pytest.mark.parametrize(
    ("text", "code"),
    [(None, Exit.USAGE), (b'{"a":1}\n', Exit.CORRUPT), (b'{"seq":0,"prev', Exit.CORRUPT)],
    ids=["no log", "foreign", "truncated header"],
)
def test_what_is_no_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, text: bytes | None, code: Exit
) -> None:
    """What is no log is one clear error, and nothing is written."""
    (tmp_path / "odd").mkdir()
    if text is not None:
        (tmp_path / "odd" / LOG_NAME).write_bytes(text)

    assert ours(command, "odd", runs=tmp_path) == code

    assert capsys.readouterr().err.startswith("error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["odd"]


def test_json_of_a_salvage(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The document lists each lost part with its place, and is null when nothing was to be done."""
    ours("salvage", "bad", "--json", runs=runs)
    told = json.loads(capsys.readouterr().out)
    ours("salvage", "good", "--json", runs=runs)

    assert [part["line"] for part in told["lost"]] == [41]
    assert not told["followed"]
    assert json.loads(capsys.readouterr().out) is None
