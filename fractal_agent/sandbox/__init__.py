"""Where untrusted programs run: isolated as well as the machine allows, within limits."""

from fractal_agent.sandbox.base import Limits, Sandbox, SandboxError
from fractal_agent.sandbox.instant import InstantSandbox
from fractal_agent.sandbox.opening import open_sandbox

__all__ = ["InstantSandbox", "Limits", "Sandbox", "SandboxError", "open_sandbox"]
