"""Reading a model's answer: the plan or the code in it, whatever else it wrote around them."""

from events.work import ProblemPosed


def plan_of(text: str) -> str:
    """The plan in an answer: its text up to the first code block."""
    return text.partition("```")[0].strip()


def code_of(text: str, problem: ProblemPosed) -> str:
    """The module in an answer."""
    return text.removeprefix("```python\n").partition("\n```")[0]
