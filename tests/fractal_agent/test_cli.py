"""The command line, by its exit codes and by what it prints where."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events import LOG_NAME
from fractal_agent.cli import app, run
from fractal_agent.exits import Exit

PLUGIN = '''
import sys
from pathlib import Path

import anyio

from agents.context import Context
from agents.role import role
from events import CodeReviewed, CodeWritten, Message, ProblemPosed
from fractal_agent.architectures.base import Stage, architecture

PROMPT = "Write it."


@role
async def writer(problem: ProblemPosed, ctx: Context) -> CodeWritten:
    """Writes what the engine says."""
    answer = await ctx.generate([Message(role="user", content=PROMPT)])
    return CodeWritten(problem=problem, code=answer.text)


@architecture
async def direct(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Writer alone."""
    return await stage.ask(writer, problem)


@architecture
async def waiting(problem: ProblemPosed, stage: Stage) -> CodeWritten:
    """Writer alone; stays at its second problem until there is a file named go."""
    written = await stage.ask(writer, problem)
    if problem.task_id == "T/1" and not Path(__file__).with_name("go").exists():
        print("waiting", file=sys.stderr, flush=True)
        await anyio.sleep_forever()
    return written
'''


class Printed(msgspec.Struct, frozen=True):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Place:
    """A folder with a plug-in, a dataset of three problems, a script that solves two, and runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = folder / "runs"
        self.plugin = folder / "plugin.py"
        self.plugin.write_text(PLUGIN)
        self.dataset = folder / "tasks.jsonl"
        self.dataset.write_text("".join(json.dumps(task(number)) + "\n" for number in range(3)))
        self.script = folder / "answers.jsonl"
        self.answer({"T/0/*": right(0), "T/1/*": wrong(1), "T/2/*": right(2)})

    def answer(self, answers: dict[str, str]) -> None:
        lines = [json.dumps({"path": path, "text": text}) for path, text in answers.items()]
        self.script.write_text("\n".join(lines))

    def solving(self, *options: str, architecture: str = "direct") -> list[str]:
        """The arguments of a scripted run here; what comes later wins."""
        return [
            *("solve", "--dataset", str(self.dataset), "--runs-dir", str(self.runs)),
            *("--engine", "scripted", "--script", str(self.script)),
            *("--plugin", str(self.plugin), "--architecture", architecture, *options),
        ]

    def log(self, run_id: str) -> Path:
        return self.runs / run_id / LOG_NAME


def task(number: int) -> dict[str, str]:
    name = f"f{number}"
    return {
        "task_id": f"T/{number}",
        "prompt": f'def {name}(x):\n    """Adds {number}.\n\n    >>> {name}(1)\n    {number + 1}\n    """\n',
        "entry_point": name,
        "canonical_solution": f"    return x + {number}\n",
        "test": f"def check(candidate):\n    assert candidate(1) == {number + 1}\n",
    }


def right(number: int) -> str:
    return f"def f{number}(x):\n    return x + {number}\n"


def wrong(number: int) -> str:
    return f"def f{number}(x):\n    return x\n"


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A place with one completed run, `done`, which tests only read."""
    place = Place(tmp_path_factory.mktemp("solved"))
    assert run(place.solving("--run-id", "done")) == Exit.DONE
    return place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Printed]:
    def call(*arguments: object) -> Printed:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Printed(code, *capsys.readouterr())

    return call


def started(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fractal_agent", *(str(argument) for argument in arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, **pipes | {"cwd": root} | options)


# Solving.


def test_solve(place: Place, call: Callable[..., Printed]) -> None:
    """A run prints its summary, ends with 0 though an answer was wrong, and says how to look at that."""
    printed = call(*place.solving("--run-id", "one"))

    assert printed.code == Exit.DONE
    assert "2/3" in printed.out
    assert f"python -m fractal_agent show {place.runs / 'one'} T/1" in printed.out
    assert str(place.log("one")) in printed.out


def test_solve_as_json(place: Place, call: Callable[..., Printed]) -> None:
    """With --json one document is on stdout, and what the run says of its progress is on stderr."""
    printed = call(*place.solving("--json"))

    assert (printed.document["state"], printed.document["graded"], printed.document["passed"]) == (
        "completed",
        3,
        2,
    )
    assert "Starting" in printed.err
    assert "3/3 done" in printed.err


@pytest.mark.parametrize(
    ("options", "cases"),
    [
        (["--limit", "2"], ["T/0", "T/1"]),
        (["--task", "T/2"], ["T/2"]),
        (["--task", "T/2", "--task", "T/0"], ["T/2", "T/0"]),
        (["--task", "T/2", "--task", "T/0", "--task", "T/2", "--limit", "1"], ["T/2"]),
        (["--limit", "100"], ["T/0", "T/1", "T/2"]),
    ],
)
def test_chosen_problems(
    place: Place, call: Callable[..., Printed], options: list[str], cases: list[str]
) -> None:
    """--task chooses by name, in the order given and each once; --limit takes from the front of that."""
    printed = call(*place.solving("--json", *options))

    assert sorted(line["case"] for line in printed.document["cases"]) == sorted(cases)


def test_solve_without_a_script(place: Place, call: Callable[..., Printed]) -> None:
    """The scripted engine needs no script: a placeholder shows the plumbing."""
    arguments = [
        "solve",
        "--engine",
        "scripted",
        "--dataset",
        place.dataset,
        "--runs-dir",
        place.runs,
        "--json",
    ]

    printed = call(*arguments, "--limit", 1)

    assert (printed.code, printed.document["graded"], printed.document["passed"]) == (0, 1, 0)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--dataset", "humanevil"], "Did you mean 'humaneval' or 'humaneval+'?"),
        (["--dataset", "none.jsonl"], "none.jsonl"),
        (["--task", "T/9"], "from 'T/0' to 'T/2'"),
        (["--architecture", "rapair"], "did you mean repair? valid are baseline"),
        (["--engine", "vlm"], "did you mean vllm? valid are openai, scripted, vllm"),
        (["--cast", "critc=writer"], "did you mean critic? valid are assembler"),
        (["--cast", "critic=nobody"], "valid are assembler"),
        (["--cast", "critic=writer"], "must take all that the part takes"),
        (["--cast", "critic"], "expected PART=ROLE, for example critic=skeptic"),
        (["--plugin", "no_such_module"], "plug-in no_such_module"),
        (["--plugin", "none.py"], "plug-in none.py"),
        (["--run-id", "../up"], "expected 1 to 100 letters"),
        (["--run-id", "latest"], "expected 1 to 100 letters"),
        (["--limit", "0"], "greater than or equal to 1"),
        (["--script", "none.jsonl"], "'none.jsonl' does not exist"),
        (["--base-url", "http://localhost"], "--base-url is for --engine openai"),
        (["--engine", "openai"], "--script is for --engine scripted"),
        (["--color"], "No such option: --color"),
    ],
)
def test_what_cannot_be_solved(
    place: Place, call: Callable[..., Printed], options: list[str], told: str
) -> None:
    """What does not exist or does not fit is a usage error that names what would; nothing is left behind."""
    printed = call(*place.solving(*options))

    assert printed.code == Exit.USAGE
    assert told in " ".join(printed.err.split())
    assert "Traceback" not in printed.err
    assert not place.runs.exists()


def test_model_that_is_not_there(place: Place, call: Callable[..., Printed]) -> None:
    """A folder of weights that is not there is a usage error that names models to be had; no run remains."""
    arguments = ["solve", "--dataset", place.dataset, "--runs-dir", place.runs, "--model", "./no/such/folder"]

    printed = call(*arguments)

    assert printed.code == Exit.USAGE
    assert "./no/such/folder: not found" in printed.err
    assert "Qwen/Qwen2.5-Coder-0.5B-Instruct" in printed.err
    assert call("runs", "--runs-dir", place.runs, "--json").document == []


def test_taken_run_id(solved: Place, call: Callable[..., Printed]) -> None:
    """A run is never overwritten."""
    printed = call(*solved.solving("--run-id", "done"))

    assert printed.code == Exit.USAGE
    assert "never overwritten" in printed.err


def test_engine_that_fails_in_the_middle(place: Place, call: Callable[..., Printed]) -> None:
    """A failing engine ends the run with 1 and what there is; the log is sealed and can be replayed."""
    place.answer({"T/0/*": right(0)})

    printed = call(*place.solving("--run-id", "half", "--limit", "2", "--concurrency", "1", "--json"))

    assert printed.code == Exit.FAILED
    assert (printed.document["state"], printed.document["graded"], printed.document["passed"]) == (
        "failed",
        1,
        1,
    )
    assert "error: T/1/writer.0/generate.0: the scripted engine failed: no line" in printed.err
    assert "Traceback" not in printed.err
    assert f"resume {place.runs / 'half'}" in printed.err
    assert b'"type":"LogSealed"' in place.log("half").read_bytes().splitlines()[-1]
    replayed = call("replay", place.runs / "half", "--json")
    assert (replayed.code, replayed.document["cases"], replayed.document["partial"]) == (0, 1, 1)


def test_resume_after_a_failure(place: Place, call: Callable[..., Printed]) -> None:
    """A failed run goes on where it stopped and does not ask again for what it has."""
    place.answer({"T/0/*": right(0)})
    call(*place.solving("--run-id", "half", "--concurrency", "1"))
    place.answer({"T/1/*": wrong(1), "T/2/*": right(2)})

    printed = call("resume", "half", "--runs-dir", place.runs, "--json")

    assert printed.code == Exit.DONE
    assert (printed.document["state"], printed.document["graded"], printed.document["passed"]) == (
        "completed",
        3,
        2,
    )
    assert call("replay", place.runs / "half").code == Exit.DONE


def test_role_that_raises(place: Place, call: Callable[..., Printed]) -> None:
    """A mistake in a role ends the run with 1, the traceback, and the path of the case."""
    place.plugin.write_text(
        PLUGIN.replace("return await stage.ask(writer, problem)", "return problem.nothing")
    )

    printed = call(*place.solving("--limit", "1"))

    assert printed.code == Exit.FAILED
    assert "plugin.py" in printed.err
    assert "error: T/0: AttributeError: 'ProblemPosed' object has no attribute 'nothing'" in printed.err


# Interrupting and going on.


@pytest.fixture
def waiting(place: Place) -> Iterator[subprocess.Popen[str]]:
    """A run that has solved the first of two problems and waits at the second."""
    arguments = place.solving("--run-id", "stopped", "--limit", "2", architecture="waiting")
    with started("-v", *arguments, "--concurrency", "1", start_new_session=True) as process:
        assert process.stderr is not None
        while process.stderr.readline() not in {"waiting\n", ""}:
            pass
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt(
    place: Place, waiting: subprocess.Popen[str], call: Callable[..., Printed], number: signal.Signals
) -> None:
    """A signal to all processes of the command ends it with 130, a sealed log and how to go on."""
    os.killpg(waiting.pid, number)
    out, err = waiting.communicate(timeout=20)

    assert waiting.returncode == Exit.INTERRUPTED
    assert "stopped (interrupted)" in out
    assert f"To go on: python -m fractal_agent resume {place.runs / 'stopped'}" in err
    assert "Traceback" not in err
    assert b'"type":"LogSealed"' in place.log("stopped").read_bytes().splitlines()[-1]
    assert b'"outcome":"interrupted"' in place.log("stopped").read_bytes()

    (place.folder / "go").touch()
    resumed = call("resume", place.runs / "stopped", "--json")
    assert (resumed.code, resumed.document["graded"]) == (Exit.DONE, 2)


def test_second_writer(place: Place, waiting: subprocess.Popen[str], call: Callable[..., Printed]) -> None:
    """While a run is being written another process is refused, and told which one has it."""
    printed = call("resume", place.runs / "stopped")

    assert printed.code == Exit.FAILED
    assert f"process {waiting.pid} on " in printed.err


def test_show_while_it_runs(
    place: Place, waiting: subprocess.Popen[str], call: Callable[..., Printed]
) -> None:
    """A run that is going on can be shown, as can a case that has no verdict."""
    shown = call("show", place.runs / "stopped")
    story = call("show", place.runs / "stopped", "T/1", "--json")
    listed = call("runs", "--runs-dir", place.runs, "--json")

    assert (shown.code, story.code) == (Exit.DONE, Exit.DONE)
    assert "stopped (unfinished)" in shown.out
    assert re.search(r"T/1 +unfinished", shown.out)
    assert story.document["chapters"][-1]["title"].startswith("No verdict")
    assert listed.document[0]["state"] == "unfinished"


def test_run_that_was_killed(
    place: Place, waiting: subprocess.Popen[str], call: Callable[..., Printed]
) -> None:
    """After SIGKILL a run can be shown, replayed as far as it goes, and resumed."""
    waiting.kill()
    waiting.communicate()
    (place.folder / "go").touch()

    assert call("replay", place.runs / "stopped", "--json").document["partial"] == 1
    assert call("resume", place.runs / "stopped", "--json").document["state"] == "completed"


def test_resume_of_a_completed_run(
    solved: Place, call: Callable[..., Printed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is left to do, no engine is started and the log stays as it is."""
    monkeypatch.delitem(sys.modules, "fractal_agent.engines.scripted", raising=False)
    before = solved.log("done").read_bytes()

    printed = call("resume", "done", "--runs-dir", solved.runs)

    assert printed.code == Exit.DONE
    assert "Nothing to do: the run is completed." in printed.err
    assert "2/3" in printed.out
    assert solved.log("done").read_bytes() == before
    assert "fractal_agent.engines.scripted" not in sys.modules


def test_resume_when_only_the_end_is_missing(place: Place, call: Callable[..., Printed]) -> None:
    """A run that was killed between its last verdict and its end is completed without an engine."""
    call(*place.solving("--run-id", "one"))
    log = place.log("one")
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-2]))
    place.script.unlink()

    printed = call("resume", place.runs / "one", "--json")

    assert (printed.code, printed.document["state"], printed.document["graded"]) == (
        Exit.DONE,
        "completed",
        3,
    )
    assert call("replay", place.runs / "one").code == Exit.DONE


def test_resume_with_changed_code(place: Place, call: Callable[..., Printed]) -> None:
    """A run whose roles now ask something else is not resumed: 3, what differs, and what to do."""
    place.answer({"T/0/*": right(0)})
    call(*place.solving("--run-id", "half", architecture="waiting"))
    place.plugin.write_text(PLUGIN.replace("Write it.", "Write it well."))
    place.answer({"*": right(1)})

    printed = call("resume", place.runs / "half")

    assert printed.code == Exit.DIVERGED
    assert re.search(r"^\+.*Write it well\.$", printed.err, re.MULTILINE)
    assert "Nothing was run. Undo the change, or go on with --accept-drift" in printed.err
    assert "Traceback" not in printed.err


# Replaying and looking.


def test_replay(solved: Place, call: Callable[..., Printed]) -> None:
    """A replay that agrees says so in one sentence and ends with 0."""
    printed = call("replay", solved.runs / "done")

    assert printed.code == Exit.DONE
    assert printed.out.startswith("done: 3 cases agree (2 passed)")
    assert printed.err == ""


def test_replay_as_json(solved: Place, call: Callable[..., Printed]) -> None:
    """With --json a replay is one document; with --case it is of that case alone."""
    whole = call("replay", solved.runs / "done", "--json").document
    one = call("replay", solved.runs / "done", "--case", "T/0", "--json").document

    assert (whole["agreed"], whole["cases"], whole["divergences"]) == (True, 3, [])
    assert one["cases"] == 1


def test_replay_that_diverges(place: Place, call: Callable[..., Printed]) -> None:
    """A replay of changed code ends with 3, names the place and shows both sides."""
    call(*place.solving("--run-id", "one"))
    place.plugin.write_text(PLUGIN.replace("Write it.", "Write it well."))

    printed = call("replay", place.runs / "one")
    document = call("replay", place.runs / "one", "--json").document

    assert printed.code == Exit.DIVERGED
    assert "changed since it was recorded: writer" in printed.out
    assert "first divergence T/0/writer.0/generate.0" in printed.out
    assert re.search(r"^-.*Write it\.\s*$", printed.out, re.MULTILINE)
    assert re.search(r"^\+.*Write it well\.\s*$", printed.out, re.MULTILINE)
    assert document["divergences"][0]["path"] == "T/0/writer.0/generate.0"


@pytest.mark.parametrize("command", ["replay", "show", "resume"])
def test_forms_of_run(
    solved: Place, call: Callable[..., Printed], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """A run is found by its id, by `latest`, and by the path of its folder or its log."""
    monkeypatch.setenv("FRACTAL_AGENT_RUNS_DIR", str(solved.runs))

    for form in ("done", "latest", solved.runs / "done", solved.log("done")):
        assert call(command, form).code == Exit.DONE


@pytest.mark.parametrize("command", ["replay", "show", "resume"])
def test_run_that_is_not_there(solved: Place, call: Callable[..., Printed], command: str) -> None:
    """A run that is not there is a usage error that names one that is meant."""
    printed = call(command, "dome", "--runs-dir", solved.runs)

    assert printed.code == Exit.USAGE
    assert "Did you mean done?" in printed.err


def test_latest_where_there_is_none(place: Place, call: Callable[..., Printed]) -> None:
    """Where there are no runs, `latest` says how to make one."""
    printed = call("show", "latest", "--runs-dir", place.runs)

    assert printed.code == Exit.USAGE
    assert "make one with `solve`" in printed.err


@pytest.mark.parametrize("arguments", [["show", "RUN", "T/7"], ["replay", "RUN", "--case", "T/7"]])
def test_case_that_is_not_there(solved: Place, call: Callable[..., Printed], arguments: list[str]) -> None:
    """A case that is not in the run is a usage error that names those that are."""
    printed = call(*(solved.runs / "done" if part == "RUN" else part for part in arguments))

    assert printed.code == Exit.USAGE
    assert "valid are T/0, T/1, T/2" in printed.err


@pytest.mark.parametrize("command", ["replay", "show", "resume"])
def test_damaged_log(place: Place, call: Callable[..., Printed], command: str) -> None:
    """A damaged log ends with 4, with the line and the offset of the damage; it is not touched."""
    call(*place.solving("--run-id", "one", "--limit", "1"))
    log = place.log("one")
    damaged = log.read_bytes().replace(b"Adds 0", b"Adds 7", 1)
    log.write_bytes(damaged)

    printed = call(command, place.runs / "one")

    assert printed.code == Exit.CORRUPT
    assert re.search(r"line 2 \(byte \d+\) is damaged", printed.err)
    assert log.read_bytes() == damaged


@pytest.mark.parametrize("command", ["replay", "show", "resume"])
def test_file_that_is_no_log(place: Place, call: Callable[..., Printed], command: str) -> None:
    """A file that is no log ends with 4 and says what was expected."""
    place.log("one").parent.mkdir(parents=True)
    place.log("one").write_text("hello\n")

    printed = call(command, place.runs / "one")

    assert printed.code == Exit.CORRUPT
    assert "expected a log that begins with a RunStarted line" in printed.err


def test_show(solved: Place, call: Callable[..., Printed]) -> None:
    """A run is shown case by case, then as a whole."""
    printed = call("show", solved.runs / "done")

    assert re.search(r"T/1 +failed", printed.out)
    assert "2/3" in printed.out
    assert call("show", solved.runs / "done", "--json").document["passed"] == 2


def test_story(solved: Place, call: Callable[..., Printed]) -> None:
    """A case is shown as its story, from the problem to the verdict."""
    printed = call("show", solved.runs / "done", "T/1")
    document = call("show", solved.runs / "done", "T/1", "--json").document

    assert printed.out.index("Problem") < printed.out.index("Code") < printed.out.index("Hidden tests")
    assert (document["case"], document["passed"]) == ("T/1", False)


def test_runs(solved: Place, call: Callable[..., Printed], tmp_path: Path) -> None:
    """Runs are listed with their state; an empty place says how to make one."""
    listed = call("runs", "--runs-dir", solved.runs)

    assert re.search(r"done .* 3/3 .* completed", listed.out)
    assert call("runs", "--runs-dir", solved.runs, "--json").document[0]["run_id"] == "done"
    assert "Make one" in call("runs", "--runs-dir", tmp_path).out
    assert call("runs", "--runs-dir", tmp_path, "--json").document == []


def test_damaged_run_in_the_list(place: Place, call: Callable[..., Printed]) -> None:
    """A damaged run is listed with its problem and does not hide the others."""
    call(*place.solving("--run-id", "one", "--limit", "1"))
    place.log("two").parent.mkdir()
    place.log("two").write_text("hello\n")

    listed = call("runs", "--runs-dir", place.runs, "--json").document

    assert {line["run_id"]: line["state"] for line in listed} == {"one": "completed", "two": "damaged"}


@pytest.mark.parametrize("command", ["roles", "architectures"])
def test_catalog(place: Place, call: Callable[..., Printed], command: str) -> None:
    """What there is to choose from is listed, plug-ins included."""
    printed = call(command, "--plugin", place.plugin)
    document = call(command, "--plugin", place.plugin, "--json").document

    names = {row["name"] for row in document}
    assert {"writer", "coder"} <= names or {"direct", "baseline"} <= names
    assert all(name in printed.out for name in names)


def test_examples(place: Place, call: Callable[..., Printed]) -> None:
    """The examples of a dataset are listed by problem."""
    printed = call("examples", "--dataset", place.dataset, "--task", "T/1")
    document = call("examples", "--dataset", place.dataset, "--json").document

    assert printed.out == "T/1\n  f1(1)  ->  2\n"
    assert document["T/0"] == [{"call": "f0(1)", "expected": "1"}]


def test_examples_of_unknown_dataset(call: Callable[..., Printed]) -> None:
    """A dataset that is not there is a usage error here too."""
    assert call("examples", "--dataset", "humanevil").code == Exit.USAGE


# Where things are printed.


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
    root = Path(__file__).parents[2]

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)

    assert done.stderr == "[]\n"
