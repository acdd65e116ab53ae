"""A message names an option only if the command that prints it has that option."""

import ast
from pathlib import Path

import pytest

from fractal_agent.cli import all_options, options_of, run
from fractal_agent.commands import advice
from fractal_agent.commands.advice import FORKED, fitting, options_in
from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import PLUGIN, Place

COMMANDS = [
    "solve",
    "experiment",
    "resume",
    "replay",
    "fork",
    "blame",
    "show",
    "diff",
    "verify",
    "salvage",
    "export",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_texts_of_a_command(command: str) -> None:
    """Every option in a text of a command's own module is an option of that command."""
    source = Path(advice.__file__).with_name(f"{command}.py").read_text(encoding="utf-8")
    texts = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    named = {option for text in texts if isinstance(text, str) for option in options_in(text)}

    assert named <= options_of([command])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place with an unfinished run, `one`, whose roles have changed since."""
    place = Place(tmp_path)
    monkeypatch.setenv("FRACTAL_AGENT_RUNS_DIR", str(place.runs))
    assert run(place.solving("--run-id", "done")) == Exit.DONE
    place.plugin.write_text(PLUGIN.replace("Write it.", "Write it well."))
    log = place.log("one")
    log.parent.mkdir()
    log.write_bytes(b"".join(place.log("done").read_bytes().splitlines(keepends=True)[:6]))
    (tmp_path / "server.jsonl").write_text("")
    return place


FAILING: list[list[str]] = [
    ["resume", "RUN"],
    ["resume", "GONE"],
    ["resume", "RUN", "--plugin", "nowhere.py"],
    ["replay", "RUN"],
    ["replay", "RUN", "--case", "T/9"],
    ["replay", "NO_PLUGIN"],
    ["show", "RUN", "T/9"],
    ["show", "GONE"],
    ["fork", "RUN", "--at", "T/0/writer.0"],
    ["fork", "RUN", "--at", "T/0/writer.9", "--set", "code=x"],
    ["fork", "RUN", "--at", "T/0/writer.0", "--cast", "writer=writer"],
    ["fork", "RUN", "--case", "T/9"],
    ["fork", "RUN", "--samples", "2"],
    ["fork", "RUN", "--engine", "openai"],
    ["fork", "RUN", "--set", "rounds"],
    ["fork", "NO_PLUGIN"],
    ["fork", "RUN", "--engine", "openai", "--base-url", "http://127.0.0.1:9/v1", "--model", "m"],
    ["blame", "RUN", "T/9"],
    ["blame", "RUN", "T/1"],
    ["blame", "RUN", "T/1", "--engine", "vllm"],
    ["blame", "DONE", "T/1", "--run-id", "one"],
    ["blame", "NO_PLUGIN", "T/1"],
    ["diff", "RUN", "GONE"],
    ["verify", "GONE"],
    ["salvage", "GONE"],
    ["export", "DONE", "--to", "csv"],
    ["experiment", "--report", "--out", "NOWHERE"],
    ["experiment", "--architectures", "none"],
    ["experiment", "--engine", "openai", "--script", "SCRIPT"],
    ["solve", "--cast", "critic"],
]


@pytest.mark.parametrize("arguments", FAILING, ids=" ".join)
def test_messages_of_a_failing_command(
    place: Place, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """What a command prints when it fails names no option that it lacks."""
    unplugged = place.runs / "unplugged" / "log.jsonl"
    unplugged.parent.mkdir()
    unplugged.write_bytes(place.log("done").read_bytes())
    if "NO_PLUGIN" in arguments:
        place.plugin.unlink()
    places = {
        "RUN": place.runs / "one",
        "DONE": place.runs / "done",
        "GONE": place.runs / "gone",
        "NO_PLUGIN": unplugged.parent,
        "NOWHERE": place.folder / "nowhere",
        "SCRIPT": place.script,
    }
    capsys.readouterr()

    code = run([str(places.get(argument, argument)) for argument in arguments])

    assert code not in {Exit.DONE, None}
    printed = capsys.readouterr()
    told = printed.out + printed.err
    assert told
    assert set(options_in(told)) <= options_of(arguments) | {"--help"}


@pytest.mark.parametrize(
    ("command", "text", "told"),
    [
        (
            "fork",
            "No server at x. Give its address as --base-url URL.",
            "No server at x. Give its address as --base-url URL.",
        ),
        ("resume", "No server at x; give its address as --base-url URL.", f"No server at x. {FORKED}"),
        ("fork", "It changed. Undo it, or go on with --accept-drift.", "It changed."),
        (
            "show",
            "Run `python -m fractal_agent solve --limit 1`.",
            "Run `python -m fractal_agent solve --limit 1`.",
        ),
        ("replay", "Use --engine openai.", FORKED),
        (
            "resume",
            "The server says: unknown flag --eager-mode.",
            "The server says: unknown flag --eager-mode.",
        ),
    ],
)
def test_advice_that_does_not_fit(command: str, text: str, told: str) -> None:
    """A part with an option that the command lacks is left out, and `fork` is named where it can help."""
    assert fitting(text, all_options() - options_of([command])) == told


def test_advice_outside_any_command() -> None:
    """Outside any command a message is left as it is."""
    assert fitting("Use --engine openai.") == "Use --engine openai."
