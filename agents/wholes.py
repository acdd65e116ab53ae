"""What Coder, Sampler and Repairer say and do where not a function is asked for: a program, or a class.

A program reads its input and prints.
"""

from agents.context import Context
from agents.replies.whole import class_of, program_of
from events.effects import Message
from events.work import CodeWritten, ExampleResult, ProblemPosed

PLAN = """Follow this plan:

{plan}

"""

PROGRAM_PROMPT = """\
{prompt}

Write a complete Python program that solves this problem. It reads from standard input and prints to \
standard output. {plan}\
Answer with one code block that holds the whole program and nothing else."""

PROGRAM_PREFILL = "```python\n"
PROGRAM_STOPS = ("\n```\n",)
PROGRAM_TOKENS = 1024

CLASS_PROMPT = """\
```python
{prompt}
```

Complete this Python class. {plan}\
Answer with one code block that holds the whole class and nothing else."""

REPAIR_PROMPT = """\
{problem}

```python
{code}
```

This Python program for the problem above is wrong. It was written from this plan:

{plan}

What went wrong:

{failure}

Find the step of the plan that leads to this and write the whole plan anew, corrected: two to six numbered \
steps, one short sentence each. Do not write code."""

LONGEST = 600
"""So many characters of an input or an output the prompt quotes."""


async def write_whole(
    problem: ProblemPosed, ctx: Context, *, plan: str = "", temperature: float = 0.0
) -> CodeWritten:
    """A program that reads its input and prints, or a class."""
    is_program = problem.kind == "program"
    prompt = PROGRAM_PROMPT if is_program else CLASS_PROMPT
    request = prompt.format(prompt=problem.prompt.strip(), plan=PLAN.format(plan=plan) if plan else "")
    answer = await ctx.generate(
        [Message(role="user", content=request)],
        prefill=PROGRAM_PREFILL,
        max_tokens=PROGRAM_TOKENS,
        temperature=temperature,
        stop=PROGRAM_STOPS,
    )
    code = program_of(answer.text) if is_program else class_of(answer.text, problem)
    return CodeWritten(problem=problem, plan=plan, code=code)


def describe_run(result: ExampleResult) -> str:
    """What the program does on an input, and what it should."""
    wanted = (
        f"On the input\n{_quoted(result.example.call)}\nit should print\n{_quoted(result.example.expected)}"
    )
    match result.outcome:
        case "timeout":
            return f"{wanted}\nbut it does not finish."
        case "error":
            return f"{wanted}\nbut it ends with {result.error}"
        case _:
            return f"{wanted}\nbut it prints\n{_quoted(result.actual)}"


def _quoted(text: str) -> str:
    """The text between fences, cut to a bound."""
    bare = text.rstrip("\n")
    shown = bare if len(bare) <= LONGEST else f"{bare[:LONGEST]}\u2026"
    return f"```\n{shown}\n```"
