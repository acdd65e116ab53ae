"""Roles asked for a program or a class, each against a scripted world."""

from agents.coder import STOPS, coder
from agents.critic import critic
from agents.planner import planner
from agents.repairer import repairer
from agents.sampler import sampler
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

EXAMPLE = Example(call="3\n", expected="9\n")
PROBLEM = ProblemPosed(
    task_id="P/0",
    prompt="Print the square of a number.\n\nInput: 3\nOutput: 9\n",
    entry_point="main",
    examples=(EXAMPLE,),
    kind="program",
    compare="exact",
    files={"a.txt": "x"},
)
PLAN = PlanDrafted(problem=PROBLEM, plan="1. Read it.")
PROGRAM = "if __name__ == '__main__':\n    print(int(input()) ** 2)\n"


async def test_coder_writes_a_program() -> None:
    """The coder asks for a complete program, is not stopped where one goes on, and keeps all of it."""
    ctx = ScriptedContext([f"{PROGRAM}```"])

    written = await coder.act(PLAN, ctx)

    asked = ctx.generations[0]
    assert written.code == PROGRAM
    assert "complete Python program" in asked.messages[0].content
    assert "1. Read it." in asked.messages[0].content
    assert not set(asked.stop) & (set(STOPS) - {"\n```\n"})


async def test_revised_plan_and_sampler_draw_warmer() -> None:
    """A program from a revised plan, and a sampled one, are drawn with a temperature."""
    ctx = ScriptedContext([PROGRAM, PROGRAM])

    await coder.act(PlanRevised(problem=PROBLEM, plan="1. Read.", previous=""), ctx)
    await sampler.act(PROBLEM, ctx)

    assert [request.temperature for request in ctx.generations] == [0.8, 0.8]


async def test_planner_plans_a_program() -> None:
    """The planner is asked how to read the input and what to print."""
    ctx = ScriptedContext([" Read it."])

    await planner.act(PROBLEM, ctx)

    assert "how to read the input" in ctx.generations[0].messages[0].content
    assert "function" not in ctx.generations[0].messages[0].content


async def test_critic_runs_pairs() -> None:
    """The critic has the visible pairs run as the problem says: its kind, comparison and files."""
    ctx = ScriptedContext(executions=[ExecutionCompleted(outcome="passed")])

    await critic.act(CodeWritten(problem=PROBLEM, code=PROGRAM), ctx)

    (asked,) = ctx.executed
    assert (asked.kind, asked.compare, asked.files, asked.examples) == (
        "program",
        "exact",
        {"a.txt": "x"},
        (EXAMPLE,),
    )


async def told(outcome: str, *, actual: str = "", error: str = "") -> str:
    result = ExampleResult(example=EXAMPLE, outcome=outcome, actual=actual, error=error)  # type: ignore[arg-type]
    review = CodeReviewed(problem=PROBLEM, code=PROGRAM, plan="1. Read it.", passed=False, results=(result,))
    ctx = ScriptedContext([" Square it."])
    await repairer.act(review, ctx)
    return ctx.generations[0].messages[0].content


async def test_repairer_is_told_input_expected_and_actual_output() -> None:
    """The repairer reads the problem, the input, what should be printed, and what was."""
    request = await told("failed", actual="6\n")

    assert "Print the square of a number." in request
    assert "On the input\n```\n3\n```\nit should print\n```\n9\n```\nbut it prints\n```\n6\n```" in request
    assert "but it does not finish." in await told("timeout")
    assert "but it ends with ValueError: x" in await told("error", error="ValueError: x")


async def test_long_output_is_cut() -> None:
    """What floods the output does not flood the prompt."""
    assert len(await told("failed", actual="x" * 100_000)) < 3_000


async def test_coder_writes_a_class() -> None:
    """For a class the coder asks for the whole class, and keeps it without what would use it."""
    problem = ProblemPosed(task_id="C/0", prompt='class Box:\n    """A box."""\n', entry_point="Box")
    ctx = ScriptedContext(["class Box:\n    size = 1\n\nprint(Box())\n```"])

    written = await coder.act(problem, ctx)

    assert "Complete this Python class." in ctx.generations[0].messages[0].content
    assert written.code == "class Box:\n    size = 1\n"
