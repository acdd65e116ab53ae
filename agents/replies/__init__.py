"""Reading a model's answer: the plan, the steps or the code in it, whatever else it wrote around them."""

from agents.replies.code import code_of
from agents.replies.listing import answered
from agents.replies.outline import outline_of, outlined, steps_of
from agents.replies.plan import plan_of
from agents.replies.snippet import assembled, defines, snippet_of
from agents.replies.thinking import split_thinking

__all__ = [
    "answered",
    "assembled",
    "code_of",
    "defines",
    "outline_of",
    "outlined",
    "plan_of",
    "snippet_of",
    "split_thinking",
    "steps_of",
]
