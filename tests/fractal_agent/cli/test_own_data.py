"""Data of one's own on the command line: every kind of task is solved, replayed, resumed, forked and exported."""

# ruff: noqa: E501  # A task in a table is read best on few lines.

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import Printed

Call = Callable[..., Printed]

PROSE = "Print the square of a number.\n\nInput\n3\n\nOutput\n9\n"
BOX = "    def __init__(self):\n        self.items = []\n\n    def put(self, x):\n        self.items.append(x)\n"
TASKS: list[dict[str, object]] = [
    {
        "task_id": "program/0",
        "prompt": PROSE,
        "tests": [["3\n", "9\n"], ["71\n", "5041\n"]],
        "canonical_solution": "print(int(input()) ** 2)\n",
    },
    {
        "task_id": "program/1",
        "prompt": "Print the line in a.txt that the input names.",
        "files": {"a.txt": "zero\none\n"},
        "tests": [{"input": "1", "output": "one", "public": True}, {"input": "0", "output": "zero"}],
        "canonical_solution": "print(open('a.txt').read().split()[int(input())])\n",
    },
    {
        "task_id": 7,
        "text": "Write a function to add.",
        "code": "def plus(a, b):\n    return a + b",
        "test_list": ["assert plus(1, 2) == 3", "assert plus(2, 40) == 42"],
    },
    {
        "task_id": "async/0",
        "prompt": 'async def more(x):\n    """\n    >>> await more(1)\n    2\n    """\n',
        "entry_point": "more",
        "test": "async def check(candidate):\n    assert await candidate(41) == 42\n",
        "canonical_solution": "    return x + 1\n",
    },
    {
        "task_id": "class/0",
        "prompt": 'class Box:\n    """A box."""\n',
        "entry_point": "Box",
        "test": "def check(candidate):\n    box = candidate()\n    box.put(42)\n    assert box.items == [42]\n",
        "canonical_solution": BOX,
    },
    {
        "task_id": "files/0",
        "prompt": 'def size(name):\n    """\n    >>> size(\'a.txt\')\n    2\n    """\n',
        "entry_point": "size",
        "files": {"a.txt": "hi"},
        "test": "with open('b.txt', 'w') as file:\n    file.write('x' * 42)\nassert size('b.txt') == 42\n",
        "canonical_solution": "    return len(open(name).read())\n",
    },
]
ANSWERS = {
    "program/0/*": "print(int(input()) ** 2)",
    "program/1/*": "print(open('a.txt').read().split()[int(input())])",
    "7/*": "def plus(a, b):\n    return a + b",
    "async/0/*": "async def more(x):\n    return x + 1",
    "class/0/*": f"class Box:\n{BOX}",
    "files/0/*": "def size(name):\n    return len(open(name).read())",
}


class Own:
    """A folder with data of all kinds and a script that solves it."""

    def __init__(self, folder: Path) -> None:
        self.runs = folder / "runs"
        self.dataset = folder / "mine.jsonl"
        self.script = folder / "script.jsonl"
        self.pose(TASKS)
        self.answer(ANSWERS)

    def pose(self, tasks: list[dict[str, object]]) -> None:
        self.dataset.write_text("".join(json.dumps(task) + "\n" for task in tasks))

    def answer(self, answers: dict[str, str]) -> None:
        lines = [{"path": path, "text": text} for path, text in answers.items()]
        self.script.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def solving(self, *options: str) -> list[str]:
        scripted = ["--engine", "scripted", "--script", str(self.script)]
        own = ["--dataset", str(self.dataset), "--runs-dir", str(self.runs), "--architecture", "resample"]
        return ["solve", *own, *scripted, *options]


@pytest.fixture
def own(tmp_path: Path) -> Own:
    return Own(tmp_path)


def test_every_kind(own: Own, call: Call, tmp_path: Path) -> None:
    """A run of all kinds passes, replays, verifies, shows, differs from none, and is exported."""
    solved = call(*own.solving("--run-id", "one", "--json"))
    assert (solved.code, solved.document["passed"]) == (Exit.DONE, len(TASKS)), solved.err
    assert call(*own.solving("--run-id", "two", "--no-check-data")).code == Exit.DONE

    at = ["--runs-dir", own.runs]
    assert "6 cases agree (6 passed)" in call("replay", "one", *at).out
    assert call("verify", "one", *at).code == Exit.DONE
    assert "print(int(input()) ** 2)" in call("show", "one", "program/0", *at).out
    assert call("diff", "one", "two", *at).code == Exit.DONE
    assert call("resume", "one", *at).code == Exit.DONE
    for kind in ("parquet", "otel-json"):
        assert call("export", "one", "--to", kind, "--output", tmp_path / kind, *at).code == Exit.DONE


