"""Recorded runs as tests, by what pytest says of them and by what becomes of their logs."""

import json
import re
import shutil
from contextlib import chdir
from pathlib import Path

import pytest

from events import LOG_NAME
from fractal_agent.cli import run
from fractal_agent.exits import Exit
from fractal_agent.pytest_plugin import recordings  # noqa: F401 - loaded here, it is not by each inner run
from fractal_agent.recording import Recording

pytest_plugins = ["pytester"]

ROLES = '''
from agents.context import Context
from agents.role import role
from events import CodeWritten, Message, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture


@role
async def writer(problem: ProblemPosed, ctx: Context) -> CodeWritten:
    """Writes what the engine says; asks again where that is too short."""
    answer = await ctx.generate([Message(role="user", content=f"Write {problem.entry_point}.")])
    if len(answer.text) < 40:
        answer = await ctx.generate([Message(role="user", content="Write more.")])
    return CodeWritten(problem=problem, code=answer.text)


@architecture
async def direct(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Writer alone."""
    return await stage.ask(writer, problem)
'''

AGAIN, ANOTHER = '"Write more."', '"Write much more."'
"""What the role asks of T/1 alone."""

INI = """
[pytest]
fractal_agent_recordings = tests/recordings
fractal_agent_plugins = roles.py
"""

SHORT = "def f1(x):\n    return x\n"
LONG = "def f{0}(x):\n    # of the script\n    return x + {0}\n"
BETTER = "def f1(x):\n    # of the other script\n    return x + 1\n"


def task(number: int) -> dict[str, str]:
    name = f"f{number}"
    return {
        "task_id": f"T/{number}",
        "prompt": f'def {name}(x):\n    """Adds {number}."""\n',
        "entry_point": name,
        "canonical_solution": f"    return x + {number}\n",
        "test": f"def check(candidate):\n    assert candidate(1) == {number + 1}\n",
    }


def write_script(folder: Path, **answers: str) -> None:
    """The answers to what T/1 asks first and again, besides those that do not change."""
    texts = {"T/0/*": LONG.format(0), "T/1/*/generate.0": SHORT, "T/2/*": LONG.format(2)}
    lines = [{"path": path, "text": text} for path, text in texts.items()]
    lines += [{"contains": contains, "text": text} for contains, text in answers.items()]
    (folder / "answers.jsonl").write_text("\n".join(map(json.dumps, lines)))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plug-in and one recorded run of three cases, of which T/1 fails."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "roles.py").write_text(ROLES)
    (folder / "tasks.jsonl").write_text("".join(json.dumps(task(number)) + "\n" for number in range(3)))
    (folder / "pytest.ini").write_text(INI)
    write_script(folder, more=LONG.format(2))
    names = ["--dataset", "tasks.jsonl", "--script", "answers.jsonl", "--plugin", "roles.py"]
    with chdir(folder):
        made = run(
            [
                *("solve", "--runs-dir", "tests/recordings", "--run-id", "additions", "--engine", "scripted"),
                *("--architecture", "direct", *names),
            ]
        )
    assert made == Exit.DONE
    (folder / "tests" / "recordings" / "additions" / "lock").unlink(missing_ok=True)
    return folder


class Project:
    """A user's project: the recorded folder, copied, in which pytest can be run."""

    def __init__(self, pytester: pytest.Pytester, recorded: Path) -> None:
        self.pytester = pytester
        self.folder = pytester.path
        shutil.copytree(recorded, self.folder, dirs_exist_ok=True)
        self.recordings = self.folder / "tests" / "recordings"
        self.log = self.recordings / "additions" / LOG_NAME

    def change(self, before: str, after: str) -> None:
        """Puts one text in the place of another in the roles."""
        roles = self.folder / "roles.py"
        assert before in roles.read_text()
        roles.write_text(roles.read_text().replace(before, after))

    def pytest(self, *arguments: str) -> pytest.RunResult:
        """A run with no other plug-in than this package's, by its entry point."""
        off = [f"-pno:{name}" for name in ("hypothesispytest", "asyncio", "anyio", "cacheprovider")]
        return self.pytester.runpytest_inprocess(*off, *arguments)


@pytest.fixture
def project(pytester: pytest.Pytester, recorded: Path) -> Project:
    return Project(pytester, recorded)


