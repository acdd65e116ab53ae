"""`solve`, by its exit codes and by what it prints where."""

from collections.abc import Callable

import pytest

from events import LogReader, RunStarted
from fractal_agent.exits import Exit
from replay.timeline import Timeline
from tests.fractal_agent.cli.place import PLUGIN, Place, Printed, right, started


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

    log = LogReader(place.log(printed.document["run_id"]))
    started = next(entry.event for entry in log if isinstance(entry.event, RunStarted))
    assert list(started.cases) == cases


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


def test_role_that_raises(place: Place, call: Callable[..., Printed]) -> None:
    """A mistake in an architecture ends the command with 1, the traceback, and the path of the case."""
    place.plugin.write_text(
        PLUGIN.replace("return await stage.ask(writer, problem)", "return problem.nothing")
    )

    printed = call(*place.solving("--limit", "1"))

    assert printed.code == Exit.FAILED
    assert "plugin.py" in printed.err
    assert "Set aside T/0: AttributeError: 'ProblemPosed' object has no attribute 'nothing'" in printed.err


def test_role_that_exits_is_set_aside(place: Place, call: Callable[..., Printed]) -> None:
    """A role that calls sys.exit does not end the run; its cases are set aside, which the log says too."""
    place.plugin.write_text(
        PLUGIN.replace("    answer = await", '    sys.exit("no numpy")\n    answer = await')
    )

    printed = call(*place.solving("--run-id", "one"))

    assert printed.code == Exit.FAILED
    assert "writer raised SystemExit: no numpy" in printed.err
    assert "plugin.py" in printed.err
    timeline = Timeline.of(LogReader(place.log("one")))
    assert (timeline.state, len(timeline.set_aside), timeline.graded) == ("completed", 3, [])


def test_plugin_that_exits_is_a_usage_error(place: Place, call: Callable[..., Printed]) -> None:
    """A plug-in that ends the process when it is imported is named, with what it said."""
    place.plugin.write_text('import sys\nsys.exit("this needs numpy")\n')

    printed = call("roles", "--plugin", place.plugin)

    assert printed.code == Exit.USAGE
    assert "this needs numpy" in printed.err


def test_run_goes_on_when_nobody_reads_its_progress(place: Place) -> None:
    """With the reader of stderr gone, the run is completed and its summary is on stdout."""
    with started(*place.solving("--run-id", "one")) as process:
        assert process.stderr
        assert process.stdout
        process.stderr.close()
        printed = process.stdout.read()
        assert process.wait(timeout=60) == Exit.DONE

    assert "2/3" in printed
    assert Timeline.of(LogReader(place.log("one"))).completed
