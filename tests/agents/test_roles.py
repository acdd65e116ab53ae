"""The four roles, each tried alone against a scripted world."""

import pytest

from agents.coder import coder
from agents.critic import critic
from agents.planner import planner
from agents.repairer import repairer
from agents.role import Role, built_in_roles
from agents.testing import ScriptedContext
from events import (
    CodeReviewed,
    CodeWritten,
    Example,
    ExampleResult,
    ExecutionCompleted,
    PlanDrafted,
    PlanRevised,
    ProblemPosed,
)

EXAMPLE = Example(call="double(2)", expected="4")
PROBLEM = ProblemPosed(
    task_id="Test/0",
    prompt='def double(x):\n    """Twice x.\n    >>> double(2)\n    4\n    """\n',
    entry_point="double",
    examples=(EXAMPLE,),
)
PLAN = PlanDrafted(problem=PROBLEM, plan="1. Multiply x by 2.")
CODE = CodeWritten(problem=PROBLEM, plan=PLAN.plan, code="def double(x):\n    return x\n")


def review(*results: ExampleResult, error: str = "") -> CodeReviewed:
    return CodeReviewed(
        problem=PROBLEM, plan=PLAN.plan, code=CODE.code, passed=False, results=results, error=error
    )


def failed(outcome: str = "failed", *, actual: str = "2", error: str = "") -> ExampleResult:
    return ExampleResult(example=EXAMPLE, outcome=outcome, actual=actual, error=error)  # type: ignore[arg-type]


def test_there_are_four() -> None:
    """The package offers the planner, the coder, the critic and the repairer, by name."""
    assert {"coder", "critic", "planner", "repairer"} <= set(built_in_roles())


async def test_planner_shows_the_problem_and_keeps_the_steps() -> None:
    """The planner's prompt holds the problem's prompt, and its event holds the steps it was told."""
    ctx = ScriptedContext([" Multiply x by 2.\n2. Return it."])

    plan = await planner.act(PROBLEM, ctx)

    assert PROBLEM.prompt.strip() in ctx.generations[0].messages[0].content
    assert plan == PlanDrafted(problem=PROBLEM, plan="1. Multiply x by 2.\n2. Return it.")


async def test_coder_begins_with_the_prompts_own_code() -> None:
    """The coder lets the model go on from the signature, and keeps the whole function."""
    ctx = ScriptedContext(["    return 2 * x\n"])

    written = await coder.act(PROBLEM, ctx)

    assert PROBLEM.prompt.strip() in ctx.generations[0].prefill
    assert written.plan == ""
    assert written.code.rstrip().endswith("return 2 * x")
    assert "def double(x):" in written.code


@pytest.mark.parametrize("task", [PLAN, PlanRevised(problem=PROBLEM, plan=PLAN.plan, previous="1. Guess.")])
async def test_coder_follows_the_plan(task: PlanDrafted | PlanRevised) -> None:
    """A plan stands in the coder's prompt and in the event it returns; the old plan does not."""
    ctx = ScriptedContext(["    return 2 * x\n"])

    written = await coder.act(task, ctx)

    assert "1. Multiply x by 2." in ctx.generations[0].messages[0].content
    assert "Guess" not in ctx.generations[0].messages[0].content
    assert written.plan == PLAN.plan


async def test_critic_runs_the_visible_examples_and_nothing_else() -> None:
    """The critic executes exactly the problem's own examples and asks no model."""
    ctx = ScriptedContext(executions=[ExecutionCompleted(outcome="failed", results=(failed(),))])

    reviewed = await critic.act(CODE, ctx)

    assert ctx.executed[0].examples == PROBLEM.examples
    assert ctx.generations == []
    assert (reviewed.passed, reviewed.results) == (False, (failed(),))


async def test_critic_hands_on_why_code_does_not_load() -> None:
    """A program that cannot be loaded is reviewed as failed, with the reason."""
    error = ExecutionCompleted(outcome="error", error="SyntaxError: invalid syntax (line 2)")

    reviewed = await critic.act(CODE, ScriptedContext(executions=[error]))

    assert (reviewed.passed, reviewed.error) == (False, "SyntaxError: invalid syntax (line 2)")


@pytest.mark.parametrize(
    ("reviewed", "told"),
    [
        (review(failed()), "double(2) should return 4, but it returns 2."),
        (
            review(failed("error", error="TypeError: no (line 2: return x)")),
            "double(2) should return 4, but it raises TypeError: no (line 2: return x)",
        ),
        (review(failed("timeout")), "double(2) should return 4, but it does not finish."),
        (review(error="SyntaxError: bad"), "The code cannot be loaded: SyntaxError: bad"),
    ],
)
async def test_repairer_reads_plan_code_and_failure(reviewed: CodeReviewed, told: str) -> None:
    """The repairer's prompt holds the old plan, the code, and what happened to the failing example."""
    ctx = ScriptedContext([" Multiply x by 2, not 1."])

    revised = await repairer.act(reviewed, ctx)

    content = ctx.generations[0].messages[0].content
    assert told in content
    assert PLAN.plan in content
    assert CODE.code.strip() in content
    assert revised == PlanRevised(problem=PROBLEM, plan="1. Multiply x by 2, not 1.", previous=PLAN.plan)


async def test_repairer_names_three_failures_at_most() -> None:
    """Ten failing examples become three in the prompt, and passing ones none."""
    results = (failed("passed"), *(failed(actual=str(number)) for number in range(10)))
    ctx = ScriptedContext([" Try again."])

    await repairer.act(review(*results), ctx)

    assert ctx.generations[0].messages[0].content.count("should return") == 3


@pytest.mark.parametrize("name", ["coder", "critic", "planner", "repairer"])
def test_role_file_is_short(name: str) -> None:
    """A role can be read in a minute: its file has at most 90 lines."""
    role: Role[ProblemPosed, CodeWritten] = built_in_roles()[name]

    assert role.source.count("\n") <= 90


async def test_example_that_ends_the_program_is_named_not_called_unloadable() -> None:
    """A program that loaded and was killed in an example is reviewed by its examples."""
    killed = ExecutionCompleted(outcome="timeout", results=(failed("timeout"),), error="used 10 s")

    reviewed = await critic.act(CODE, ScriptedContext(executions=[killed]))

    assert (reviewed.error, reviewed.results) == ("", (failed("timeout"),))


async def test_coder_is_greedy_first_and_varied_after_a_revision() -> None:
    """The first code is greedy; a revised plan is sampled from, or the same code would come again."""
    ctx = ScriptedContext(["    return 2 * x\n"] * 2)

    await coder.act(PLAN, ctx)
    await coder.act(PlanRevised(problem=PROBLEM, plan="1. Add.", previous=PLAN.plan), ctx)

    assert [request.temperature for request in ctx.generations] == [0.0, 0.8]
