"""Kinds of failures, from what a log holds of a case."""

import pytest

from events import AnswerSubmitted, Entry, Event, GradingCompleted, ProblemPosed, SnippetWritten
from fractal_agent.report.failures import KINDS, count_kinds, failure_kind, told_kinds, whole_functions
from fractal_agent.sandbox import open_sandbox
from replay.timeline import CaseStory

PROBLEM = ProblemPosed(task_id="T/0", prompt='def f(x):\n    """Say."""\n', entry_point="f")
GOOD = "def f(x):\n    return x + 1\n"
TESTS = "def check(candidate):\n    assert candidate(1) == 2\n    assert abs(candidate(2) - 3) < 1\n"


def story(*events: Event) -> CaseStory:
    case = CaseStory("T/0", PROBLEM, 0.0)
    for number, event in enumerate(events):
        case.add(Entry(seq=number, at=0.0, path="T/0/x", cause=None, event=event))
    return case


def failed(code: str, outcome: str, error: str = "") -> CaseStory:
    verdict = GradingCompleted(outcome=outcome, error=error)  # type: ignore[arg-type]
    return story(AnswerSubmitted(code=code), verdict)


PROGRAMS = {
    "def f(x)\n    return x\n": "syntax",
    "def f(x):\n    return (x\n": "syntax",
    "def f(x):\n    return x\n      y\n": "indentation",
    "def f(x):\n    for i in x:\n    return i\n": "indentation",
    "def f(x):\n    return y\n": "name",
    "import nonesuch\ndef f(x):\n    return x\n": "name",
    "def f(x):\n    return x.nonesuch\n": "name",
    "def f(x):\n    return x\n": "wrong_answer",
    "def f(x):\n    pass\n": "wrong_answer",
    "def f(x):\n    return 2 if x == 1 else None\n": "wrong_answer",
    "def f(x):\n    raise ValueError\n": "exception",
    "def f(x):\n    assert not x\n": "exception",
    "import sys\ndef f(x):\n    sys.exit(0)\n": "exception",
    "def g(x):\n    return x\n": "no_function",
    "": "no_function",
    "f = 3\nf = f + undefined\n": "name",
    "from operator import index as f\n": "wrong_answer",
    "class f:\n    def __init__(self, x):\n        self.x = x\n\n\nThis class is sound.\n": "pollution",
    f"{GOOD}\nThis function adds one.\n": "pollution",
    f"{GOOD}```\n": "pollution",
    f"{GOOD}\nprint(f(undefined))\n": "pollution",
    f"{GOOD}\nassert f(1) == 7\n": "pollution",
    GOOD: None,
}


async def test_real_verdicts_have_the_kind_that_a_reader_would_give() -> None:
    """What the sandbox says of each program leads to its kind."""
    found = {}
    async with open_sandbox() as sandbox:
        for code in PROGRAMS:
            verdict = await sandbox.grade(code, "f", TESTS)
            found[code] = failure_kind(story(AnswerSubmitted(code=code), verdict))

    assert found == PROGRAMS


@pytest.mark.parametrize(
    ("outcome", "error", "kind"),
    [
        ("timeout", "used 10 s of processor time", "timeout"),
        ("killed", "printed more than 1048576 bytes", "exception"),
        ("passed", "", None),
    ],
)
def test_other_ends_have_their_kinds(outcome: str, error: str, kind: str | None) -> None:
    """A timeout is its own kind; whoever was killed ended exceptionally."""
    assert failure_kind(failed(GOOD, outcome, error)) == kind


def test_case_without_a_verdict_is_unfinished() -> None:
    """A case that was stopped on its way has no other kind, whatever it had written."""
    assert failure_kind(story()) == failure_kind(story(AnswerSubmitted(code=GOOD))) == "unfinished"


def test_kinds_are_counted_in_their_order() -> None:
    """Counts leave out kinds of none and passes, and come in the order in which kinds are listed."""
    cases = [
        failed(GOOD, "timeout"),
        failed("def f(", "error", "SyntaxError: x"),
        failed(GOOD, "passed"),
        story(),
    ]

    counts = count_kinds(cases)

    assert list(counts.items()) == [("syntax", 1), ("timeout", 1), ("unfinished", 1)]
    assert told_kinds({"wrong_answer": 3, "timeout": 1}) == "3 wrong answer, 1 timeout"
    assert set(counts) <= set(KINDS)


def test_snippets_that_are_whole_functions_are_counted() -> None:
    """Of the snippets of a case, those count that define the entry point."""
    case = story(SnippetWritten(number="1", code="x = 1"), SnippetWritten(number="2", code=GOOD, whole=True))

    assert whole_functions(case) == (1, 2)
