"""`exec` and `doctor` say what there is to say and exit accordingly."""

import json
from pathlib import Path
from typing import Any

import pytest

from fractal_agent.cli import run
from fractal_agent.diagnosis import diagnose
from fractal_agent.sandbox import SandboxError, trying


@pytest.fixture
def tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `exec` on such a program and tests; the exit code and what it printed."""

    def try_it(program: bytes, tests: bytes, *options: str) -> tuple[int, str, str]:
        (tmp_path / "program.py").write_bytes(program)
        (tmp_path / "tests.py").write_bytes(tests)
        files = [str(tmp_path / "program.py"), "--tests", str(tmp_path / "tests.py")]
        code = run(["exec", *files, *options])
        out, err = capsys.readouterr()
        return code, out, err

    return try_it


def test_right_program(tried: Any) -> None:
    """A right program passes and the exit code is 0."""
    code, out, _ = tried(b"def f(x):\n    return x\n", b"assert f(1) == 1", "--json")

    answer = json.loads(out)
    assert code == 0
    assert (answer["outcome"], answer["passed"], answer["failed"]) == ("passed", 1, [])


def test_wrong_program(tried: Any) -> None:
    """A wrong program exits with 1, and each failing assertion is told."""
    tests = b"def check(candidate):\n    for x in 1, 2:\n        assert candidate(x) == 1\n"

    code, out, _ = tried(b"def f(x):\n    return x\n", tests, "--json")

    answer = json.loads(out)
    assert (code, answer["outcome"], answer["passed"]) == (1, "failed", 1)
    assert answer["failed"] == [{"call": "f(2)", "expected": "1", "actual": "2", "error": ""}]


def test_for_people(tried: Any) -> None:
    """Without --json the same stands in lines, with the trace when it is asked for."""
    code, out, _ = tried(b"def f(x):\n    y = x\n    return y\n", b"assert f(2) == 1", "--trace")

    assert code == 1
    assert "f(2)  ->  2" in out
    assert "expected 1" in out
    assert "y = 2" in out


def test_program_repaints_nothing(tried: Any) -> None:
    """What a program says is shown as one line of text: it neither steers the terminal nor adds a line."""
    says = "\\x1b[2A\\x1b[0J[red]\\x9b0m\\npassed: 1 assertion held\\u202e"
    program = f"def f(x):\n    raise ValueError('{says}')\n".encode()

    _, out, _ = tried(program, b"assert f(1) == 1")

    shown = r"\u001b[2A\u001b[0J[red]\u009b0m\npassed: 1 assertion held\u202e"
    assert out.splitlines()[2].startswith(f"    ValueError: {shown}")
    assert not set(out) & set("\x1b\x9b\u202e")

    _, out, _ = tried(program, b"assert f(1) == 1", "--json")

    assert not set(out) & set("\x1b\x9b\u202e")
    assert "\x9b0m\npassed" in json.loads(out)["error"]


def test_entry_point(tried: Any) -> None:
    """The function to test is the last one, or the one that is named."""
    program = b"def f(x):\n    return 1\ndef g(x):\n    return 2\n"
    tests = b"def check(candidate):\n    assert candidate(0) == 1\n"

    assert tried(program, tests)[0] == 1
    assert tried(program, tests, "--entry-point", "f")[0] == 0


def test_entry_point_is_no_builtin(tried: Any) -> None:
    """A program cannot have its last function taken for a builtin of the tests."""
    program = b"def f(x):\n    return 5.0\ndef abs(x):\n    return 0\ndef __import__(*x):\n    return 0\n"

    code, out, _ = tried(program, b"assert abs(f(1) - 2.0) < 1e-6", "--json")

    assert (code, json.loads(out)["outcome"]) == (1, "failed")


@pytest.mark.parametrize(
    "program",
    [
        b"f = lambda x: x\n",
        b"from typing import Callable\nf: Callable = lambda x: x\nsorted = lambda x: x\n",
        b"def f(x):\n    return x\ng = lambda x: 0\nclass A: pass\n",
        b"class f(int): pass\n",
    ],
)
def test_entry_point_of_another_kind(tried: Any, program: bytes) -> None:
    """Without a function it is the last lambda or class with a name."""
    assert tried(program, b"def check(candidate):\n    assert candidate(1) == 1\n")[0] == 0


@pytest.mark.parametrize(
    ("program", "found"),
    [
        (b"", "no function to test;"),
        (b"f = len\n", "no function to test;"),
        (b"def abs(x):\n    return x\nall = lambda x: x\n", "no function to test but abs, all, whose names"),
    ],
)
def test_no_entry_point(tried: Any, program: bytes, found: str) -> None:
    """Where no function can be meant, the user is asked for its name."""
    code, out, err = tried(program, b"def check(candidate):\n    assert candidate(1) == 1\n")

    assert (code, out) == (2, "")
    assert found in err
    assert "--entry-point" in err


def test_no_sandbox(tried: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where programs cannot be run at all, that is no wrong program: the exit code is 2."""

    def unavailable(*arguments: object, **options: object) -> object:
        raise SandboxError(where="here", found="no sandbox", expected="one", advice="")

    monkeypatch.setattr(trying, "open_sandbox", unavailable)

    code, out, err = tried(b"def f(x):\n    return x\n", b"assert f(1) == 1\n")

    assert (code, out) == (2, "")
    assert "here: no sandbox" in err


