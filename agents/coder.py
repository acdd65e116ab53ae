"""The Coder writes the whole function or program, from a plan where there is one. It never patches lines."""

from agents.context import Context
from agents.replies import code_of
from agents.replies.whole import is_class
from agents.role import role
from agents.wholes import PLAN, write_whole
from events.effects import Message
from events.work import CodeWritten, PlanDrafted, PlanRevised, ProblemPosed

PROMPT = """\
```python
{prompt}
```

Complete this Python function. {plan}\
Answer with one code block that holds the whole function and nothing else."""

PREFILL = "```python\n{prompt}\n"

REVISED_TEMPERATURE = 0.8
"""The first code is the model's best guess; once that has failed, another is worth more than the same."""

STOPS = (
    "\n```\n",
    "\nif __name__",
    "\nprint(",
    "\nassert ",
    "\ndef test",
    "\ndef check(",
    "\n# Test",
    "\n# Example",
)
"""What small models go on with once the function is written; each begins a line, so no body holds it."""


def stops_for(entry_point: str) -> tuple[str, ...]:
    """The stops, without those that would end the answer where a function of this name begins."""
    begins = [f"\n{kind} {entry_point}{end}" for kind in ("def", "async def", "class") for end in "(:"]
    return tuple(stop for stop in STOPS if not any(begin.startswith(stop) for begin in begins))


@role
async def coder(task: ProblemPosed | PlanDrafted | PlanRevised, ctx: Context) -> CodeWritten:
    """Writes the whole function, following the plan where there is one."""
    problem, plan = (task, "") if isinstance(task, ProblemPosed) else (task.problem, task.plan)
    temperature = REVISED_TEMPERATURE if isinstance(task, PlanRevised) else 0.0
    if problem.kind == "program" or is_class(problem):
        return await write_whole(problem, ctx, plan=plan, temperature=temperature)
    source = problem.prompt.strip()
    request = PROMPT.format(prompt=source, plan=PLAN.format(plan=plan) if plan else "")
    answer = await ctx.generate(
        [Message(role="user", content=request)],
        prefill=PREFILL.format(prompt=source),
        max_tokens=512,
        temperature=temperature,
        stop=stops_for(problem.entry_point),
    )
    return CodeWritten(problem=problem, plan=plan, code=code_of(answer.text, problem))
