"""Where untrusted programs run: isolated as well as the machine allows, within limits."""

from fractal_agent.sandbox.base import Judged, Limits, Sandbox, SandboxError, Step, TestsUnusable
from fractal_agent.sandbox.instant import InstantSandbox
from fractal_agent.sandbox.opening import open_sandbox

__all__ = [
    "InstantSandbox",
    "Judged",
    "Limits",
    "Sandbox",
    "SandboxError",
    "Step",
    "TestsUnusable",
    "open_sandbox",
]
