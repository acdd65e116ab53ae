"""The instant sandbox says what its script says."""

import pytest

from events.effects import ExecutionCompleted, ExecutionRequested, GradingCompleted
from fractal_agent.sandbox import InstantSandbox, SandboxError


async def test_scripted_answers() -> None:
    """Both answers come from the script, which sees the whole question."""
    sandbox = InstantSandbox(
        execute=lambda request: ExecutionCompleted(outcome="error", error=request.program),
        grade=lambda *question: GradingCompleted(outcome="failed", error=" ".join(question)),
    )

    executed = await sandbox.execute(ExecutionRequested(program="a", entry_point="f"))
    graded = await sandbox.grade("a", "b", "c")

    assert (executed.outcome, executed.error) == ("error", "a")
    assert (graded.outcome, graded.error) == ("failed", "a b c")


async def test_scripted_failure_of_the_world() -> None:
    """A script can break the sandbox."""

    def broken(request: ExecutionRequested) -> ExecutionCompleted:
        raise SandboxError(where="here", found="nothing", expected="something", advice="Look again.")

    with pytest.raises(SandboxError, match=r"here: nothing; expected something\. Look again\."):
        await InstantSandbox(execute=broken).execute(ExecutionRequested(program="", entry_point="f"))
