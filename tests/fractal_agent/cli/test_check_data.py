"""Data of one's own is checked before a model is asked."""

import json
from collections.abc import Callable

from events import CaseSetAside, GenerationRequested, LogReader
from fractal_agent.exits import Exit
from tests.fractal_agent.cli.place import Place, Printed

UNFIT = "def check(candidate):\n    assert candidate(lambda: 1) == 2\n"


def spoil(place: Place, *numbers: int) -> None:
    """Gives these tasks tests that cannot judge."""
    lines = [json.loads(line) for line in place.dataset.read_text().splitlines()]
    for number in numbers:
        lines[number]["test"] = UNFIT
    place.dataset.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_unfit_task_costs_no_token(place: Place, call: Callable[..., Printed]) -> None:
    """It is told with its line before the engine starts, set aside unasked, and the others finish."""
    spoil(place, 1)

    printed = call(*place.solving("--run-id", "one"))

    assert printed.code == Exit.FAILED
    assert "2 of 3 tasks are fit" in printed.err
    assert "line 2 (T/1): its tests cannot judge" in printed.err
    assert printed.err.index("tasks are fit") < printed.err.index("Starting the scripted engine")
    entries = list(LogReader(place.log("one")))
    asked = {entry.path.split("/")[1] for entry in entries if isinstance(entry.event, GenerationRequested)}
    assert asked == {"0", "2"}
    left = [entry.event for entry in entries if isinstance(entry.event, CaseSetAside)]
    assert [event.kind for event in left] == ["TaskUnfit"]


def test_mended_data_is_taken_up(place: Place, call: Callable[..., Printed]) -> None:
    """Once the data is corrected, `resume --failed` gives the case its verdict."""
    good = place.dataset.read_text()
    spoil(place, 1)
    call(*place.solving("--run-id", "one"))
    place.dataset.write_text(good)

    printed = call("resume", "one", "--failed", "--runs-dir", place.runs, "--json")

    assert printed.code == Exit.DONE
    assert (printed.document["graded"], printed.document["caveats"]["set_aside"]) == (3, 0)


def test_nothing_fit(place: Place, call: Callable[..., Printed]) -> None:
    """Where no task can be judged no engine is started and no run is made."""
    spoil(place, 0, 1, 2)

    printed = call(*place.solving("--run-id", "one"))

    assert printed.code == Exit.USAGE
    assert "no task can be judged, so no model was started" in printed.err
    assert not place.log("one").exists()


def test_switched_off(place: Place, call: Callable[..., Printed]) -> None:
    """With --no-check-data the task is tried, and set aside when its tests turn out unable to judge."""
    spoil(place, 1)

    printed = call(*place.solving("--run-id", "one", "--no-check-data"))

    assert printed.code == Exit.FAILED
    assert "tasks are fit" not in printed.err
    left = [entry.event for entry in LogReader(place.log("one")) if isinstance(entry.event, CaseSetAside)]
    assert [event.kind for event in left] == ["TestsUnusable"]


def test_experiment_checks_once(place: Place, call: Callable[..., Printed]) -> None:
    """An experiment sets the unfit case aside in each cell and exits with 1."""
    spoil(place, 1)

    printed = call(*place.comparing("--json"))

    assert printed.code == Exit.FAILED
    assert [cell["caveats"]["set_aside"] for cell in printed.document["cells"]] == [1]


def test_check_command(place: Place, call: Callable[..., Printed]) -> None:
    """`check` lists what is unfit and exits with 1; good data exits with 0."""
    good = call("check", place.dataset)
    spoil(place, 2)
    bad = call("check", place.dataset, "--json")

    assert (good.code, good.out) == (Exit.DONE, f"{place.dataset}: 3 of 3 tasks are fit\n")
    assert bad.code == Exit.FAILED
    assert [finding["line"] for finding in bad.document["unfit"]] == [3]
