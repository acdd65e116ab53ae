"""`--max-tokens` and `--temperature`, for every role or for one."""

from collections.abc import Callable

import pytest

from events import GenerationRequested, LogReader
from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import Place, Printed


def asked(place: Place, run_id: str) -> dict[str, tuple[int, float]]:
    """Path to budget and temperature of each request for the first problem."""
    return {
        entry.path: (entry.event.max_tokens, entry.event.temperature)
        for entry in LogReader(place.log(run_id))
        if isinstance(entry.event, GenerationRequested) and entry.path.startswith("T/0/")
    }


def guided(place: Place, *options: str) -> list[str]:
    scripted = ["--engine", "scripted", "--runs-dir", str(place.runs), "--run-id", "one"]
    return ["solve", "--dataset", str(place.dataset), "--architecture", "guided", *scripted, *options]


def test_roles_keep_their_own(place: Place, call: Callable[..., Printed]) -> None:
    """Without the options each role asks with its own budget and temperature."""
    call(*guided(place))

    assert asked(place, "one") == {
        "T/0/planner.0/generate.0": (256, 0.0),
        "T/0/coder.0/generate.0": (512, 0.0),
    }


def test_one_for_all_and_one_for_one(place: Place, call: Callable[..., Printed]) -> None:
    """A bare number is for every role, and one with a role's name goes before it."""
    options = ["--max-tokens", "2048", "--max-tokens", "coder=64", "--temperature", "planner=0.5"]
    printed = call(*guided(place, *options))

    assert asked(place, "one") == {
        "T/0/planner.0/generate.0": (2048, 0.5),
        "T/0/coder.0/generate.0": (64, 0.0),
    }
    assert printed.code == Exit.DONE
    assert call("replay", "one", "--runs-dir", place.runs).code == Exit.DONE


def test_fork_changes_them(place: Place, call: Callable[..., Printed]) -> None:
    """A fork sets a budget for every role by a number, and for some by a JSON object."""
    call(*guided(place))

    call("fork", "one", "--set", "max_tokens=99", "--run-id", "two", "--runs-dir", place.runs)
    changed = 'temperature={"planner": 1.0}'
    call("fork", "one", "--set", changed, "--run-id", "three", "--runs-dir", place.runs)

    assert {budget for budget, _ in asked(place, "two").values()} == {99}
    assert asked(place, "three")["T/0/planner.0/generate.0"] == (256, 1.0)


@pytest.mark.parametrize(
    ("option", "value", "found"),
    [
        ("--max-tokens", "many", "expected a number, or ROLE=NUMBER"),
        ("--max-tokens", "1.5", "expected a number, or ROLE=NUMBER"),
        ("--max-tokens", "0", "expected a number from 1 to 1,000,000"),
        ("--max-tokens", "coder=-1", "expected a number from 1 to 1,000,000"),
        ("--max-tokens", "codre=5", "did you mean coder?"),
        ("--temperature", "3", "expected a number from 0 to 2"),
        ("--temperature", "nan", "expected a number from 0 to 2"),
        ("--temperature", "=", "expected a number, or ROLE=NUMBER"),
    ],
)
def test_what_does_not_fit(
    place: Place, call: Callable[..., Printed], option: str, value: str, found: str
) -> None:
    """A value or a role that makes no sense is refused before anything runs."""
    printed = call(*guided(place, option, value))

    assert printed.code == Exit.USAGE
    assert found in " ".join(printed.err.replace("│", " ").split())
    assert not place.runs.exists()


def test_fork_refuses_what_does_not_fit(place: Place, call: Callable[..., Printed]) -> None:
    """A budget of nothing is refused in a fork too, for every role or one."""
    call(*guided(place))

    for value in ("max_tokens=0", 'max_tokens={"coder": 0}', "temperature=9"):
        printed = call("fork", "one", "--set", value, "--runs-dir", place.runs)
        assert printed.code == Exit.USAGE
        assert "is from" in printed.err
