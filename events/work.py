"""What roles exchange: the problem, plans, steps, code and reviews, each carrying all its reader needs."""

from typing import Literal

import msgspec

from events.base import Event


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One call and its result as the problem's own prompt shows them, both as Python source.

    Of a program that reads and prints: an input and its output, both as text.
    """

    call: str
    expected: str


class ExampleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What happened when one example was run."""

    example: Example
    outcome: Literal["passed", "failed", "error", "timeout"]
    actual: str = ""
    """`repr` of what the call returned, cut to a bound; empty when it returned nothing to compare."""
    error: str = ""
    """`ValueError: ... (line 4: return int(x))` when the call raised; empty otherwise."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a plan that is split up, with the steps that are done inside it."""

    text: str
    inside: tuple["Step", ...] = ()


class Snippet(msgspec.Struct, frozen=True, kw_only=True):
    """The code of one step, with the code that goes inside its last block."""

    code: str
    inside: tuple["Snippet", ...] = ()


class ProblemPosed(Event, frozen=True, kw_only=True):
    """A problem as the model may see it. Hidden tests are not a field, so no role can reach them."""

    task_id: str
    prompt: str
    """Python source that ends in the signature and docstring of the function to write; of a program prose."""
    entry_point: str
    examples: tuple[Example, ...] = ()
    kind: Literal["function", "program"] = "function"
    """What is to be written: a function or class, or a program that reads its input and prints."""
    compare: str = ""
    """How a program's output is compared: `exact`, a tolerance as a number, or empty for token by token."""
    files: dict[str, str] = {}  # noqa: RUF012  # msgspec copies it
    """What lies in the working folder, text by file name; what is no text is a base64 `data:` URL."""


class PlanDrafted(Event, frozen=True, kw_only=True):
    problem: ProblemPosed
    plan: str


class CodeWritten(Event, frozen=True, kw_only=True):
    problem: ProblemPosed
    code: str
    """A whole module: imports and the function. Never prose."""
    plan: str = ""
    """The plan that the code follows; empty when it was written from the problem alone."""


class CodeReviewed(Event, frozen=True, kw_only=True):
    """What the visible examples say of the code."""

    problem: ProblemPosed
    code: str
    plan: str = ""
    passed: bool
    """True when no visible example fails; also when the problem shows none."""
    results: tuple[ExampleResult, ...] = ()
    error: str = ""
    """Why the code could not be loaded at all (a syntax error, say); empty when it could."""


class PlanRevised(Event, frozen=True, kw_only=True):
    problem: ProblemPosed
    plan: str
    previous: str
    """The plan that led to the failing code."""


class AlgorithmSketched(Event, frozen=True, kw_only=True):
    problem: ProblemPosed
    sketch: str
    """A few sentences of prose."""


class StepsListed(Event, frozen=True, kw_only=True):
    """A sketch is split into steps; in a tree of them some hold others."""

    problem: ProblemPosed
    sketch: str
    steps: tuple[Step, ...]


class StepPosed(Event, frozen=True, kw_only=True):
    """One step is to become code, without a look at the code of the others."""

    problem: ProblemPosed
    steps: tuple[Step, ...]
    """All of them, so that the writer knows what comes before and after."""
    number: str
    """Which one, counted from 1 on each level: `2`, or `2.1` for the first step inside the second."""
    step: Step


class SnippetWritten(Event, frozen=True, kw_only=True):
    number: str
    code: str
    """As the model wrote it, at the margin; without fences and prose."""
    whole: bool = False
    """True when it defines the entry point: a whole function where a snippet was asked for."""


class SnippetsGathered(Event, frozen=True, kw_only=True):
    """The snippets of all steps are there, in the order and nesting of the steps."""

    problem: ProblemPosed
    steps: tuple[Step, ...]
    snippets: tuple[Snippet, ...]