# Replaying.


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


# What is collected.


def test_without_settings_nothing_is_collected(project: Project) -> None:
    """A project that does not ask for it has no recorded tests, and loads none of the package's modules."""
    (project.folder / "pytest.ini").write_text("[pytest]\n")
    project.pytester.makepyfile("""
        import sys

        def test_loaded():
            loaded = {name for name in sys.modules if name.startswith(("fractal_agent", "events", "agents"))}
            assert loaded == {"fractal_agent", "fractal_agent.pytest_plugin"}
    """)
    result = project.pytester.runpytest_subprocess("--strict-config")

    result.assert_outcomes(passed=1)


def test_folder_that_is_not_there(project: Project) -> None:
    """A folder that is not there is an error, for else its tests would be gone without a word."""
    shutil.rmtree(project.recordings)
    result = project.pytest()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: fractal_agent_recordings: *recordings is not a folder*"])


def test_folder_outside_testpaths(project: Project) -> None:
    """A plain `pytest` replays the recordings though `testpaths` names other folders."""
    (project.folder / "pytest.ini").write_text(f"{INI}testpaths = unit\n")
    (project.folder / "unit").mkdir()
    (project.folder / "unit" / "test_other.py").write_text("def test_other(): pass")

    project.pytest().assert_outcomes(passed=4)
    project.pytest("unit").assert_outcomes(passed=1)


def test_without_the_plugin(project: Project) -> None:
    """With `-p no:fractal_agent` pytest runs as if the package were not there."""
    (project.folder / "pytest.ini").write_text("[pytest]\n")
    (project.folder / "test_other.py").write_text("def test_other(): pass")

    project.pytest("-p", "no:fractal_agent", "--strict-config").assert_outcomes(passed=1)


# Recording anew.


def test_update(project: Project) -> None:
    """--update records anew what diverges: only what changed is asked for, and the next run passes."""
    project.change(AGAIN, ANOTHER)
    write_script(project.folder, much=BETTER)
    result = project.pytest("--update")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["*/additions/*::T/1: recorded anew: 3 cases (3 passed): 5 answers reused, 2 performed"]
    )
    project.pytest().assert_outcomes(passed=3)


def test_updated_run_is_the_same_run(project: Project) -> None:
    """A run that was recorded anew keeps its id and settings, is no fork, and leaves nothing beside it."""
    before = Recording(project.log.parent).started
    project.change(AGAIN, ANOTHER)
    write_script(project.folder, much=BETTER)
    project.pytest("--update")

    after = Recording(project.log.parent).started
    assert (after.run_id, after.settings, after.origin) == (before.run_id, before.settings, None)
    assert [path.name for path in project.recordings.rglob("*")] == ["additions", LOG_NAME]
    assert run(["verify", str(project.log.parent)]) == Exit.DONE


def test_update_leaves_what_agrees(project: Project) -> None:
    """--update does not touch a run that replays, nor one of which no chosen case diverges."""
    before = project.log.read_bytes()
    project.pytest("--update").assert_outcomes(passed=3)
    project.change(AGAIN, ANOTHER)
    project.pytest("--update", "-k", "T/0").assert_outcomes(passed=1, deselected=2)

    assert project.log.read_bytes() == before


def test_update_without_a_model(project: Project) -> None:
    """Where only what a role makes of an answer has changed, no engine is needed to record it anew."""
    project.change("code=answer.text", "code=answer.text.rstrip()")
    (project.folder / "answers.jsonl").unlink()
    result = project.pytest("--update")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*: recorded anew: 3 cases (2 passed): 4 answers reused, 3 performed"])


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda folder: (folder / "answers.jsonl").unlink(), "*answers.jsonl: cannot be read as a script*"),
        (write_script, "*no line of the script matches*"),
        (lambda folder: (folder / "tasks.jsonl").unlink(), "*tasks.jsonl*"),
    ],
    ids=["no engine", "engine fails", "no hidden tests"],
)
def test_failed_update(project: Project, broken: object, said: str) -> None:
    """An update that fails says why beside the diff, and the old log stays, alone in its folder."""
    assert callable(broken)
    before = project.log.read_bytes()
    project.change(AGAIN, ANOTHER)
    broken(project.folder)
    result = project.pytest("--update")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "+  content: Write much more.",
            "It could not be recorded anew*",
        ]
    )
    result.stdout.fnmatch_lines([said])
    assert project.log.read_bytes() == before
    assert [path.name for path in project.recordings.rglob("*")] == ["additions", LOG_NAME]


