"""Recorded runs as tests: each case passes or fails, and pytest says what became of it."""

import pytest

from events import LOG_NAME
from tests.fractal_agent.pytest_plugin.project import AGAIN, ANOTHER, INI, Project

pytest_plugins = ["pytester"]


def test_each_case_is_a_test(project: Project) -> None:
    """Where nothing has changed, each case passes as a test that is named by its path."""
    result = project.pytest("-v", "--strict-config", "--strict-markers")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [f"tests/recordings/additions/{LOG_NAME}::T/{number} PASSED*" for number in range(3)]
    )
    result.stdout.no_fnmatch_line("*= recordings =*")


@pytest.mark.parametrize("option", [("-k", "T/1"), (f"tests/recordings/additions/{LOG_NAME}::T/1",)])
def test_one_case_is_chosen(project: Project, option: tuple[str, ...]) -> None:
    """-k and a node id choose a case; the others are not looked at."""
    project.change(
        'f"Write {problem.entry_point}."',
        'f"Write {problem.entry_point}." + "!"[: problem.entry_point != "f1"]',
    )
    result = project.pytest(*option)

    result.assert_outcomes(passed=1, deselected=2 if "-k" in option else 0)


def test_changed_prompt(project: Project) -> None:
    """A changed prompt fails the cases that ask it, with path, diff, role and remedy, and no traceback."""
    project.change(AGAIN, ANOTHER)
    result = project.pytest()

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ additions T/1 _*",
            "T/1/writer.0/generate.1: GenerationRequested differs in messages",
            "--- recorded",
            "+++ now",
            "-  content: Write more.",
            "+  content: Write much more.",
            "Changed since it was recorded: writer, direct.",
            "*record the run anew: pytest --update tests/recordings/additions/log.jsonl::T/1",
            f"FAILED tests/recordings/additions/{LOG_NAME}::T/1 - T/1/writer.0/generate.1: G*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*replaying.py*")


def test_role_that_raises(project: Project) -> None:
    """An error that a role raises now is shown with the line of the role that raises it."""
    project.change(AGAIN, "1 / 0")
    result = project.pytest()

    result.stdout.fnmatch_lines(["T/1*ZeroDivisionError: division by zero*", "raised in *roles.py, line 13"])


def test_unfinished_case(project: Project) -> None:
    """A case that the run had not finished passes as far as it goes, and the summary says so."""
    lines = project.log.read_bytes().splitlines(keepends=True)
    answered = max(number for number, line in enumerate(lines) if b"T/1/writer.0/generate.1" in line)
    project.log.write_bytes(b"".join(lines[: answered + 1]))
    result = project.pytest()

    assert result.parseoutcomes()["passed"] == 3
    result.stdout.fnmatch_lines(
        [f"tests/recordings/additions/{LOG_NAME}::T/1: unfinished; agrees as far as it goes"]
    )


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (lambda log: log.replace(b"Write f0.", b"Write fO."), "*line * (byte *"),
        (lambda log: b"{}\n", "*first line*expected*"),
        (lambda log: b"", "*an empty file*"),
    ],
    ids=["flipped", "foreign", "empty"],
)
def test_damaged_log(project: Project, damaged: object, said: str) -> None:
    """A log that cannot be read is an error of the collection, in the words of the log's reader."""
    assert callable(damaged)
    project.log.write_bytes(damaged(project.log.read_bytes()))
    result = project.pytest()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f"*ERROR collecting tests/recordings/additions/{LOG_NAME}*", said])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*recordings.py*")


def test_missing_plugin(project: Project) -> None:
    """A plug-in that is not where the run says is named, with the option that says where it is."""
    (project.folder / "pytest.ini").write_text(INI.replace("roles.py", "moved.py"))
    result = project.pytest()

    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(["plug-in *moved.py: FileNotFoundError*", "*fractal_agent_plugins*"])
    result.stdout.no_fnmatch_line("*catalog.py*")


def test_missing_architecture(project: Project) -> None:
    """A run whose architecture is nowhere is an error that lists those there are."""
    project.change("async def direct", "async def straight")
    result = project.pytest()

    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(["unknown architecture 'direct'*straight*"])
