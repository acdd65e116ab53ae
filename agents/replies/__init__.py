"""Reading a model's answer: the plan, the steps or the code in it, whatever else it wrote around them."""

from agents.replies.code import code_of
from agents.replies.outline import outline_of, outlined, steps_of
from agents.replies.plan import plan_of
from agents.replies.snippet import assembled, defines, snippet_of

__all__ = ["assembled", "code_of", "defines", "outline_of", "outlined", "plan_of", "snippet_of", "steps_of"]
