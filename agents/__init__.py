"""The roles: each a small file with a prompt and a function from one event to one event."""

from agents.context import Context
from agents.role import Role, RoleError, role

__all__ = ["Context", "Role", "RoleError", "role"]
