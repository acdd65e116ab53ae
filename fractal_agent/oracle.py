"""Oracle feedback: whenever a role executes a program, the hidden tests are run as well.

Phase 22 of the study that this project began from gave its Critic the hidden tests. It is kept as a protocol
of its own, so that its figures can be made anew and nobody takes them for the others: the settings, and all
that is shown of a run, say `oracle`.
"""

import msgspec

from events import Example, ExampleResult, ExecutionCompleted, ExecutionRequested, Settings
from fractal_agent.sandbox import Sandbox


class Oracle(msgspec.Struct, frozen=True, kw_only=True):
    """The hidden tests of one case. A role sees the calls that fail, and never the source."""

    digest: str
    """sha256 of the source, hex."""
    source: str = ""
    """Empty in a replay, which has the recorded answer instead."""

    async def execute(self, sandbox: Sandbox, asked: ExecutionRequested) -> ExecutionCompleted:
        """How the program fares on the examples and, where these pass, on the hidden tests.

        Raises:
            SandboxError: the sandbox failed, so nothing is known about the program.
        """
        seen = await sandbox.execute(asked)
        if seen.outcome != "passed":
            return seen
        told = await judged(sandbox, asked, self.source)
        passed = all(result.outcome == "passed" for result in told)
        return msgspec.structs.replace(
            seen, outcome="passed" if passed else "failed", results=(*seen.results, *told)
        )


def oracle_for(settings: Settings, digest: str, source: str = "") -> Oracle | None:
    """The oracle of a case whose hidden tests these are; None unless the run is to have one."""
    return Oracle(digest=digest, source=source) if settings.feedback == "oracle" else None


async def judged(sandbox: Sandbox, asked: ExecutionRequested, tests: str) -> tuple[ExampleResult, ...]:
    """What the hidden tests say of a program: each failing call, or one result for all when none is known."""
    told = await sandbox.judge(asked.program, asked.entry_point, tests)
    if told.outcome != "passed" and told.failures:
        return told.failures
    example = Example(call=f"check({asked.entry_point})", expected="None")
    match told.outcome:
        case "passed" | "timeout" as outcome:
            return (ExampleResult(example=example, outcome=outcome),)
        case _:
            return (ExampleResult(example=example, outcome="error", error=told.error),)
