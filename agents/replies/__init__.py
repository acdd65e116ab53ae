"""Reading a model's answer: the plan or the program in it, whatever else it wrote around them."""

from agents.replies.code import code_of
from agents.replies.plan import plan_of

__all__ = ["code_of", "plan_of"]