def test_builtin_named_as_entry_point(tried: Any) -> None:
    """Who names it means the program's own."""
    program, tests = b"def abs(x):\n    return 7\n", b"def check(candidate):\n    assert candidate(1) == 7\n"

    assert tried(program, tests, "--entry-point", "abs")[0] == 0


@pytest.mark.parametrize(
    ("program", "outcome", "error"),
    [
        (b"x\0", "refused", "a NUL byte at offset 1"),
        (b"\xff", "refused", "no UTF-8 at offset 0"),
        (b"#" * (10 << 20), "refused", "10485760 bytes; expected at most"),
        (b"def f(:", "error", "SyntaxError: invalid syntax (line 1: def f(:)"),
        (b"import os\ndef f(x):\n    os._exit(0)\n", "killed", "exited with status 0"),
    ],
)
def test_no_good_program(tried: Any, program: bytes, outcome: str, error: str) -> None:
    """What is no program is refused, what cannot be loaded is an error, and both say why."""
    code, out, _ = tried(program, b"assert f(1) == 1", "--json")

    answer = json.loads(out)
    assert (code, answer["outcome"]) == (1, outcome)
    assert error in answer["error"]


@pytest.mark.parametrize("tests", [b"x = 1", b"def check(:", b"def check(f): pass", b"\xff"])
def test_no_good_tests(tried: Any, tests: bytes) -> None:
    """Tests that cannot judge are a mistake of whoever gave them: exit code 2."""
    code, out, err = tried(b"def f(x):\n    return x\n", tests)

    assert (code, out) == (2, "")
    assert "tests" in err


def test_missing_file(tried: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there is named."""
    assert run(["exec", str(tmp_path / "no.py"), "--tests", str(tmp_path / "no.py")]) == 2
    assert "no.py: No such file" in capsys.readouterr().err


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    """On a machine that can run programs, doctor names the level and exits with 0."""
    code = run(["doctor", "--json"])

    answer = json.loads(capsys.readouterr().out)
    assert code == 0
    assert answer["sandbox"] in {"bubblewrap", "landlock"}
    assert [finding["name"] for finding in answer["findings"]] == [
        "python",
        "packages",
        "engine",
        "sandbox",
        "models",
    ]


async def test_machine_without_a_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where no sandbox can be had, the diagnosis says why and is not healthy."""

    def refuse(**_: object) -> None:
        raise SandboxError(where="here", found="nothing", expected="something", advice="Look again.")

    monkeypatch.setattr("fractal_agent.diagnosis.open_sandbox", refuse)

    diagnosis = await diagnose(tmp_path)

    assert (diagnosis.sandbox, diagnosis.healthy) == ("", False)
    assert any(finding.says.startswith("here: nothing") for finding in diagnosis.findings)
