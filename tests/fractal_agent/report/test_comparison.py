"""Two runs side by side, as people and programs read them."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from events import (
    LOG_NAME,
    Branch,
    Entry,
    Event,
    GenerationCompleted,
    GenerationRequested,
    GradingCompleted,
    LogReader,
    Origin,
    PlanDrafted,
    ProblemPosed,
    RunStarted,
    Unknown,
)
from events.fakes import header
from fractal_agent.report.comparison import document, p_value, render
from replay.compare import Comparison, compare

GOLDEN = Path(__file__).parents[2] / "golden" / "v1"


def started(run_id: str, *, origin: Origin | None = None, **changes: object) -> RunStarted:
    usual = header(run_id=run_id)
    settings = msgspec.structs.replace(usual.settings, **changes)
    return msgspec.structs.replace(usual, settings=settings, origin=origin)


def log(start: RunStarted, *told: tuple[str, Event | Unknown]) -> list[Entry[Event | Unknown]]:
    """Each event follows from the one before it."""
    return [
        Entry(seq=seq, at=float(seq), path=path, cause=seq - 1 if seq > 1 else None, event=event)
        for seq, (path, event) in enumerate([("", start), *told])
    ]


def case(path: str, outcome: Any, plan: str = "", task: str = "") -> list[tuple[str, Event | Unknown]]:
    problem = ProblemPosed(task_id=task or path, prompt="def f(): ...", entry_point="f")
    return [
        (path, problem),
        (f"{path}/planner.0/generate.0", GenerationRequested(messages=())),
        (f"{path}/planner.0/generate.0", GenerationCompleted(text=plan, finish_reason="stop")),
        (f"{path}/planner.0", PlanDrafted(problem=problem, plan=plan)),
        (f"{path}/grade.0", GradingCompleted(outcome=outcome)),
    ]


def page(comparison: Comparison, *, whole: bool = False) -> str:
    """The rendered text, without the blanks that pad it."""
    console = Console(width=200, highlight=False)
    with console.capture() as captured:
        console.print(render(comparison, whole=whole))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


@pytest.fixture(scope="module")
def golden() -> Comparison:
    return compare(*(LogReader(GOLDEN / name / LOG_NAME) for name in ("agrees", "diverges")))


def test_equal_runs_take_one_line() -> None:
    """Two runs without a difference are told in one line, with how many passed."""
    one, other = (log(started(name), *case("A", "passed"), *case("B", "failed")) for name in ("a1", "b1"))

    assert (
        page(compare(one, other)) == "a1 and b1 do not differ: all 2 cases take the same course (1 passed)."
    )


def test_causes_are_told_before_verdicts_and_verdicts_before_cases(golden: Comparison) -> None:
    """A page says who asked otherwise, then what it won and lost, then where each case parts."""
    told = page(golden)

    marks = [
        "settings   the same",
        "sketcher: 6, the first difference of 3 cases",
        "+  content: Outline has_close_elements in one line.",
        "won   0",
        "case            first divergence",
        "draft-0/sketcher.0/generate.0    GenerationRequested: messages    passed -> passed",
        "--case HumanEval/0",
    ]
    places = [told.find(mark) for mark in marks]
    assert -1 not in places
    assert places == sorted(places)


def test_single_case_that_parts_is_told_in_full() -> None:
    """When one case only takes another course, its events and the chain of causes are on the page."""
    one = log(started("a1"), *case("A", "passed", "left"), *case("B", "passed"))
    other = log(started("b1"), *case("A", "failed", "right"), *case("B", "passed"))

    told = page(compare(one, other))

    assert "A/planner.0/generate.0  GenerationCompleted: text" in told
    assert "-  left\n+  right" in told
    assert "a and b  A                       ProblemPosed         agrees" in told
    assert "a and b  A/planner.0/generate.0  GenerationRequested  agrees" in told
    assert "lost  1  A" in told


def test_whole_page_leaves_out_the_figures_of_the_runs(golden: Comparison) -> None:
    """A page of one case has its events in full, and not the passes and tokens of all cases."""
    told = page(golden.of("HumanEval/53"), whole=True)

    assert "+  content: Outline add in one line." in told
    assert "tokens read" not in told
    assert "HumanEval/0" not in told


def test_settings_alone_may_differ() -> None:
    """Runs that were set differently and did the same say both."""
    one, other = (log(started("r", seed=seed), *case("A", "passed")) for seed in (1, 2))

    told = page(compare(one, other))

    assert "settings   seed: 1 -> 2" in told
    assert "No case took another course." in told


def test_long_lists_are_cut() -> None:
    """Of many cases in one run only, a line names the first and counts the rest."""
    many = [line for number in range(20) for line in case(f"A/{number}", "passed")]

    told = page(compare(log(started("a1")), log(started("b1"), *many)))

    assert "only in b  20  A/0, A/1, A/2, A/3, A/4, A/5, A/6, A/7 and 12 more" in told


def test_samples_have_a_row_each_and_no_chance() -> None:
    """A task that was paired with several samples has a row for each, and its verdicts no p-value."""
    branches = (Branch(name="sample-0"), Branch(name="sample-1"))
    origin = Origin(run_id="a1", log="", head="", branches=branches)
    samples = [
        line for name in ("x", "y") for line in case(f"sample-{'xy'.index(name)}/A", "failed", name, "A")
    ]
    found = compare(
        log(started("a1", tasks=("A",)), *case("A", "passed")),
        log(started("b1", tasks=("A",), origin=origin), *samples),
    )

    told = page(found)

    assert p_value(found) is None
    assert "the pairs are not independent" in told
    assert "A : sample-0/A    planner.0/generate.0" in told
    assert "A : sample-1/A    planner.0/generate.0" in told
    assert "b is a fork of a" in told


def test_chance_is_that_of_the_verdicts_that_changed() -> None:
    """The p-value counts what was won and lost, and not what stayed as it was or is open."""
    one = [line for number in range(6) for line in case(f"A/{number}", "failed" if number else "passed")]
    other = [line for number in range(6) for line in case(f"A/{number}", "passed")][:-1]

    found = compare(log(started("a1"), *one), log(started("b1"), *other))

    assert p_value(found) == 2 / 2**4


def test_document_is_json_with_events_as_the_log_has_them() -> None:
    """What --json prints holds both sides of a divergence, also of an event that is not known here."""
    happy, sad = (Unknown(type="Mood", raw=b'{"type":"Mood","is":"%s"}' % word) for word in (b"up", b"down"))
    runs = [log(started("r"), case("A", "passed")[0], ("A/x.0", mood)) for mood in (happy, sad)]

    told = json.loads(msgspec.json.encode(document(compare(*runs))))

    (found,) = told["cases"]
    assert (told["equal"], told["open"], found["verdict"]) == (False, ["A"], "open")
    assert found["divergence"]["a"]["event"] == {"type": "Mood", "is": "up"}
    assert found["divergence"]["summary"] == "Mood: is"
    assert found["divergence"]["a"]["causes"] == [{"path": "A", "type": "ProblemPosed", "agrees": True}]