def test_update_of_a_role_that_never_replays(project: Project) -> None:
    """A role that asks something else each time is not recorded anew: that would diverge at once again."""
    before = project.log.read_bytes()
    project.change("from agents.context", "from itertools import count\nfrom agents.context")
    project.change("@role", "numbers = count()\n\n\n@role")
    project.change(AGAIN, 'f"Write {next(numbers)}."')
    write_script(project.folder, Write=BETTER)
    result = project.pytest("--update")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*what was recorded just now diverges at once, at T/1/writer.0/generate.1*"])
    assert project.log.read_bytes() == before


def test_update_is_tried_once(project: Project) -> None:
    """A run that cannot be recorded anew is not tried again for its next case."""
    project.change("{problem.entry_point}.", "{problem.entry_point}!")
    (project.folder / "answers.jsonl").unlink()
    result = project.pytest("--update")

    result.assert_outcomes(failed=3)
    assert str(result.stderr).count("Starting the scripted engine") <= 1


def test_another_has_the_option(project: Project) -> None:
    """Where --update is another's, the long name records anew, and is the one that is named."""
    project.change(AGAIN, ANOTHER)
    write_script(project.folder, much=BETTER)
    project.pytester.makeconftest("def pytest_addoption(parser): parser.addoption('--update', type=int)")

    project.pytest("--update", "3").stdout.fnmatch_lines(
        ["*pytest --fractal-update tests/recordings/additions/*"]
    )
    project.pytest("--fractal-update").assert_outcomes(passed=3)


# Tests written by hand.


def test_fixture(project: Project) -> None:
    """`replays` asserts that a run, or one of its cases, replays; its error ends at the user's line."""
    (project.folder / "pytest.ini").write_text(INI.replace("fractal_agent_recordings = tests/recordings", ""))
    project.change(AGAIN, ANOTHER)
    project.pytester.makepyfile("""
        def test_case(replays):
            replays("tests/recordings/additions", case="T/0")

        def test_run(replays):
            replays("tests/recordings/additions")

        def test_missing(replays):
            replays("tests/recordings/two")
    """)
    result = project.pytest()

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            '>*replays("tests/recordings/additions")',
            "E *RunDiverged: T/1/writer.0/generate.1: GenerationRequested differs in messages",
            "E *+  content: Write much more.",
            "*test_fixture.py:*: RunDiverged",
        ]
    )
    result.stdout.fnmatch_lines([f"E *LogMissing: *two/{LOG_NAME}: no log here*"])


def test_fixture_updates(project: Project) -> None:
    """A test written by hand records anew like any other, and the summary says so."""
    project.change(AGAIN, ANOTHER)
    write_script(project.folder, much=BETTER)
    project.pytester.makepyfile("def test_run(replays): replays('tests/recordings/additions')")
    result = project.pytest("--update", "-k", "test_run")

    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.fnmatch_lines(["*::test_run: recorded anew: 3 cases (3 passed)*"])


# The page.

PAGE = Path(__file__).parents[2] / "docs" / "recordings-as-tests.md"


def blocks(language: str) -> list[str]:
    """The page's pieces of code in that language, in their order."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def test_documentation(project: Project) -> None:
    """With the page's settings, pytest prints what the page shows, and the page's own test passes."""
    (project.folder / "pytest.ini").unlink()
    (project.folder / "pyproject.toml").write_text(blocks("toml")[0])
    project.change(AGAIN, ANOTHER)
    write_script(project.folder, much=BETTER)
    _, failing, updating = [block.splitlines()[1:] for block in blocks("console")]

    printed = project.pytest().outlines
    assert [line for line in failing if line not in printed] == []
    printed = project.pytest("--update").outlines
    assert [line for line in updating if line not in printed] == []
    (project.folder / "test_by_hand.py").write_text(blocks("python")[0])
    project.pytest().assert_outcomes(passed=4)