def test_hidden_values_stay_hidden(own: Own, call: Call) -> None:
    """No hidden input and no hidden output stands in the log."""
    call(*own.solving("--run-id", "one"))

    log = (own.runs / "one" / "log.jsonl").read_text()
    assert not [text for text in ("5041", "71\\n", "candidate(41)", "plus(2, 40)") if text in log]


def test_resume_and_fork(own: Own, call: Call) -> None:
    """A run that stopped half-way goes on, and a fork of a program's answer is run."""
    own.answer({path: text for path, text in ANSWERS.items() if not path.startswith("class")})
    at = ["--runs-dir", own.runs]
    stopped = call(*own.solving("--run-id", "one", "--concurrency", "1"))
    own.answer(ANSWERS)

    resumed = call("resume", "one", *at, "--json")
    forked = call(
        "fork", "one", "--at", "program/0/coder.0/generate.0", "--set", "text=print(1)", *at, "--run-id", "f"
    )

    assert stopped.code != Exit.DONE
    assert (resumed.code, resumed.document["passed"]) == (Exit.DONE, len(TASKS)), resumed.err
    assert forked.code == Exit.DONE, forked.err
    assert call("replay", "f", *at).code == Exit.DONE


@pytest.mark.parametrize("architecture", ["flat", "tree"])
def test_architecture_for_functions_alone(own: Own, call: Call, architecture: str) -> None:
    """An architecture that writes a function's body line by line refuses programs and classes at the start."""
    for task, kind in (("program/0", "program"), ("class/0", "class")):
        refused = call(*own.solving("--architecture", architecture, "--task", task))

        assert refused.code == Exit.USAGE
        assert f"{task} asks for a {kind}, and the architecture {architecture} writes" in refused.err


@pytest.mark.parametrize("architecture", ["baseline", "guided", "repair", "resample", "redraft"])
def test_architectures(own: Own, call: Call, architecture: str) -> None:
    """Every other architecture solves a program, and a wrong first answer is repaired or drawn again."""
    own.answer({"program/0/coder.0*": "print(input())", "*": "print(int(input()) ** 2)"})

    solved = call(
        *own.solving("--architecture", architecture, "--task", "program/0", "--run-id", "a", "--json")
    )

    assert solved.code == Exit.DONE
    assert solved.document["passed"] == (architecture not in {"baseline", "guided"})
    assert call("replay", "a", "--runs-dir", own.runs).code == Exit.DONE


def test_oracle(own: Own, call: Call) -> None:
    """With oracle feedback the hidden pairs of a program are run too."""
    own.answer({"*": "print(9)"})

    solved = call(*own.solving("--feedback", "oracle", "--task", "program/0", "--run-id", "o", "--json"))

    assert (solved.code, solved.document["passed"]) == (Exit.DONE, 0)
    assert "5041" in (own.runs / "o" / "log.jsonl").read_text()


def test_exec_of_a_program(call: Call, tmp_path: Path) -> None:
    """`exec` tries a program on pairs in JSON, in any of their shapes."""
    program = tmp_path / "square.py"
    program.write_text("print(int(input()) ** 2)\n")
    shapes = {
        "list.json": [{"input": "3", "output": "9"}, {"input": "4", "output": "17"}],
        "object.json": {"inputs": ["3", "4"], "outputs": ["9", "17"]},
        "task.json": {"prompt": "x", "tests": [["3", "9"], ["4", "17"]]},
    }
    for name, pairs in shapes.items():
        (tmp_path / name).write_text(json.dumps(pairs))
    (tmp_path / "lines.jsonl").write_text('{"input": "3", "output": "9"}\n{"input": "4", "output": "17"}\n')
    (tmp_path / "tests.py").write_text("__pairs__ = [('3', '9'), ('4', '17')]")

    for name in (*shapes, "lines.jsonl", "tests.py"):
        tried = call("exec", program, "--tests", tmp_path / name, "--json")

        assert (tried.code, tried.document["passed"], tried.document["failures"]) == (Exit.FAILED, 1, 1), name
        assert tried.document["failed"][0]["actual"] == "16\n"
    (tmp_path / "broken.json").write_text("{")
    assert call("exec", program, "--tests", tmp_path / "broken.json").code == Exit.USAGE
